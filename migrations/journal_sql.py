"""The journal's triggers and functions in SQL, as migration 0007 installs them."""

# Balanced, complete and closed: a journal transaction says how many postings it has, the postings
# carry distinct line numbers within that count, so nothing can be added after its commit and one
# check per transaction (not per posting) is enough.
CHECK_BALANCED = """
CREATE FUNCTION journal_check_balanced() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    found_count bigint;
BEGIN
    SELECT count(*) INTO found_count FROM postings WHERE transaction_id = NEW.transaction_id;
    IF found_count <> NEW.posting_count THEN
        RAISE EXCEPTION 'journal transaction % has % of its % postings',
            NEW.transaction_id, found_count, NEW.posting_count USING ERRCODE = 'JN001';
    END IF;
    PERFORM 1 FROM postings WHERE transaction_id = NEW.transaction_id
        GROUP BY currency HAVING sum(amount) <> 0;
    IF FOUND THEN
        RAISE EXCEPTION 'journal transaction % does not sum to zero',
            NEW.transaction_id USING ERRCODE = 'JN001';
    END IF;
    RETURN NULL;
END $$
"""

REFUSE_CHANGE = """
CREATE FUNCTION journal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: an error in the books is a reversal',
        TG_OP, TG_TABLE_NAME USING ERRCODE = 'JN002';
END $$
"""

# The one writer of the books. A repeated reference with the same postings is a no-op (NULL);
# with other postings it is refused. Money of a wallet moves with its postings: through the lease
# when one is named (the wallet itself follows when the lease is settled), else directly.
JOURNAL_POST = """
CREATE FUNCTION journal_post(
    p_template text, p_reference text, p_occurred_at timestamptz, p_booked_at timestamptz,
    p_reverses bigint, p_lease_id text, p_licence_id text, p_order_id text,
    p_account_ids text[], p_amounts bigint[]
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    new_id bigint;
    lines bigint := cardinality(p_account_ids);
    written bigint;
BEGIN
    INSERT INTO journal_transactions (template, reference, occurred_at, booked_at, reverses,
        lease_id, licence_id, order_id, posting_count)
    VALUES (p_template, p_reference, p_occurred_at, p_booked_at, p_reverses,
        p_lease_id, p_licence_id, p_order_id, lines)
    ON CONFLICT (template, reference) DO NOTHING RETURNING transaction_id INTO new_id;
    IF new_id IS NULL THEN
        PERFORM journal_require_same(p_template, p_reference, p_account_ids, p_amounts);
        RETURN NULL;
    END IF;
    INSERT INTO postings (transaction_id, line, posting_count, account_id, organisation_id,
        currency, amount, booked_at)
    SELECT new_id, given.line, lines, account.account_id, account.organisation_id,
        account.currency, given.amount, p_booked_at
    FROM unnest(p_account_ids, p_amounts) WITH ORDINALITY AS given (account_id, amount, line)
    JOIN journal_accounts account USING (account_id);
    GET DIAGNOSTICS written = ROW_COUNT;
    IF written <> lines THEN
        RAISE EXCEPTION 'an account of % % is not open', p_template, p_reference
            USING ERRCODE = 'JN003';
    END IF;
    PERFORM journal_move_wallets(new_id, p_lease_id);
    RETURN new_id;
END $$
"""

REQUIRE_SAME = """
CREATE FUNCTION journal_require_same(
    p_template text, p_reference text, p_account_ids text[], p_amounts bigint[]
) RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    stored_account_ids text[];
    stored_amounts bigint[];
BEGIN
    SELECT array_agg(p.account_id ORDER BY p.line), array_agg(p.amount ORDER BY p.line)
        INTO stored_account_ids, stored_amounts
        FROM postings p JOIN journal_transactions t USING (transaction_id)
        WHERE t.template = p_template AND t.reference = p_reference;
    IF stored_account_ids IS DISTINCT FROM p_account_ids
        OR stored_amounts IS DISTINCT FROM p_amounts THEN
        RAISE EXCEPTION '% % is already booked with other postings', p_template, p_reference
            USING ERRCODE = 'JN004';
    END IF;
END $$
"""

MOVE_WALLETS = """
CREATE FUNCTION journal_move_wallets(p_transaction_id bigint, p_lease_id text)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    moved record;
BEGIN
    FOR moved IN
        SELECT p.organisation_id, p.currency, sum(p.amount)::bigint AS amount
        FROM postings p JOIN journal_accounts a USING (account_id)
        WHERE p.transaction_id = p_transaction_id AND a.kind = 'wallet'
        GROUP BY p.organisation_id, p.currency ORDER BY p.organisation_id
    LOOP
        IF p_lease_id IS NULL THEN
            UPDATE wallets SET balance_amount = balance_amount + moved.amount
            WHERE organisation_id = moved.organisation_id AND currency = moved.currency;
        ELSE
            UPDATE wallet_leases SET spent_amount = spent_amount - moved.amount
            WHERE lease_id = p_lease_id AND closed_at IS NULL
                AND organisation_id = moved.organisation_id AND currency = moved.currency;
        END IF;
        IF NOT FOUND THEN
            RAISE EXCEPTION 'no open wallet or lease for %', moved.organisation_id
                USING ERRCODE = 'JN005';
        END IF;
    END LOOP;
END $$
"""

WALLET_RESERVE = """
CREATE FUNCTION wallet_reserve(
    p_lease_id text, p_organisation_id text, p_currency text,
    p_wanted bigint, p_least bigint, p_at timestamptz
) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    wallet wallets;
    lease wallet_leases;
    granted bigint;
BEGIN
    SELECT * INTO wallet FROM wallets
        WHERE organisation_id = p_organisation_id AND currency = p_currency FOR UPDATE;
    IF NOT FOUND THEN
        RETURN 0;
    END IF;
    SELECT * INTO lease FROM wallet_leases WHERE lease_id = p_lease_id;
    IF FOUND THEN
        IF lease.closed_at IS NOT NULL OR lease.organisation_id <> p_organisation_id
            OR lease.currency <> p_currency THEN
            RAISE EXCEPTION 'lease % is closed or not of this wallet', p_lease_id
                USING ERRCODE = 'JN005';
        END IF;
        RETURN lease.amount;
    END IF;
    granted := least(wallet.balance_amount - wallet.pending_amount, p_wanted);
    granted := granted - granted % greatest(p_least, 1);
    IF granted = 0 THEN
        RETURN 0;
    END IF;
    UPDATE wallets SET pending_amount = pending_amount + granted
        WHERE organisation_id = p_organisation_id AND currency = p_currency;
    INSERT INTO wallet_leases (lease_id, organisation_id, currency, amount, opened_at)
        VALUES (p_lease_id, p_organisation_id, p_currency, granted, p_at);
    RETURN granted;
END $$
"""

# Refuses a spend that is not what the books show: nothing could repair it silently later.
WALLET_SETTLE = """
CREATE FUNCTION wallet_settle(p_lease_id text, p_spent bigint, p_at timestamptz)
RETURNS void LANGUAGE plpgsql AS $$
DECLARE
    lease wallet_leases;
BEGIN
    SELECT * INTO lease FROM wallet_leases WHERE lease_id = p_lease_id FOR UPDATE;
    IF NOT FOUND THEN
        RAISE EXCEPTION 'lease % does not exist', p_lease_id USING ERRCODE = 'JN005';
    END IF;
    IF lease.spent_amount <> p_spent THEN
        RAISE EXCEPTION 'lease % of % has % posted, not %',
            p_lease_id, lease.amount, lease.spent_amount, p_spent USING ERRCODE = 'JN006';
    END IF;
    IF lease.closed_at IS NOT NULL THEN
        RETURN;
    END IF;
    UPDATE wallet_leases SET closed_at = p_at WHERE lease_id = p_lease_id;
    UPDATE wallets SET balance_amount = balance_amount - lease.spent_amount,
        pending_amount = pending_amount - lease.amount
        WHERE organisation_id = lease.organisation_id AND currency = lease.currency;
END $$
"""

FUNCTIONS = {
    "journal_require_same(text, text, text[], bigint[])": REQUIRE_SAME,
    "journal_move_wallets(bigint, text)": MOVE_WALLETS,
    "journal_post(text, text, timestamptz, timestamptz, bigint, text, text, text, text[], bigint[])": JOURNAL_POST,  # noqa: E501 -- a signature is one word
    "wallet_reserve(text, text, text, bigint, bigint, timestamptz)": WALLET_RESERVE,
    "wallet_settle(text, bigint, timestamptz)": WALLET_SETTLE,
}
