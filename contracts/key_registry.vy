# pragma version 0.4.3
# pragma optimize gas
# pragma evm-version paris
"""
@title Key registry
@license Apache-2.0
@notice Says which public key speaks for a log in which role, and from which tree size to which.
@dev A reader who has the chain needs no other list of keys: a signature counts if its key was announced for the log
     and the role, and the signed size lies inside the key's range. A key is announced before it is used, and its end,
     once set, only ever moves back: that is what a compromise found late looks like. Nothing can be taken out again.
"""


# Events

event KeyAnnounced:
    origin: indexed(bytes32)
    key: indexed(bytes32)
    role: uint8
    from_size: uint64


event KeyRetired:
    origin: indexed(bytes32)
    key: indexed(bytes32)
    until_size: uint64


event AdministrationOffered:
    administrator: indexed(address)
    offered_to: indexed(address)


event AdministrationAccepted:
    administrator: indexed(address)


# Constants

ROLE_MAX: constant(uint8) = 3  # 1 checkpoints, 2 usage receipts, 3 statements
SIZE_MASK: constant(uint256) = 2**64 - 1
UNTIL_SHIFT: constant(uint256) = 64
ROLE_SHIFT: constant(uint256) = 128
OPEN_END: constant(uint64) = max_value(uint64)


# Storage: role, end and beginning of a key share one slot.

ranges: HashMap[bytes32, HashMap[bytes32, uint256]]  # role, until_size, from_size: from the high bits down
administrator: public(address)
offered_administrator: public(address)


# Construction

@deploy
def __init__(administrator_: address):
    """
    @notice Sets the one role: announcing keys is rare, and no account that works every day may do it.
    """
    assert administrator_ != empty(address), "no administrator"
    self.administrator = administrator_
    log AdministrationAccepted(administrator=administrator_)


# Announcing and retiring

@external
def announce(origin: bytes32, key: bytes32, role: uint8, from_size: uint64):
    """
    @notice Announces a key; the same announcement again changes nothing, not even a retirement.
    @param origin SHA-256 of the log's origin
    @param key the 32 bytes of the Ed25519 public key
    @param role 1 checkpoints, 2 usage receipts, 3 statements
    @param from_size the tree size from which its signatures count
    """
    assert msg.sender == self.administrator, "not the administrator"
    assert role != 0 and role <= ROLE_MAX, "no such role"
    packed: uint256 = self.ranges[origin][key]
    if packed != 0:
        is_same: bool = packed >> ROLE_SHIFT == convert(role, uint256) and packed & SIZE_MASK == convert(from_size, uint256)
        assert is_same, "another announcement of this key"
        return
    self.ranges[origin][key] = self._packed(role, OPEN_END, from_size)
    log KeyAnnounced(origin=origin, key=key, role=role, from_size=from_size)


@external
def retire(origin: bytes32, key: bytes32, until_size: uint64):
    """
    @notice Ends a key: signatures over larger sizes do not count. A later call may only move the end back.
    @param until_size the last tree size that the key speaks for
    """
    assert msg.sender == self.administrator, "not the administrator"
    packed: uint256 = self.ranges[origin][key]
    assert packed != 0, "no such key"
    until: uint64 = convert((packed >> UNTIL_SHIFT) & SIZE_MASK, uint64)
    if until_size == until:
        return
    assert until_size < until, "an end only moves back"
    self.ranges[origin][key] = self._packed(convert(packed >> ROLE_SHIFT, uint8), until_size, convert(packed & SIZE_MASK, uint64))
    log KeyRetired(origin=origin, key=key, until_size=until_size)


# Reading

@external
@view
def key(origin: bytes32, key: bytes32) -> (uint8, uint64, uint64):
    """
    @notice What is known of a key.
    @return role (0 for a key that was never announced), first size, last size (2**64 - 1 while it has no end)
    """
    packed: uint256 = self.ranges[origin][key]
    return (
        convert(packed >> ROLE_SHIFT, uint8),
        convert(packed & SIZE_MASK, uint64),
        convert((packed >> UNTIL_SHIFT) & SIZE_MASK, uint64),
    )


@external
@view
def speaks(origin: bytes32, key: bytes32, role: uint8, size: uint64) -> bool:
    """
    @notice Whether a key's signature over a tree size counts in a role.
    """
    packed: uint256 = self.ranges[origin][key]
    at: uint256 = convert(size, uint256)
    is_inside: bool = packed & SIZE_MASK <= at and at <= (packed >> UNTIL_SHIFT) & SIZE_MASK
    return role != 0 and packed >> ROLE_SHIFT == convert(role, uint256) and is_inside


# Administration

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
@pure
def _packed(role: uint8, until_size: uint64, from_size: uint64) -> uint256:
    dates: uint256 = (convert(until_size, uint256) << UNTIL_SHIFT) | convert(from_size, uint256)
    return (convert(role, uint256) << ROLE_SHIFT) | dates
