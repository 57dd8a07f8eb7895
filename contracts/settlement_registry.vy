# pragma version 0.4.3
# pragma optimize gas
# pragma evm-version paris
"""
@title Settlement registry
@license Apache-2.0
@notice Keeps, for each settlement statement, the root of its tree of rows, written once.
@dev Ids are hashes of random identifiers and every row of a statement's tree is salted, so the chain tells nobody
     who was paid how much. A statement that was recorded can be neither replaced nor withdrawn: an error in it is
     corrected by a further statement.
"""


# Events

event StatementRecorded:
    id: indexed(bytes32)
    root: bytes32


event RecorderAppointed:
    recorder: indexed(address)


event AdministrationOffered:
    administrator: indexed(address)
    offered_to: indexed(address)


event AdministrationAccepted:
    administrator: indexed(address)


# Structs

struct Statement:
    id: bytes32
    root: bytes32


# Constants

BATCH_MAX: constant(uint256) = 50


# Storage

roots: HashMap[bytes32, bytes32]
recorder: public(address)
administrator: public(address)
offered_administrator: public(address)


# Construction

@deploy
def __init__(administrator_: address, recorder_: address):
    """
    @notice Sets the roles.
    @param administrator_ who appoints the recorder
    @param recorder_ who records statements
    """
    assert administrator_ != empty(address), "no administrator"
    assert recorder_ != empty(address), "no recorder"
    self.administrator = administrator_
    self.recorder = recorder_
    log AdministrationAccepted(administrator=administrator_)
    log RecorderAppointed(recorder=recorder_)


# Recording

@external
def record(id: bytes32, root: bytes32):
    """
    @notice Records one statement; the same statement again changes nothing.
    @param id first 16 bytes of SHA-256 of the statement's random identifier, then zeros
    @param root the root hash of the tree over its salted rows
    """
    assert msg.sender == self.recorder, "not the recorder"
    self._record(Statement(id=id, root=root))


@external
def record_batch(statements: DynArray[Statement, BATCH_MAX]):
    """
    @notice Records up to fifty statements, all or none.
    """
    assert msg.sender == self.recorder, "not the recorder"
    for statement: Statement in statements:
        self._record(statement)


# Reading

@external
@view
def root_of(id: bytes32) -> bytes32:
    """
    @notice The recorded root, or zero for a statement that was never recorded.
    """
    return self.roots[id]


# Administration

@external
def appoint_recorder(recorder_: address):
    """
    @notice Replaces the recorder; no statement is touched.
    """
    assert msg.sender == self.administrator, "not the administrator"
    assert recorder_ != empty(address), "no recorder"
    self.recorder = recorder_
    log RecorderAppointed(recorder=recorder_)


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
def _record(statement: Statement):
    recorded: bytes32 = self.roots[statement.id]
    if recorded != empty(bytes32):
        assert recorded == statement.root, "another root under this id"
        return
    assert statement.root != empty(bytes32), "no root"
    self.roots[statement.id] = statement.root
    log StatementRecorded(id=statement.id, root=statement.root)
