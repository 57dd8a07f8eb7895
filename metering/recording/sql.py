"""The statements of a commit. What finds something in its way raises (`metering_refuse`)."""

# A statement of its own, after the fences: its snapshot sees every change committed under them.
CHECK_REVISIONS = """
SELECT metering_refuse('MT001', array_agg(v.place::text))
FROM unnest(%s::text[], %s::bigint[], %s::bigint[]) WITH ORDINALITY
     AS v (licence_id, revision, route_revision, place)
WHERE (SELECT (e.revision, r.revision)
       FROM entitlements AS e JOIN delivery_routes AS r ON r.version_id = e.version_id
       WHERE e.licence_id = v.licence_id) IS DISTINCT FROM (v.revision, v.route_revision)
HAVING count(*) > 0
"""
CHECK_CONSENTS = """
SELECT metering_refuse('MT004', array_agg(v.place::text))
FROM unnest(%s::text[]) WITH ORDINALITY AS v (consent_id, place)
WHERE NOT EXISTS (SELECT FROM call_consents AS c WHERE c.consent_id = v.consent_id
                  AND c.state = 'granted' AND c.expires_at > %s::timestamptz)
HAVING count(*) > 0
"""
INSERT_ANSWERS = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::text[], %s::bigint[], %s::text[], %s::bytea[],
        %s::text[], %s::bigint[]) WITH ORDINALITY AS given (licence_id, idempotency_key, buyer_id,
        status, outcome, sealed, lane_id, n, place)
), kept AS (
    INSERT INTO call_answers (licence_id, idempotency_key, buyer_id, status, outcome, sealed,
                              lane_id, n, occurred_at, expires_at)
    SELECT licence_id, idempotency_key, buyer_id, status, outcome, sealed, lane_id, n,
        %s::timestamptz, %s::timestamptz
    FROM given ORDER BY place
    ON CONFLICT DO NOTHING RETURNING licence_id, idempotency_key
)
SELECT metering_refuse('MT002', array_agg(given.place::text)) FROM given
WHERE (licence_id, idempotency_key) NOT IN (SELECT licence_id, idempotency_key FROM kept)
HAVING count(*) > 0
"""
# Compare and set: epoch and sequence are what this worker believes, or the lane is not its own. Its
# expiry is indexed, so that a row in which it stays costs a quarter: it is put off when it is due.
ADVANCE_LANES = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::bigint[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[], %s::bytea[])
        AS given (lane_id, epoch, opening, sequence, total_units, total_amount, last_leaf_hash)
), advanced AS (
    UPDATE lanes AS l SET sequence = v.sequence, total_units = v.total_units,
        total_amount = v.total_amount, last_leaf_hash = v.last_leaf_hash,
        expires_at = CASE WHEN l.expires_at > %s THEN l.expires_at ELSE %s END
    FROM given AS v
    WHERE l.lane_id = v.lane_id AND l.epoch = v.epoch AND l.sequence = v.opening
    RETURNING l.lane_id
)
SELECT metering_refuse('MT003', array_agg(lane_id)) FROM given
WHERE lane_id NOT IN (SELECT lane_id FROM advanced)
HAVING count(*) > 0
"""
SPEND_LEASES = """
WITH given AS MATERIALIZED (
    SELECT * FROM unnest(%s::text[], %s::text[], %s::bigint[], %s::bigint[], %s::bigint[],
        %s::bigint[]) AS given (lane_id, lease_id, calls, units, free_units, amount)
), spent AS (
    UPDATE leases AS l SET spent_calls = l.spent_calls + v.calls,
        spent_units = l.spent_units + v.units,
        spent_free_units = l.spent_free_units + v.free_units,
        spent_amount = l.spent_amount + v.amount
    FROM given AS v
    WHERE l.lease_id = v.lease_id AND l.lane_id = v.lane_id AND l.closed_at IS NULL
    RETURNING l.lease_id
)
SELECT metering_refuse('MT003', array_agg(lane_id)) FROM given
WHERE lease_id NOT IN (SELECT lease_id FROM spent)
HAVING count(*) > 0
"""
INSERT_EVENTS = """
INSERT INTO usage_events (licence_id, lane_id, lane, buyer_id, supplier_id, listing_code, currency,
                          occurred_at, event_id, n, lease_id, key_id, outcome, units, free_units,
                          amount, leaf_hash, leaf, detail, detail_key)
SELECT (%s::text[])[place], (%s::text[])[place], (%s::bigint[])[place], (%s::text[])[place],
    (%s::text[])[place], (%s::text[])[place], (%s::text[])[place], %s::timestamptz, c.event_id, c.n,
    c.lease_id, c.key_id, c.outcome, c.units, c.free_units, c.amount, c.leaf_hash, c.leaf, c.detail,
    c.detail_key
FROM unnest(%s::bigint[], %s::text[], %s::bigint[], %s::text[], %s::text[], %s::text[],
    %s::bigint[], %s::bigint[], %s::bigint[], %s::bytea[], %s::bytea[], %s::bytea[], %s::bytea[])
    AS c (place, event_id, n, lease_id, key_id, outcome, units, free_units, amount, leaf_hash,
          leaf, detail, detail_key)
"""
# The events and not the lanes: a lane may have gone on with another worker since.
FIND_RECORDED = """
SELECT u.lane_id FROM unnest(%s::text[], %s::bigint[], %s::bytea[]) AS v (lane_id, n, leaf_hash)
JOIN usage_events AS u USING (lane_id, n, leaf_hash) WHERE u.occurred_at = %s::timestamptz
"""
