"""Leases of wallet money for the data plane, inside the caller's own database transaction."""

from psycopg import Connection, Cursor

from app.core.clock import Clock
from ledger.journal.books.booking import named_refusals

Executor = Connection[tuple[object, ...]] | Cursor[tuple[object, ...]]

_RESERVE = "SELECT wallet_reserve(%s, %s, %s, %s::bigint, %s::bigint, %s)"
_AVAILABLE = """
SELECT wallet_available(w) FROM wallets w WHERE organisation_id = %s AND currency = %s
"""
_AMOUNT_MAX = 2**63 - 1
"""More than any wallet holds: many units at a great price may come to more than the database's."""

_SETTLE = "SELECT wallet_settle(%s, %s::bigint, %s)"


class WalletLeases:
    """Reserves and settles slabs of prepaid money; every method is one round trip.

    The connection's transaction must have the exchange's reach. A caller that touches several
    wallets in one transaction takes them in order of organisation, so that two cannot deadlock.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def reserve(
        self,
        connection: Executor,
        *,
        organisation_id: str,
        currency: str,
        wanted_amount: int,
        least_amount: int,
        lease_id: str,
    ) -> int:
        """The granted amount: at most ``wanted``, a multiple of ``least``, 0 when there is less.

        Amounts in 10⁻⁸ units; a ``least`` of 0 takes whatever there is (the slab also holds free
        units). Repeated with the same open lease it answers the same; raises
        `LeaseNotOpen` for a lease that is closed or of another wallet.
        """
        if wanted_amount <= 0 or not 0 <= least_amount <= wanted_amount:
            msg = "a lease asks for something, and for no less than its least amount"
            raise ValueError(msg)
        if least_amount > _AMOUNT_MAX:
            return 0
        arguments = (
            lease_id,
            organisation_id,
            currency,
            min(wanted_amount, _AMOUNT_MAX),
            least_amount,
            self._clock.now(),
        )
        with named_refusals():
            row = connection.execute(_RESERVE, arguments).fetchone()
        assert row is not None
        assert isinstance(row[0], int)
        return row[0]

    def available(self, connection: Executor, *, organisation_id: str, currency: str) -> int:
        """What may still be leased (10⁻⁸): balance and credit less what is leased already."""
        row = connection.execute(_AVAILABLE, (organisation_id, currency)).fetchone()
        if row is None:
            return 0
        assert isinstance(row[0], int)
        return row[0]

    def settle(self, connection: Executor, *, lease_id: str, spent_amount: int) -> None:
        """Close the lease: the spent amount leaves the wallet, the rest is available again.

        Repeating it changes nothing. Raises `LeaseSpendDiffers` unless ``spent_amount`` is exactly
        what was posted under the lease, `LeaseNotOpen` for an unknown lease.
        """
        with named_refusals():
            connection.execute(_SETTLE, (lease_id, spent_amount, self._clock.now()))
