"""What makes a panel's vote, of a case as of a declared use: its majority, and its traces."""


def carried(
    kind: str, subject: str, *, involved: str, needs_two_thirds: str, besides: str = "true"
) -> str:
    """Whether a panel carried the subject: its quorum, odd, by the majority it takes.

    ``involved`` is an array of people who must not have sat there; ``besides`` may speak of the
    panel as ``p`` and of those who voted for it as ``v.voters``.
    """
    return f"""
    EXISTS (
        SELECT FROM panels p
        JOIN LATERAL (
            SELECT count(s.in_favour) AS votes, count(*) FILTER (WHERE s.in_favour) AS favour,
                bool_or(s.member_id = ANY (array_remove({involved}, NULL))) AS has_involved,
                array_agg(s.member_id) FILTER (WHERE s.in_favour) AS voters
            FROM panel_seats s WHERE s.panel_id = p.id
        ) v ON true
        WHERE p.kind = '{kind}' AND p.subject_id = {subject} AND p.state = 'CARRIED'
            AND v.votes >= greatest(p.quorum, 3) AND v.votes % 2 = 1 AND 2 * v.favour > v.votes
            AND (NOT {needs_two_thirds} OR 3 * v.favour >= 2 * v.votes)
            AND NOT v.has_involved AND {besides})
"""


def unlogged(about: str, subject: str, votes: str, *, besides: str = "true") -> str:
    """The votes of which the log has no entry with member, direction and hash of the reason."""
    return f"""
    SELECT t.panel_id || '/' || t.member_id AS subject, jsonb_build_object('panel_id', t.panel_id,
        '{about}_id', {subject}, 'member_id', t.member_id, 'in_favour', t.in_favour) AS facts
    {votes}
        AND NOT EXISTS (
            SELECT FROM log_entry_subjects s JOIN log_entries e USING (arrival)
            {{leaf}}
            WHERE s.subject = t.panel_id AND e.entry_type = 'panel_voted'
                AND b.leaf->>'member' = t.member_id AND b.leaf->>'reason_hash' = t.reason_hash
                AND b.leaf->>'vote' = CASE WHEN t.in_favour THEN 'for' ELSE 'against' END
                AND {besides})
"""
