"""The statements of leases and lanes. Lock order everywhere: entitlement, lane, lease, wallet."""

LOCK_ENTITLEMENT = """
SELECT state, granted_calls - spent_calls - leased_calls,
       granted_units - spent_units - leased_units,
       granted_free_units - spent_free_units - leased_free_units,
       cap_amount - spent_amount - leased_amount,
       leased_calls > 0, leased_free_units > 0
FROM entitlements WHERE licence_id = %s FOR NO KEY UPDATE
"""
LEASE_OUT = """
UPDATE entitlements SET leased_calls = leased_calls + %(calls)s,
    leased_units = leased_units + %(units)s,
    leased_free_units = leased_free_units + %(free_units)s,
    leased_amount = leased_amount + %(amount)s
WHERE licence_id = %(licence_id)s
"""
INSERT_LEASE = """
INSERT INTO leases (lease_id, lane_id, licence_id, buyer_id, epoch,
                    calls, units, free_units, amount, opened_at)
VALUES (%(lease_id)s, %(lane_id)s, %(licence_id)s, %(buyer_id)s, %(epoch)s,
        %(calls)s, %(units)s, %(free_units)s, %(amount)s, %(at)s)
"""
CLOSE_LEASES = """
WITH closed AS (
    UPDATE leases SET closed_at = %(at)s
    WHERE lane_id = %(lane_id)s AND closed_at IS NULL
      AND (%(lease_ids)s::text[] IS NULL OR lease_id = ANY(%(lease_ids)s))
    RETURNING *
), returned AS (
    UPDATE entitlements AS e SET
        leased_calls = e.leased_calls - s.calls, spent_calls = e.spent_calls + s.spent_calls,
        leased_units = e.leased_units - s.units, spent_units = e.spent_units + s.spent_units,
        leased_free_units = e.leased_free_units - s.free_units,
        spent_free_units = e.spent_free_units + s.spent_free_units,
        leased_amount = e.leased_amount - s.amount, spent_amount = e.spent_amount + s.spent_amount
    FROM (SELECT licence_id, sum(calls) AS calls, sum(spent_calls) AS spent_calls,
                 sum(units) AS units, sum(spent_units) AS spent_units,
                 sum(free_units) AS free_units, sum(spent_free_units) AS spent_free_units,
                 sum(amount) AS amount, sum(spent_amount) AS spent_amount
          FROM closed GROUP BY licence_id) AS s
    WHERE e.licence_id = s.licence_id
)
SELECT lease_id, amount, spent_amount FROM closed ORDER BY lease_id
"""
FIND_FREE_LANE = """
SELECT lane_id FROM lanes
WHERE licence_id = %s AND (holder IS NULL OR expires_at <= %s)
ORDER BY number LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
"""
TAKE_LANE = """
UPDATE lanes SET holder = %(holder)s, epoch = epoch + 1, expires_at = %(expires_at)s
WHERE lane_id = %(lane_id)s
RETURNING number, epoch, sequence, total_units, total_amount, last_leaf_hash
"""
KEEP_LANE = """
UPDATE lanes SET expires_at = %(expires_at)s
WHERE lane_id = %(lane_id)s AND epoch = %(epoch)s AND holder = %(holder)s
"""
INSERT_LANE = """
INSERT INTO lanes (lane_id, licence_id, buyer_id, number, holder, epoch, expires_at,
                   last_leaf_hash, opened_at)
VALUES (%(lane_id)s, %(licence_id)s, %(buyer_id)s, %(number)s, %(holder)s, 1, %(expires_at)s,
        %(last_leaf_hash)s, %(at)s)
"""
# A lane without holder keeps its epoch; the next taker raises it.
FREE_LANE = """
UPDATE lanes SET holder = NULL WHERE lane_id = %(lane_id)s AND epoch = %(epoch)s
"""
# A lane that is locked is being committed, which prolongs it too; waiting for it could make a ring.
PROLONG = """
UPDATE lanes SET expires_at = %(expires_at)s
WHERE holder = %(holder)s AND lane_id IN (
    SELECT lane_id FROM lanes WHERE lane_id = ANY(%(lane_ids)s) AND holder = %(holder)s
    FOR NO KEY UPDATE SKIP LOCKED)
"""
EXPIRED = """
SELECT lane_id, licence_id FROM lanes
WHERE holder IS NOT NULL AND expires_at <= %s ORDER BY expires_at LIMIT %s
"""
TAKE_BACK = """
UPDATE lanes SET holder = NULL, epoch = epoch + 1
WHERE lane_id = %s AND holder IS NOT NULL AND expires_at <= %s
"""
