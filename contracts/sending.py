"""One transaction to its final block: stored before it is sent, sent again until it is there."""

from collections.abc import Callable

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from contracts.client import SignedTransaction, TransactionState, TransactionStatus
from contracts.errors import ChainRefused, TransactionPending
from contracts.models import CarriesTransaction
from contracts.ports import ChainAccount

_IN_A_BLOCK = (TransactionState.MINED, TransactionState.FINAL)

Key = str | tuple[str, str]


class StoredSender:
    """Brings rows of one table on chain through one account."""

    def __init__(
        self, units: UnitOfWorkFactory, account: ChainAccount, row_type: type[CarriesTransaction]
    ) -> None:
        self._units = units
        self._account = account
        self._row_type = row_type

    def send(self, key: Key, state: str, sign: Callable[[int], SignedTransaction]) -> None:
        """Bring a row's transaction into a final block; meanwhile the row is in ``state``.

        Bytes of an earlier delivery are sent again, unless their nonce went to another
        transaction; where they offer too little for gas by now, others take their nonce. Raises
        `TransactionPending` until their block is final: call again. Raises `ChainRefused` when
        the contract refused them.
        """
        transaction = self._stored(key, state)
        is_repeated = transaction is not None
        if transaction is None:
            transaction = self._sign(key, state, sign, self._account.next_nonce())
        self._account.send(transaction.raw)
        status = self._account.status(transaction.transaction_hash)
        is_waiting = is_repeated and status.state == TransactionState.PENDING
        if is_waiting and self._account.is_outbid(transaction.raw):
            transaction = self._sign(key, state, sign, transaction.nonce)
            self._account.send(transaction.raw)
            status = self._account.status(transaction.transaction_hash)
        _demand_final(transaction.transaction_hash, status)

    def demand_final(self, key: Key, state: str, is_recorded: Callable[[], bool]) -> None:
        """Raises `TransactionPending` while what the newest block holds can still leave the chain.

        The row's own transaction tells. Where another one brought it (it was outbid, or signed
        before the database was restored) ``is_recorded`` does: whether the final block holds it.
        """
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(self._row_type, key)
        if row.state == state and row.transaction_hash is not None:
            status = self._account.status(row.transaction_hash)
            if status.state in _IN_A_BLOCK:
                _demand_final(row.transaction_hash, status)
                return
        if not is_recorded():
            raise TransactionPending(key if isinstance(key, str) else key[-1])

    def _sign(
        self, key: Key, state: str, sign: Callable[[int], SignedTransaction], nonce: int
    ) -> SignedTransaction:
        """Signed and stored, and not sent yet."""
        transaction = sign(nonce)
        self._store(key, state, transaction)
        return transaction

    def _stored(self, key: Key, state: str) -> SignedTransaction | None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(self._row_type, key)
        if row.state != state or row.raw_transaction is None:
            return None
        assert row.nonce is not None, "bytes are stored with their nonce"
        assert row.transaction_hash is not None, "bytes are stored with their hash"
        stored = SignedTransaction(row.raw_transaction, row.transaction_hash, row.nonce)
        if stored.nonce >= self._account.mined_nonce():
            return stored
        if self._account.status(stored.transaction_hash).state in _IN_A_BLOCK:
            # A block took it after the chain was asked whether it holds the record.
            raise TransactionPending(stored.transaction_hash)
        return None

    def _store(self, key: Key, state: str, signed: SignedTransaction) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(self._row_type, key)
            row.state = state
            row.nonce, row.raw_transaction = signed.nonce, signed.raw
            row.transaction_hash = signed.transaction_hash
            uow.commit()


def _demand_final(transaction_hash: str, status: TransactionStatus) -> None:
    if status.state == TransactionState.REVERTED:
        reason = f"the contract reverted {transaction_hash}"
        raise ChainRefused(reason)
    if status.state != TransactionState.FINAL:
        raise TransactionPending(transaction_hash)
