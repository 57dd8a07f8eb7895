"""Postings for metered calls, inside the group commit's own database transaction."""

from collections.abc import Mapping
from datetime import datetime

from psycopg import Cursor

from ledger.journal.booking import named_refusals
from ledger.journal.postings import accrue_calls

_POST = "SELECT journal_post(%s, %s, %s, %s, NULL, %s, %s, NULL, %s::text[], %s::bigint[])"


class CallBooks:
    """Books runs of calls; one journal transaction per lane and group commit, one round trip."""

    def post_usage(
        self,
        cursor: Cursor[tuple[object, ...]],
        *,
        lane_id: str,
        licence_id: str,
        buyer_id: str,
        supplier_id: str,
        currency: str,
        lease_id: str,
        first_n: int,
        last_n: int,
        amount: int,
        total_amount_before: int,
        split: Mapping[str, int],
        booked_at: datetime,
    ) -> None:
        """Move the amount of calls ``first_n`` to ``last_n`` of a lane from buyer to the parties.

        ``amount`` and ``total_amount_before`` (of the lane, before ``first_n``) in 10⁻⁸ units;
        nothing happens for 0. The same run is booked once. Raises `LeaseOverspent` beyond the
        lease, `LeaseNotOpen` for a closed one (a worker that lost its lease cannot book),
        `ReferenceReused` when the run was booked with other amounts, `AccountNotOpen`.
        """
        if amount == 0:
            return
        draft = accrue_calls(
            reference=f"{lane_id}:{first_n}-{last_n}",
            buyer_id=buyer_id,
            supplier_id=supplier_id,
            amount=amount,
            total_amount_before=total_amount_before,
            currency=currency,
            split=split,
        )
        arguments = (
            draft.template,
            draft.reference,
            booked_at,
            booked_at,
            lease_id,
            licence_id,
            [posting.account_id for posting in draft.postings],
            [posting.amount for posting in draft.postings],
        )
        with named_refusals():
            cursor.execute(_POST, arguments)
