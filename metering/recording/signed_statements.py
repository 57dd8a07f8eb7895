"""The statement of a commit that keeps what buyers signed, each request once."""

from collections.abc import Sequence
from datetime import datetime

from app.core.binary_arrays import bigint_array, bytea_array, text_array
from app.core.round_trips import Statements
from metering.recording.pending_calls import PendingCall

INSERT_SIGNED = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::text[], %s::text[], %s::bigint[],
        %s::bigint[], %s::bytea[]) WITH ORDINALITY AS given (licence_id, nonce, buyer_id,
        supplier_id, lane_id, lane, n, sealed, place)
), kept AS (
    INSERT INTO signed_requests (licence_id, nonce, buyer_id, supplier_id, lane_id, lane, n, sealed,
                                 recorded_at)
    SELECT licence_id, nonce, buyer_id, supplier_id, lane_id, lane, n, sealed, %s::timestamptz
    FROM given ORDER BY place
    ON CONFLICT (licence_id, nonce) DO NOTHING RETURNING licence_id, lane, n
)
SELECT metering_refuse('MT005', array_agg(given.place::text)) FROM given
WHERE (licence_id, lane, n) NOT IN (SELECT licence_id, lane, n FROM kept)
HAVING count(*) > 0
"""


def nonce_of(call: PendingCall) -> tuple[str, str]:
    """What no two recorded calls may share."""
    return call.meter.licence_id, "" if call.signed is None else call.signed.nonce


def insert_signed(statements: Statements, calls: Sequence[PendingCall], at: datetime) -> None:
    """Keep each signed request; `MT005` names those whose nonce is used already."""
    requests = [call.signed for call in calls if call.signed is not None]
    statements.execute(
        INSERT_SIGNED,
        (
            text_array([call.meter.licence_id for call in calls]),
            text_array([request.nonce for request in requests]),
            text_array([call.key.licence.buyer_id for call in calls]),
            text_array([call.key.licence.supplier_id for call in calls]),
            text_array([call.lane_id for call in calls]),
            bigint_array([call.lane for call in calls]),
            bigint_array([call.n for call in calls]),
            bytea_array([request.sealed for request in requests]),
            at,
        ),
    )
