"""What was decided, judged, granted, metered and billed is not deleted, and stays what it was."""

from alembic import op

revision = "0083_facts_stay"
down_revision = "0082_money_by_time"
branch_labels = None
depends_on = None

ANSWER = ("answers", "conflicts", "declared_at")
MAY_CHANGE = {
    "bill_payments": (),
    "conflict_declarations": ("reviewer_organisation_id", *ANSWER),
    "consents": (
        "listing_code",
        "state",
        "token_hash",
        "expires_at",
        "withdrawn_at",
        "withdrawn_by",
        "reason_code",
        "batch_id",
        "batch_index",
    ),
    "invoice_lines": (),
    "invoices": (),
    "item_answers": ("outcome", "reason", "answered_at"),
    "licences": (
        "terms",
        "terms_hash",
        "starts_at",
        "ends_at",
        "state",
        "ended_at",
        "ended_by",
        "reason_code",
        "narrowings",
    ),
    "narrowings": ("applied_through", "is_applied"),
    "quality_reports": ("is_public",),
    "review_decisions": (),
    "role_grants": ("withdrawn_at", "withdrawn_by"),
    "rule_evaluations": (),
    "rule_sets": (),
    "scenario_declarations": (),
    "usage_events": ("detail", "detail_key"),
    "verification_decisions": (),
}
"""Of each table what may be written later: how far something went, and that a detail is erased."""

STAYS = """
CREATE FUNCTION facts_stay() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        IF to_jsonb(NEW) - TG_ARGV = to_jsonb(OLD) - TG_ARGV THEN
            RETURN NEW;
        END IF;
    END IF;
    RAISE EXCEPTION 'rows of % stay as they were written', TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation';
END $$
"""


# A partition may be emptied by its own name; its parent's triggers for statements are not asked.
EACH_MONTH = """
CREATE FUNCTION metering_keep_usage_partition(part text) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE TRIGGER usage_events_not_emptied BEFORE TRUNCATE ON %I'
        ' FOR EACH STATEMENT EXECUTE FUNCTION facts_stay()', part);
END $$;

CREATE OR REPLACE FUNCTION metering_add_usage_month(any_day date) RETURNS void
LANGUAGE plpgsql AS $$
DECLARE
    month date := date_trunc('month', any_day);
    part text := 'usage_events_' || to_char(month, 'YYYY_MM');
BEGIN
    IF to_regclass(part) IS NOT NULL THEN RETURN; END IF;
    PERFORM metering_add_usage_partition(part, format('FOR VALUES FROM (%L) TO (%L)',
        month || ' 00:00+00', (month + interval '1 month')::date || ' 00:00+00'));
    PERFORM metering_keep_usage_partition(part);
END $$;

SELECT metering_keep_usage_partition(inhrelid::regclass::text) FROM pg_inherits
WHERE inhparent = 'usage_events'::regclass;
"""
AS_BEFORE = """
CREATE OR REPLACE FUNCTION metering_add_usage_month(any_day date) RETURNS void LANGUAGE sql AS $$
    SELECT metering_add_usage_partition(
        'usage_events_' || to_char(month, 'YYYY_MM'),
        format('FOR VALUES FROM (%L) TO (%L)', month || ' 00:00+00',
               (month + interval '1 month')::date || ' 00:00+00'))
    FROM (SELECT date_trunc('month', any_day)::date AS month) AS months
$$;
DROP FUNCTION metering_keep_usage_partition(text);
"""
OF_MONTHS = """
DO $$
DECLARE part regclass;
BEGIN
    FOR part IN SELECT inhrelid FROM pg_inherits WHERE inhparent = 'usage_events'::regclass LOOP
        EXECUTE format('DROP TRIGGER usage_events_not_emptied ON %s', part);
    END LOOP;
END $$
"""


def upgrade() -> None:
    """Rows are asked one by one, and the table as a whole before it is emptied."""
    op.execute(STAYS)
    for table, columns in MAY_CHANGE.items():
        named = ", ".join(f"'{column}'" for column in columns)
        op.execute(
            f"CREATE TRIGGER {table}_stay BEFORE UPDATE OR DELETE ON {table}"
            f" FOR EACH ROW EXECUTE FUNCTION facts_stay({named})"
        )
        op.execute(
            f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
            " FOR EACH STATEMENT EXECUTE FUNCTION facts_stay()"
        )
    op.execute(EACH_MONTH)


def downgrade() -> None:
    """As before."""
    op.execute(OF_MONTHS)
    op.execute(AS_BEFORE)
    for table in MAY_CHANGE:
        op.execute(f"DROP TRIGGER {table}_not_emptied ON {table}")
        op.execute(f"DROP TRIGGER {table}_stay ON {table}")
    op.execute("DROP FUNCTION facts_stay()")
