# pragma version 0.4.3
# pragma optimize gas
# pragma evm-version paris
"""
@title Licence registry
@license Apache-2.0
@notice Keeps, for each licence, a salted commitment to its terms, its period, and whether it still stands.
@dev Ids are hashes of random identifiers and commitments are salted, so the chain tells nobody who licensed what.
     The gateway enforces licences from the exchange's own database; this is the public trace of that.
     A revoked licence can never be granted again.
"""


# Events

event LicenceGranted:
    id: indexed(bytes32)
    commitment: bytes32


event LicenceRevoked:
    id: indexed(bytes32)


event RegistrarAppointed:
    registrar: indexed(address)


event AdministrationOffered:
    administrator: indexed(address)
    offered_to: indexed(address)


event AdministrationAccepted:
    administrator: indexed(address)


# Structs

struct Grant:
    id: bytes32
    commitment: bytes32
    starts: uint64
    ends: uint64


# Constants

BATCH_MAX: constant(uint256) = 50
STANDING: constant(uint256) = 1
TIME_MASK: constant(uint256) = 2**64 - 1
ENDS_SHIFT: constant(uint256) = 64
STATUS_SHIFT: constant(uint256) = 128
REVOKED_AT_SHIFT: constant(uint256) = 136
STANDING_TO_REVOKED: constant(uint256) = 3 << 128  # STANDING ^ REVOKED, in place


# Storage: period, status and time of revocation share one slot.

commitments: HashMap[bytes32, bytes32]
periods: HashMap[bytes32, uint256]  # revoked_at, status, ends, starts: from the high bits down
registrar: public(address)
administrator: public(address)
offered_administrator: public(address)


# Construction

@deploy
def __init__(administrator_: address, registrar_: address):
    """
    @notice Sets the roles.
    @param administrator_ who appoints the registrar
    @param registrar_ who grants and revokes
    """
    assert administrator_ != empty(address), "no administrator"
    assert registrar_ != empty(address), "no registrar"
    self.administrator = administrator_
    self.registrar = registrar_
    log AdministrationAccepted(administrator=administrator_)
    log RegistrarAppointed(registrar=registrar_)


# Granting and revoking

@external
def grant(id: bytes32, commitment: bytes32, starts: uint64, ends: uint64):
    """
    @notice Records one licence; the same grant again changes nothing, not even a revocation.
    @param id first 16 bytes of SHA-256 of the licence's random identifier, then zeros
    @param commitment salted hash of its terms
    @param starts first second of validity, Unix time
    @param ends first second after validity, Unix time
    """
    assert msg.sender == self.registrar, "not the registrar"
    self._grant(Grant(id=id, commitment=commitment, starts=starts, ends=ends))


@external
def grant_batch(grants: DynArray[Grant, BATCH_MAX]):
    """
    @notice Records up to fifty licences, all or none.
    """
    assert msg.sender == self.registrar, "not the registrar"
    for granted: Grant in grants:
        self._grant(granted)


@external
def revoke(id: bytes32):
    """
    @notice Ends a licence now and for good; revoking it again changes nothing.
    """
    assert msg.sender == self.registrar, "not the registrar"
    packed: uint256 = self.periods[id]
    if packed >> STATUS_SHIFT == STANDING:  # a standing licence has no time of revocation above its status
        self.periods[id] = packed ^ (block.timestamp << REVOKED_AT_SHIFT) ^ STANDING_TO_REVOKED
        log LicenceRevoked(id=id)
    else:
        assert packed != 0, "no such licence"


# Reading

@external
@view
def licence(id: bytes32) -> (uint8, bytes32, uint64, uint64, uint64):
    """
    @notice What is recorded of a licence.
    @return status (0 unknown, 1 standing, 2 revoked), commitment, starts, ends, time of revocation or zero
    """
    packed: uint256 = self.periods[id]
    return (
        convert((packed >> STATUS_SHIFT) & 255, uint8),
        self.commitments[id],
        convert(packed & TIME_MASK, uint64),
        convert((packed >> ENDS_SHIFT) & TIME_MASK, uint64),
        convert((packed >> REVOKED_AT_SHIFT) & TIME_MASK, uint64),
    )


@external
@view
def is_valid(id: bytes32, time: uint64) -> bool:
    """
    @notice Whether a licence stood at a time: inside its period and not yet revoked then.
    """
    packed: uint256 = self.periods[id]
    at: uint256 = convert(time, uint256)
    revoked_at: uint256 = packed >> REVOKED_AT_SHIFT
    if packed == 0 or at < packed & TIME_MASK or at >= (packed >> ENDS_SHIFT) & TIME_MASK:
        return False
    return revoked_at == 0 or at < revoked_at


# Administration

@external
def appoint_registrar(registrar_: address):
    """
    @notice Replaces the registrar; no licence is touched.
    """
    assert msg.sender == self.administrator, "not the administrator"
    assert registrar_ != empty(address), "no registrar"
    self.registrar = registrar_
    log RegistrarAppointed(registrar=registrar_)


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
def _grant(granted: Grant):
    packed: uint256 = self.periods[granted.id]
    dates: uint256 = (convert(granted.ends, uint256) << ENDS_SHIFT) | convert(granted.starts, uint256)
    if packed != 0:
        is_same: bool = packed & (2**128 - 1) == dates and self.commitments[granted.id] == granted.commitment
        assert is_same, "another grant under this id"
        return
    assert granted.starts < granted.ends, "empty period"
    self.commitments[granted.id] = granted.commitment
    self.periods[granted.id] = (STANDING << STATUS_SHIFT) | dates
    log LicenceGranted(id=granted.id, commitment=granted.commitment)
