"""Question 12: another price has its reason on file, and each alarm over one its decision."""

from app.auditing.methods.money import ORDERS
from app.auditing.questions import Method
from app.auditing.rules import Rule

ALARMS = """
    FROM price_alarms a JOIN licences l ON l.id = a.licence_id
    WHERE {within a.raised_at} AND {listing a.listing_code} AND {licence a.licence_id}
        AND {party l.buyer_id l.supplier_id}
"""

PRICES = Method(
    rules=(
        Rule(
            "another_price_has_its_reason",
            "Each order at a price that is not the listed one rests on a negotiated offer that"
            " says why.",
            "每份非挂牌价的订单均基于载明理由的议价要约。",
            "SELECT count(*)" + ORDERS,
            """
            SELECT o.id AS subject, jsonb_build_object('order_id', o.id, 'plan_id', o.plan_id,
                'listed_plan_id', o.listed_plan_id, 'custom_offer_id', o.custom_offer_id) AS facts
            """
            + ORDERS
            + """
                AND NOT EXISTS (SELECT FROM plans p WHERE p.id = o.plan_id)
                AND NOT EXISTS (SELECT FROM custom_offers f WHERE f.id = o.custom_offer_id
                    AND f.buyer_id = o.buyer_id AND length(trim(f.message)) > 0)
            """,
        ),
        Rule(
            "licence_has_its_orders_price",
            "Each licence was issued under the plan and its hash that the order names.",
            "每份许可均按订单所载方案及其哈希签发。",
            "SELECT count(*)" + ORDERS,
            """
            SELECT o.id AS subject, jsonb_build_object('order_id', o.id, 'licence_id', l.id,
                'order_plan_id', o.plan_id, 'licence_plan_id', l.plan_id) AS facts
            """
            + ORDERS
            + """
                AND l.id IS NOT NULL AND (l.plan_id <> o.plan_id OR l.plan_hash IS DISTINCT FROM
                    coalesce((SELECT p.plan_hash FROM plans p WHERE p.id = o.plan_id),
                        (SELECT f.plan_hash FROM custom_offers f WHERE f.id = o.custom_offer_id)))
            """,
        ),
        Rule(
            "price_alarm_is_settled_in_time",
            "Each alarm over another price was decided, with its reason, by the"
            " exchange's deadline.",
            "每个价格差异警示均于交易所处理期限前附理由作出处理。",
            "SELECT count(*)" + ALARMS,
            """
            SELECT a.id AS subject, jsonb_build_object('alarm_id', a.id, 'licence_id',
                a.licence_id, 'listing_code', a.listing_code, 'state', a.state, 'raised_at',
                a.raised_at, 'due_at', a.due_at, 'decision_due_at',
                a.decision_due_at, 'ground', a.ground, 'explained_at', a.explained_at,
                'escalated_at', a.escalated_at, 'decided_at', a.decided_at)
                AS facts
            """
            + ALARMS
            + " AND coalesce(a.decision_due_at, a.due_at) < coalesce(a.decided_at, :now)",
        ),
    ),
    entries="""
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    JOIN orders o ON o.id = s.subject WHERE e.entry_type IN ('order_placed', 'licence_granted')
        AND {within e.recorded_at} AND {listing o.listing_code} AND {licence o.licence_id}
        AND {party o.buyer_id o.supplier_id}
    UNION
    SELECT e.arrival FROM log_entries e JOIN log_entry_subjects s USING (arrival)
    JOIN price_alarms a ON a.id = s.subject JOIN licences l ON l.id = a.licence_id
    WHERE e.entry_type IN ('price_alarm_raised', 'price_explained', 'price_decided')
        AND {within e.recorded_at} AND {listing a.listing_code} AND {licence a.licence_id}
        AND {party l.buyer_id l.supplier_id}
    """,
)
