"""Questions 13 and 16: who looked, and whether anything is where it must not be."""

from app.auditing.questions import Method
from app.auditing.rules import Rule
from app.core.principals import MEMBER_ROLES

BULK_READINGS = 5_000
"""Readings of one person on one day in Shanghai; an auditor at work makes some hundreds."""

_OF_STAFF = (
    "'auditor_read', 'administrator_access', 'payout_instructions_read',"
    " 'withdrawal_instructions_read'"
)
READING_TYPES = f"({_OF_STAFF})"
ALL_READING_TYPES = f"({_OF_STAFF}, 'document_opened')"
"""A licence's parties open documents too, without a role of the staff's."""

MEMBERS_ROLES = "('" + "', '".join(sorted(MEMBER_ROLES)) + "')"


def _readings(types: str) -> str:
    return f"""
    FROM log_entries e
    {{leaf}}
    CROSS JOIN LATERAL (SELECT coalesce(b.leaf->>'principal', b.leaf->>'read_by',
        b.leaf->>'opened_by') AS reader_id) w
    WHERE e.entry_type IN {types} AND {{within e.recorded_at}}
"""


READINGS, ALL_READINGS = _readings(READING_TYPES), _readings(ALL_READING_TYPES)

READERS = Method(
    rules=(
        Rule(
            "reader_had_the_role",
            "Whoever read as an auditor, as another of the staff, or read payment instructions,"
            " held a role of that kind at that moment.",
            "以审计身份、以其他员工身份读取或读取付款指令者，当时确有相应角色。",
            "SELECT count(*)" + READINGS,
            """
            SELECT encode(e.leaf_hash, 'hex') AS subject, jsonb_build_object(
                'leaf_hash', encode(e.leaf_hash, 'hex'), 'reader_id', w.reader_id,
                'read', e.entry_type, 'read_at', e.recorded_at,
                'subject', b.leaf->>'subject') AS facts
            """
            + READINGS
            + f"""
                AND NOT EXISTS (SELECT FROM role_grants g WHERE g.person_id = w.reader_id
                    AND g.role NOT IN {MEMBERS_ROLES}
                    AND (g.role = 'auditor' OR e.entry_type <> 'auditor_read')
                    AND g.granted_at <= e.recorded_at
                    AND (g.withdrawn_at IS NULL OR g.withdrawn_at > e.recorded_at))
            """,
        ),
        Rule(
            "nobody_read_in_bulk",
            "Nobody made more than 5,000 readings on one day.",
            "无人在一日内读取超过 5,000 次。",
            "SELECT count(*)" + ALL_READINGS,
            f"""
            SELECT r.reader_id || '/' || r.day AS subject, jsonb_build_object(
                'reader_id', r.reader_id, 'day', r.day, 'readings_count', r.readings) AS facts
            FROM (SELECT w.reader_id, (e.recorded_at AT TIME ZONE 'Asia/Shanghai')::date AS day,
                count(*) AS readings {ALL_READINGS} GROUP BY 1, 2) r
            WHERE r.readings > {BULK_READINGS}
            """,
        ),
    ),
    entries=f"""
    SELECT arrival FROM log_entries e
    WHERE (e.entry_type IN {ALL_READING_TYPES} OR e.entry_type = 'evidence_bundled')
        AND {{within e.recorded_at}}
    """,
)

# Amounts are long numbers by nature; every other text of a leaf is an id, a hash, a code, a time.
TEXTS = """
    FROM log_entries e CROSS JOIN LATERAL jsonb_each_text(convert_from(e.body, 'UTF8')::jsonb) AS m
    WHERE {within e.recorded_at} AND m.key NOT IN ('amount', 'total_amount')
"""
IDENTITY = (
    "'(^|[^0-9a-zA-Z])([1-9][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9][0-9]{3}[0-9X]"
    "|1[3-9][0-9]{9}|[0-9A-HJ-NP-RT-UW-Y]{2}[0-9]{6}[0-9A-HJ-NP-RT-UW-Y]{10})($|[^0-9a-zA-Z])'"
)
MAIL = "'[A-Za-z0-9._%+-]+@[A-Za-z0-9-]+\\.[A-Za-z]'"
WIDE = "'[\\u4e00-\\u9fff]'"

KEY_SAMPLES = """
    FROM quality_samples q WHERE q.kind = 'CALLS' AND {within q.committed_at}
"""

PRIVACY = Method(
    rules=(
        Rule(
            "leaf_names_nobody",
            "No leaf holds the form of an identity number, a mobile number, a company code,"
            " an e-mail address, or Chinese text.",
            "任何叶中均无身份证号、手机号、统一社会信用代码、电子邮箱或中文文本的形式。",
            "SELECT count(*) FROM log_entries e WHERE {within e.recorded_at}",
            f"""
            SELECT encode(e.leaf_hash, 'hex') || '/' || m.key AS subject, jsonb_build_object(
                'leaf_hash', encode(e.leaf_hash, 'hex'), 'entry_type', e.entry_type,
                'member', m.key) AS facts
            {TEXTS} AND (m.value ~ {IDENTITY} OR m.value ~ {MAIL} OR m.value ~ {WIDE})
            """,
        ),
        Rule(
            "leaf_is_short",
            "No leaf is longer than 2,048 bytes: there is no room for a payload.",
            "任何叶不超过 2,048 字节：无处容纳载荷。",
            "SELECT count(*) FROM log_entries e WHERE {within e.recorded_at}",
            """
            SELECT encode(e.leaf_hash, 'hex') AS subject, jsonb_build_object(
                'leaf_hash', encode(e.leaf_hash, 'hex'), 'entry_type', e.entry_type,
                'bytes', length(e.body)) AS facts
            FROM log_entries e WHERE {within e.recorded_at} AND length(e.body) > 2048
            """,
        ),
        Rule(
            "sampled_keys_are_forgotten",
            "No sample still holds the keys that an interface was to be called with, eight days"
            " after they were drawn; rows of files are never kept.",
            "抽样密钥在抽取八日后均已删除；文件行从不留存。",
            "SELECT count(*)" + KEY_SAMPLES,
            """
            SELECT q.id AS subject, jsonb_build_object('sample_id', q.id, 'state', q.state,
                'drawn_at', q.drawn_at) AS facts
            """
            + KEY_SAMPLES
            + " AND q.keys_sealed IS NOT NULL AND q.drawn_at < :now - interval '8 days'",
        ),
    ),
    entries="SELECT arrival FROM log_entries e WHERE {within e.recorded_at}",
)
