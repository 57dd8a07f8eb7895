"""One transaction to its block: stored before it is sent, and sent again by whoever comes next."""

from collections.abc import Callable

from app.core.reach import Reach
from app.core.unit_of_work import UnitOfWorkFactory
from contracts.client import SignedTransaction, TransactionState
from contracts.errors import TransactionPending
from contracts.models import CarriesTransaction
from contracts.ports import ChainAccount

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
        """Bring a row's transaction into a block; the row is in ``state`` while that is under way.

        Bytes of an earlier delivery are sent again, unless their nonce went to another
        transaction; where they offer too little for gas by now, others take their nonce. Raises
        `TransactionPending` until it is in a block: call again.
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
        if status.state not in (TransactionState.MINED, TransactionState.FINAL):
            raise TransactionPending(transaction.transaction_hash)

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
        if row.nonce < self._account.mined_nonce():
            return None
        return SignedTransaction(row.raw_transaction, row.transaction_hash, row.nonce)

    def _store(self, key: Key, state: str, signed: SignedTransaction) -> None:
        with self._units.begin(Reach.EXCHANGE) as uow:
            row = uow.session.get_one(self._row_type, key)
            row.state = state
            row.nonce, row.raw_transaction = signed.nonce, signed.raw
            row.transaction_hash = signed.transaction_hash
            uow.commit()
