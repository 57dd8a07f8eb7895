"""Verbs on alerts: an organisation says when to be told, a timed step looks at the books."""

from datetime import timedelta
from functools import partial

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert

from app.core.ids import OrganisationId
from app.core.portions import alone
from app.core.unit_of_work import UnitOfWork
from ledger.journal.books.chart import wallet_of
from ledger.journal.books.cursors import cursor_for_update
from ledger.journal.books.models import BooksCursor, SpendBucket
from ledger.journal.spend_alerts.events import BalanceLow, SpendSpiked
from ledger.journal.spend_alerts.models import SpendAlert
from ledger.journal.spend_alerts.spikes import SpendLook, is_spike
from ledger.journal.wallets.errors import WalletNotOpen
from ledger.journal.wallets.held_money import held_amount
from ledger.journal.wallets.models import Wallet

PORTION = 200
HOUR = timedelta(hours=1)
TRAILING_HOURS = 24
CURSOR = "alerts"


def set_alert(
    uow: UnitOfWork,
    *,
    organisation_id: OrganisationId,
    currency: str,
    low_balance_amount: int | None,
    spike_factor_percent: int | None,
    spike_least_amount: int,
) -> SpendAlert:
    """When to be told of one wallet; None is never. Amounts in 10⁻⁸ units.

    A threshold set while the balance is below it tells at once. Raises `WalletNotOpen`.
    """
    if uow.session.get(Wallet, (organisation_id, currency)) is None:
        raise WalletNotOpen(organisation_id, currency)
    first = {
        "organisation_id": organisation_id,
        "currency": currency,
        "spike_least_amount": spike_least_amount,
        "is_low": False,
        "changed_at": uow.now,
    }
    # Two may set the first one at once: the second waits here and changes the first's.
    uow.session.execute(insert(SpendAlert).values(first).on_conflict_do_nothing())
    key = (organisation_id, currency)
    alert = uow.session.get_one(SpendAlert, key, with_for_update=True, populate_existing=True)
    alert.low_balance_amount = low_balance_amount
    alert.spike_factor_percent = spike_factor_percent
    alert.spike_least_amount = spike_least_amount
    alert.is_low, alert.changed_at = False, uow.now
    return alert


def look_for_alerts(uow: UnitOfWork) -> int:
    """Look at the next wallets with alerts, round and round; how many alerts were given."""
    cursor: BooksCursor = cursor_for_update(uow.session, CURSOR)
    wanted = (
        select(SpendAlert, Wallet)
        .join(
            Wallet,
            (Wallet.organisation_id == SpendAlert.organisation_id)
            & (Wallet.currency == SpendAlert.currency),
        )
        .where(Wallet.account_id > cursor.place)
        .order_by(Wallet.account_id)
        .limit(PORTION)
        .with_for_update(of=SpendAlert)
    )
    rows = uow.session.execute(wanted).all()
    cursor.place = rows[-1][1].account_id if len(rows) == PORTION else ""
    return sum(
        alone(uow, "alert not given", partial(_look, uow, *row), account_id=row[1].account_id)
        for row in rows
    )


def _look(uow: UnitOfWork, alert: SpendAlert, wallet: Wallet) -> int:
    return _look_at_balance(uow, alert, wallet) + _look_at_spend(uow, alert)


def _look_at_balance(uow: UnitOfWork, alert: SpendAlert, wallet: Wallet) -> bool:
    threshold = alert.low_balance_amount
    if threshold is None:
        return False
    # What waits for calls is the buyer's own still.
    unspent_amount = wallet.available_amount + held_amount(uow.session, wallet)
    was_low, alert.is_low = alert.is_low, unspent_amount < threshold
    if was_low or not alert.is_low:
        return False
    uow.record(
        BalanceLow(
            occurred_at=uow.now,
            organisation_id=alert.organisation_id,
            currency=alert.currency,
            available_amount=unspent_amount,
            threshold_amount=threshold,
        )
    )
    return True


def _look_at_spend(uow: UnitOfWork, alert: SpendAlert) -> bool:
    factor = alert.spike_factor_percent
    if factor is None or (alert.spiked_until is not None and uow.now < alert.spiked_until):
        return False
    look = _spend(uow, alert)
    if not is_spike(look, factor_percent=factor, least_amount=alert.spike_least_amount):
        return False
    # The same hour must not be told again; a spike that lasts is told every hour.
    alert.spiked_until = uow.now + HOUR
    uow.record(
        SpendSpiked(
            occurred_at=uow.now,
            organisation_id=alert.organisation_id,
            currency=alert.currency,
            hour_amount=look.hour_amount,
            average_amount=look.average_amount,
            factor_percent=factor,
        )
    )
    return True


def _spend(uow: UnitOfWork, alert: SpendAlert) -> SpendLook:
    hour_ago = uow.now - HOUR
    is_recent = SpendBucket.bucket_at >= hour_ago
    recent = func.coalesce(func.sum(SpendBucket.amount).filter(is_recent), 0)
    before = func.coalesce(func.sum(SpendBucket.amount).filter(~is_recent), 0)
    row = uow.session.execute(
        select(recent.label("recent"), before.label("before")).where(
            SpendBucket.account_id == wallet_of(alert.organisation_id, alert.currency),
            SpendBucket.bucket_at >= hour_ago - TRAILING_HOURS * HOUR,
        )
    ).one()
    return SpendLook(int(row.recent), int(row.before) // TRAILING_HOURS)
