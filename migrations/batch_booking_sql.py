"""The journal's functions and triggers for booking a whole commit at once (migration 0011).

Why checks at the end of each statement are at least as strict as what they replace is argued in
docs/decisions/0006-books-in-sets.md.
"""

# Index scans only (SET enable_seqscan): the plans are kept for as long as a connection lives, and
# the tables are small when the first is made.

# A statement that adds postings adds whole, balanced journal transactions or nothing; together with
# distinct line numbers (unique, 1 to posting_count) nothing can be added to a transaction later.
CHECK_POSTINGS = """
CREATE FUNCTION journal_check_postings() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    SELECT transaction_id, count(*) AS found, max(posting_count) AS stated INTO wrong
        FROM added GROUP BY transaction_id
        HAVING count(*) <> min(posting_count) OR count(*) <> max(posting_count) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal transaction % has % of its % postings',
            wrong.transaction_id, wrong.found, wrong.stated USING ERRCODE = 'JN001';
    END IF;
    SELECT transaction_id INTO wrong FROM added
        GROUP BY transaction_id, currency HAVING sum(amount) <> 0 LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal transaction % does not sum to zero',
            wrong.transaction_id USING ERRCODE = 'JN001';
    END IF;
    SELECT a.transaction_id INTO wrong
        FROM (SELECT DISTINCT transaction_id, posting_count FROM added) a
        WHERE (SELECT t.posting_count FROM journal_transactions t
            WHERE t.transaction_id = a.transaction_id) IS DISTINCT FROM a.posting_count LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal transaction % is not there or states another number of postings',
            wrong.transaction_id USING ERRCODE = 'JN001';
    END IF;
    SELECT a.account_id INTO wrong
        FROM (SELECT DISTINCT account_id, organisation_id, currency FROM added) a
        WHERE (SELECT (o.organisation_id, o.currency) FROM journal_accounts o
            WHERE o.account_id = a.account_id)
            IS DISTINCT FROM (a.organisation_id, a.currency) LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % is not open, or not of this owner and currency',
            wrong.account_id USING ERRCODE = 'JN003';
    END IF;
    RETURN NULL;
END $$
"""

# Complete means line 1 is there: postings come all together or not at all.
CHECK_COMPLETE = """
CREATE FUNCTION journal_check_complete() RETURNS trigger LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    wrong record;
BEGIN
    SELECT b.transaction_id, b.posting_count INTO wrong FROM booked b
        WHERE (SELECT p.posting_count FROM postings p
            WHERE p.transaction_id = b.transaction_id AND p.line = 1)
            IS DISTINCT FROM b.posting_count LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'journal transaction % came without its % postings',
            wrong.transaction_id, wrong.posting_count USING ERRCODE = 'JN001';
    END IF;
    RETURN NULL;
END $$
"""

# What the foreign key from the postings did: an account that holds postings stays what it is. The
# lock waits for statements that are adding postings, and their own check then misses the account.
KEEP_ACCOUNT = """
CREATE FUNCTION journal_keep_account() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.account_id, NEW.organisation_id, NEW.currency)
        IS NOT DISTINCT FROM (OLD.account_id, OLD.organisation_id, OLD.currency) THEN
        RETURN NEW;
    END IF;
    LOCK TABLE postings IN SHARE MODE;
    PERFORM 1 FROM postings WHERE account_id = OLD.account_id LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'account % holds postings', OLD.account_id USING ERRCODE = 'JN002';
    END IF;
    RETURN CASE WHEN TG_OP = 'DELETE' THEN OLD ELSE NEW END;
END $$
"""

REFUSE_ACCOUNT = """
CREATE FUNCTION journal_refuse_account(p_account_id text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'account % is not open', p_account_id USING ERRCODE = 'JN003';
END $$
"""

# As before for whoever calls it; header and lines are one statement now.
JOURNAL_POST = """
CREATE OR REPLACE FUNCTION journal_post(
    p_template text, p_reference text, p_occurred_at timestamptz, p_booked_at timestamptz,
    p_reverses bigint, p_lease_id text, p_licence_id text, p_order_id text,
    p_account_ids text[], p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    new_id bigint;
    lines bigint := cardinality(p_account_ids);
BEGIN
    WITH booked AS (
        INSERT INTO journal_transactions (template, reference, occurred_at, booked_at, reverses,
            lease_id, licence_id, order_id, posting_count)
        VALUES (p_template, p_reference, p_occurred_at, p_booked_at, p_reverses,
            p_lease_id, p_licence_id, p_order_id, lines)
        ON CONFLICT (template, reference) DO NOTHING RETURNING transaction_id
    ), entered AS (
        INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,
            currency, amount, booked_at)
        SELECT booked.transaction_id, given.line, lines, given.account_id,
            coalesce(account.organisation_id, journal_refuse_account(given.account_id)),
            account.currency, given.amount, p_booked_at
        FROM booked
        CROSS JOIN unnest(p_account_ids, p_amounts)
            WITH ORDINALITY AS given (account_id, amount, line)
        LEFT JOIN journal_accounts account USING (account_id)
        ORDER BY given.line
    )
    SELECT transaction_id INTO new_id FROM booked;
    IF new_id IS NULL THEN
        PERFORM journal_require_same(p_template, p_reference, p_account_ids, p_amounts);
        RETURN NULL;
    END IF;
    PERFORM journal_move_wallets(new_id, p_lease_id);
    RETURN new_id;
END $$
"""

# Runs of calls of many lanes, each a journal transaction of its own, in one statement. A run's
# postings are the lines with its place (from 1). Money of wallets moves through the leases.
JOURNAL_POST_CALLS = """
CREATE FUNCTION journal_post_calls(
    p_booked_at timestamptz, p_references text[], p_lease_ids text[], p_licence_ids text[],
    p_posting_counts bigint[], p_places bigint[], p_lines bigint[], p_account_ids text[],
    p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql
SET enable_seqscan = off AS $$
DECLARE
    fresh_count bigint;
    moved_count bigint;
    spent_count bigint;
BEGIN
    WITH booked AS (
        INSERT INTO journal_transactions (template, reference, occurred_at, booked_at, lease_id,
            licence_id, posting_count)
        SELECT 'accrue_calls', run.reference, p_booked_at, p_booked_at, run.lease_id,
            run.licence_id, run.posting_count
        FROM unnest(p_references, p_lease_ids, p_licence_ids, p_posting_counts)
            AS run (reference, lease_id, licence_id, posting_count)
        ON CONFLICT (template, reference) DO NOTHING
        RETURNING transaction_id, reference, lease_id, posting_count
    ), lines AS MATERIALIZED (
        SELECT booked.transaction_id, booked.posting_count, booked.lease_id, given.line,
            given.account_id, given.amount, account.currency, account.kind,
            coalesce(account.organisation_id, journal_refuse_account(given.account_id))
                AS organisation_id
        FROM booked
        JOIN unnest(p_places, p_lines, p_account_ids, p_amounts)
            AS given (place, line, account_id, amount)
            ON booked.reference = p_references[given.place]
        LEFT JOIN journal_accounts account USING (account_id)
    ), entered AS (
        INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,
            currency, amount, booked_at)
        SELECT transaction_id, line, posting_count, account_id, organisation_id, currency, amount,
            p_booked_at FROM lines
    ), moved AS MATERIALIZED (
        SELECT lease_id, organisation_id, currency, sum(amount)::bigint AS amount
        FROM lines WHERE kind = 'wallet' GROUP BY lease_id, organisation_id, currency
    ), spent AS (
        UPDATE wallet_leases w SET spent_amount = w.spent_amount - moved.amount
        FROM moved WHERE w.lease_id = moved.lease_id AND w.closed_at IS NULL
            AND w.organisation_id = moved.organisation_id AND w.currency = moved.currency
        RETURNING w.lease_id
    )
    SELECT (SELECT count(*) FROM booked), (SELECT count(*) FROM moved), (SELECT count(*) FROM spent)
        INTO fresh_count, moved_count, spent_count;
    IF spent_count <> moved_count THEN
        RAISE EXCEPTION 'no open lease of its wallet for % of % runs',
            moved_count - spent_count, moved_count USING ERRCODE = 'JN005';
    END IF;
    IF fresh_count < cardinality(p_references) THEN
        PERFORM journal_require_same('accrue_calls', p_references[run.place], run.account_ids,
            run.amounts)
        FROM (SELECT place, array_agg(account_id ORDER BY line) AS account_ids,
                array_agg(amount ORDER BY line) AS amounts
            FROM unnest(p_places, p_lines, p_account_ids, p_amounts)
                AS given (place, line, account_id, amount)
            GROUP BY place) AS run;
    END IF;
    RETURN fresh_count;
END $$
"""

FUNCTIONS = {
    "journal_check_postings()": CHECK_POSTINGS,
    "journal_check_complete()": CHECK_COMPLETE,
    "journal_keep_account()": KEEP_ACCOUNT,
    "journal_refuse_account(text)": REFUSE_ACCOUNT,
    "journal_post_calls(timestamptz, text[], text[], text[], bigint[], bigint[], bigint[], text[], bigint[])": JOURNAL_POST_CALLS,  # noqa: E501 -- a signature is one word
}
TRIGGERS = {
    "postings_balanced": (
        "postings",
        (
            "AFTER INSERT ON postings REFERENCING NEW TABLE AS added"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_check_postings()"
        ),
    ),
    "journal_transactions_complete": (
        "journal_transactions",
        (
            "AFTER INSERT ON journal_transactions REFERENCING NEW TABLE AS booked"
            " FOR EACH STATEMENT EXECUTE FUNCTION journal_check_complete()"
        ),
    ),
    "journal_accounts_kept": (
        "journal_accounts",
        (
            "BEFORE UPDATE OR DELETE ON journal_accounts"
            " FOR EACH ROW EXECUTE FUNCTION journal_keep_account()"
        ),
    ),
}

# Whoever commits calls learns what stands in the way from the refusal itself, so that a batch is
# one round trip.
METERING_REFUSE = """
CREATE FUNCTION metering_refuse(p_code text, p_subjects text[]) RETURNS boolean
LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'a batch of calls cannot be recorded'
        USING ERRCODE = p_code, DETAIL = to_json(coalesce(p_subjects, '{}'))::text;
END $$
"""
