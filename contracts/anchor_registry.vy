# pragma version 0.4.3
# pragma optimize gas
# pragma evm-version paris
"""
@title Anchor registry
@license Apache-2.0
@notice Keeps the newest tree head of one append-only log and refuses every head that does not extend it.
@dev Hashing and proofs are those of RFC 9162: a leaf is SHA-256(0x00 || entry), a node is
     SHA-256(0x01 || left || right), consistency is section 2.1.4.2 and inclusion is section 2.1.3.2.
     Only the newest head is stored: older heads are in the events, and every older entry stays provable
     against the newest head because the log only grows. Nothing here can be paused, upgraded or rewritten.
     A successor contract names this one and must begin with exactly the head this one ended with.
"""


# Interfaces

interface Predecessor:
    def head() -> (uint64, bytes32, uint64): view


# Events

event HeadAnchored:
    size: indexed(uint64)
    root: indexed(bytes32)
    time: uint64


event AnchorerAppointed:
    anchorer: indexed(address)


event AdministrationOffered:
    administrator: indexed(address)
    offered_to: indexed(address)


event AdministrationAccepted:
    administrator: indexed(address)


# Constants: a tree of 2**64 leaves is 64 levels high, so no honest path is longer.

PATH_MAX: constant(uint256) = 64
SIZE_BITS: constant(uint256) = 64


# Immutables

predecessor: public(immutable(address))


# Storage: the head is packed by hand into two slots, because Vyper gives every struct member its own.

newest_root: bytes32
newest_size_and_time: uint256  # time * 2**64 + size
anchorer: public(address)
administrator: public(address)
offered_administrator: public(address)


# Construction

@deploy
def __init__(administrator_: address, anchorer_: address, predecessor_: address):
    """
    @notice Sets the roles; the three may be three different parties.
    @param administrator_ who appoints the anchorer
    @param anchorer_ who sends heads
    @param predecessor_ the registry this one succeeds, or the zero address
    """
    assert administrator_ != empty(address), "no administrator"
    assert anchorer_ != empty(address), "no anchorer"
    self.administrator = administrator_
    self.anchorer = anchorer_
    predecessor = predecessor_
    log AdministrationAccepted(administrator=administrator_)
    log AnchorerAppointed(anchorer=anchorer_)


# Anchoring

@external
def anchor(size: uint64, root: bytes32, proof: DynArray[bytes32, PATH_MAX]):
    """
    @notice Accepts a new head that provably extends the newest one; the same head again changes nothing.
    @param size the number of leaves, never less than before
    @param root the tree's root hash at that size
    @param proof the RFC 9162 consistency proof from the newest head; ignored for the first head
    """
    assert msg.sender == self.anchorer, "not the anchorer"
    newest_size: uint256 = self.newest_size_and_time & (2**SIZE_BITS - 1)
    if newest_size == 0:
        self._check_first_head(size, root)
    else:
        newest_root: bytes32 = self.newest_root
        if convert(size, uint256) == newest_size and root == newest_root:
            return
        assert convert(size, uint256) > newest_size, "smaller or another head of the same size"
        assert self._is_consistent(newest_size, newest_root, convert(size, uint256), root, proof), "not consistent"
    self.newest_root = root
    self.newest_size_and_time = (block.timestamp << SIZE_BITS) | convert(size, uint256)
    log HeadAnchored(size=size, root=root, time=convert(block.timestamp, uint64))


# Reading

@external
@view
def head() -> (uint64, bytes32, uint64):
    """
    @notice The newest head.
    @return size (zero before the first anchor), root, and the block time in seconds when it was accepted
    """
    packed: uint256 = self.newest_size_and_time
    return (
        convert(packed & (2**SIZE_BITS - 1), uint64),
        self.newest_root,
        convert(packed >> SIZE_BITS, uint64),
    )


@external
@view
def inclusion(leaf_hash: bytes32, index: uint64, proof: DynArray[bytes32, PATH_MAX]) -> bool:
    """
    @notice Whether a leaf is in the tree of the newest head (RFC 9162 section 2.1.3.2).
    @param leaf_hash SHA-256(0x00 || entry)
    @param index the leaf's zero-based position
    @param proof the inclusion proof at the newest head's size, leaf's sibling first
    """
    size: uint256 = self.newest_size_and_time & (2**SIZE_BITS - 1)
    if convert(index, uint256) >= size:
        return False
    fn: uint256 = convert(index, uint256)
    sn: uint256 = size - 1
    computed: bytes32 = leaf_hash
    for sibling: bytes32 in proof:
        if sn == 0:
            return False
        if fn & 1 == 1 or fn == sn:
            computed = sha256(concat(0x01, sibling, computed))
            for _: uint256 in range(PATH_MAX):
                if fn & 1 == 1 or fn == 0:
                    break
                fn >>= 1
                sn >>= 1
        else:
            computed = sha256(concat(0x01, computed, sibling))
        fn >>= 1
        sn >>= 1
    return sn == 0 and computed == self.newest_root


@external
@view
def consistency(
    old_size: uint64,
    old_root: bytes32,
    new_size: uint64,
    new_root: bytes32,
    proof: DynArray[bytes32, PATH_MAX],
) -> bool:
    """
    @notice The check that `anchor` makes, as a free call on any two heads.
    """
    if old_size == 0 or old_size >= new_size:
        return False
    return self._is_consistent(convert(old_size, uint256), old_root, convert(new_size, uint256), new_root, proof)


# Administration

@external
def appoint_anchorer(anchorer_: address):
    """
    @notice Replaces the anchorer; the head is untouched and so is every rule for the next one.
    """
    assert msg.sender == self.administrator, "not the administrator"
    assert anchorer_ != empty(address), "no anchorer"
    self.anchorer = anchorer_
    log AnchorerAppointed(anchorer=anchorer_)


@external
def offer_administration(to: address):
    """
    @notice First of two steps; the zero address withdraws the offer.
    """
    assert msg.sender == self.administrator, "not the administrator"
    self.offered_administrator = to
    log AdministrationOffered(administrator=msg.sender, offered_to=to)


@external
def accept_administration():
    """
    @notice Second step: only the party it was offered to, so a mistyped address takes nothing away.
    """
    assert msg.sender == self.offered_administrator, "not offered to the sender"
    self.offered_administrator = empty(address)
    self.administrator = msg.sender
    log AdministrationAccepted(administrator=msg.sender)


# Internal

@internal
@view
def _check_first_head(size: uint64, root: bytes32):
    assert size > 0, "empty tree"
    if predecessor != empty(address):
        old_size: uint64 = 0
        old_root: bytes32 = empty(bytes32)
        old_time: uint64 = 0
        old_size, old_root, old_time = staticcall Predecessor(predecessor).head()
        assert size == old_size and root == old_root, "not the predecessor's head"


@internal
@pure
def _is_consistent(
    old_size: uint256,
    old_root: bytes32,
    new_size: uint256,
    new_root: bytes32,
    proof: DynArray[bytes32, PATH_MAX],
) -> bool:
    """
    @dev RFC 9162 section 2.1.4.2, for 0 < old_size < new_size. While both computed roots are equal they are
         hashed once, which is what keeps the usual anchor under its gas bound.
    """
    fn: uint256 = old_size - 1
    sn: uint256 = new_size - 1
    for _: uint256 in range(PATH_MAX):
        if fn & 1 == 0:
            break
        fn >>= 1
        sn >>= 1
    old: bytes32 = old_root
    new: bytes32 = old_root
    is_seeded: bool = fn == 0  # an old size that is a power of two: its root is the first node
    is_shared: bool = True
    for node: bytes32 in proof:
        if not is_seeded:
            old = node
            new = node
            is_seeded = True
            continue
        if sn == 0:
            return False
        if fn & 1 == 1 or fn == sn:
            old = sha256(concat(0x01, node, old))
            if is_shared:
                new = old
            else:
                new = sha256(concat(0x01, node, new))
            for _: uint256 in range(PATH_MAX):
                if fn & 1 == 1 or fn == 0:
                    break
                fn >>= 1
                sn >>= 1
        else:
            new = sha256(concat(0x01, new, node))
            is_shared = False
        fn >>= 1
        sn >>= 1
    return is_seeded and sn == 0 and old == old_root and new == new_root
