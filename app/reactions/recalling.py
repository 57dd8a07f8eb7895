"""Asks the data planes to give back what they hold idle of a buyer, while its payment waits."""

import structlog
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from ledger.journal.wallets.events import HeldMoneyWanted
from metering.fences import money_recall_message
from metering.services import announce

_log = structlog.get_logger("reactions.recalling")


class LeaseRecall:
    """Announces on connections of its own: PostgreSQL delivers what is announced with its commit.

    Not of the pool from which the payment has its connection: whoever waits for a second one there
    may be waited for by those who have the others.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def __call__(self, event: HeldMoneyWanted) -> None:
        """Announce; where that fails nothing is given back, and the payment is refused."""
        try:
            with self._engine.begin() as connection:
                announce(connection, money_recall_message(event.organisation_id))
        except SQLAlchemyError as error:
            _log.warning("held money not asked back", error=type(error).__name__)
