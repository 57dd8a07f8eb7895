"""The statements of leases and lanes. Lock order everywhere: entitlement, lane, lease, wallet.

Pools, days and caps of a licence are written only while its entitlement is locked.
"""

LOCK_ENTITLEMENT = """
SELECT state, granted_calls - spent_calls - leased_calls, leased_calls > 0
FROM entitlements WHERE licence_id = %s FOR NO KEY UPDATE
"""
READ_PERIOD = """
SELECT p.period, p.state, p.from_at, p.until_at, p.fee_amount, e.next_period_at IS NOT NULL
FROM licence_periods p JOIN entitlements e USING (licence_id)
WHERE p.licence_id = %(licence_id)s AND p.state IN ('open', 'unpaid')
  AND p.from_at <= %(at)s AND p.until_at > %(at)s
"""
READ_POOLS = """
SELECT pool_id, kind IN ('trial', 'free'), unit_price,
       granted_units - spent_units - leased_units, leased_units, until_at
FROM allowance_pools
WHERE licence_id = %(licence_id)s AND from_at <= %(at)s AND until_at > %(at)s
ORDER BY kind NOT IN ('trial', 'free'), period, position
"""
OPEN_DAY = """
INSERT INTO spending_days (licence_id, day, buyer_id, cap_amount)
SELECT licence_id, %(day)s, buyer_id, day_cap_amount
FROM entitlements WHERE licence_id = %(licence_id)s
ON CONFLICT DO NOTHING
"""
READ_CAPS = """
SELECT 'licence', cap_amount, spent_amount, leased_amount
FROM entitlements WHERE licence_id = %(licence_id)s AND cap_amount IS NOT NULL
UNION ALL
SELECT 'day', cap_amount, spent_amount, leased_amount
FROM spending_days WHERE licence_id = %(licence_id)s AND day = %(day)s AND cap_amount IS NOT NULL
UNION ALL
SELECT 'key', cap_amount, spent_amount, leased_amount
FROM key_caps
WHERE key_id = %(key_id)s AND licence_id = %(licence_id)s AND cap_amount IS NOT NULL
"""
# One statement, so that a lease and everything that it takes from exist together or not at all.
TAKE = """
WITH entitlement AS (
    UPDATE entitlements SET leased_calls = leased_calls + %(calls)s,
        leased_units = leased_units + %(units)s,
        leased_free_units = leased_free_units + %(free_units)s,
        leased_amount = leased_amount + %(amount)s
    WHERE licence_id = %(licence_id)s
), taken AS (
    SELECT * FROM unnest(%(pool_ids)s::text[], %(pool_units)s::bigint[], %(are_free)s::boolean[])
                  WITH ORDINALITY AS t (pool_id, units, is_free, position)
), pools AS (
    UPDATE allowance_pools AS p SET leased_units = p.leased_units + t.units
    FROM taken AS t WHERE p.pool_id = t.pool_id
), days AS (
    UPDATE spending_days SET leased_amount = leased_amount + %(amount)s
    WHERE licence_id = %(licence_id)s AND day = %(day)s AND %(amount)s > 0
), keys AS (
    UPDATE key_caps SET leased_amount = leased_amount + %(amount)s
    WHERE key_id = %(key_id)s AND %(amount)s > 0
), lease AS (
    INSERT INTO leases (lease_id, lane_id, licence_id, buyer_id, epoch, calls, units, free_units,
                        amount, opened_at, period, day, key_id, ends_at)
    VALUES (%(lease_id)s, %(lane_id)s, %(licence_id)s, %(buyer_id)s, %(epoch)s, %(calls)s,
            %(units)s, %(free_units)s, %(amount)s, %(at)s, %(period)s, %(day)s, %(key_id)s,
            %(ends_at)s)
)
INSERT INTO lease_pools (lease_id, position, pool_id, buyer_id, is_free, units, offset_units)
SELECT %(lease_id)s, position, pool_id, %(buyer_id)s, is_free, units,
       coalesce(sum(units) OVER (PARTITION BY is_free ORDER BY position
                                 ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), 0)
FROM taken
"""
# What a lease spent fills its pools in their order; the rest goes back to them.
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
), filled AS (
    SELECT p.pool_id, p.units, least(p.units, greatest(0, CASE
        WHEN p.is_free THEN c.spent_free_units
        ELSE c.spent_units - c.spent_free_units END - p.offset_units)) AS spent_units
    FROM closed AS c JOIN lease_pools AS p ON p.lease_id = c.lease_id
), pools AS (
    UPDATE allowance_pools AS p SET leased_units = p.leased_units - s.units,
        spent_units = p.spent_units + s.spent_units
    FROM (SELECT pool_id, sum(units) AS units, sum(spent_units) AS spent_units
          FROM filled GROUP BY pool_id) AS s
    WHERE p.pool_id = s.pool_id
), days AS (
    UPDATE spending_days AS d SET leased_amount = d.leased_amount - s.amount,
        spent_amount = d.spent_amount + s.spent_amount
    FROM (SELECT licence_id, day, sum(amount) AS amount, sum(spent_amount) AS spent_amount
          FROM closed WHERE amount > 0 GROUP BY licence_id, day) AS s
    WHERE d.licence_id = s.licence_id AND d.day = s.day
), keys AS (
    UPDATE key_caps AS k SET leased_amount = k.leased_amount - s.amount,
        spent_amount = k.spent_amount + s.spent_amount
    FROM (SELECT key_id, sum(amount) AS amount, sum(spent_amount) AS spent_amount
          FROM closed WHERE key_id IS NOT NULL GROUP BY key_id) AS s
    WHERE k.key_id = s.key_id
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
# Holder and epoch change only while the entitlement is locked, as it is here. The lane's own row is
# left alone where it can be: whoever commits calls holds it until its commit is on the disk.
IS_LANE_HELD = """
SELECT expires_at > %(early_at)s FROM lanes
WHERE lane_id = %(lane_id)s AND epoch = %(epoch)s AND holder = %(holder)s
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
# One that was prolonged lately is left alone, so that its next commit need not wait for this one.
PROLONG = """
UPDATE lanes SET expires_at = %(expires_at)s
WHERE holder = %(holder)s AND lane_id IN (
    SELECT lane_id FROM lanes WHERE lane_id = ANY(%(lane_ids)s) AND holder = %(holder)s
      AND expires_at <= %(early_at)s
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
POSTPONE_TAKING_BACK = """
UPDATE lanes SET expires_at = %s WHERE lane_id = %s AND holder IS NOT NULL AND expires_at <= %s
"""
