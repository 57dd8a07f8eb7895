"""The wallets' functions since credit lines and freezes, as migration 0015 installs them."""

# What a wallet can still promise: its balance, its credit line unless that is suspended, less what
# is leased already; nothing while the account is frozen.
WALLET_AVAILABLE = """
CREATE FUNCTION wallet_available(wallet wallets) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT CASE WHEN EXISTS (
        SELECT 1 FROM account_freezes f
        WHERE f.account_id = wallet.account_id AND f.lifted_at IS NULL
    ) THEN 0 ELSE greatest(
        wallet.balance_amount - wallet.pending_amount
            + CASE WHEN wallet.is_credit_suspended THEN 0 ELSE wallet.credit_limit_amount END,
        0
    ) END
$$
"""

WALLET_RESERVE = """
CREATE OR REPLACE FUNCTION wallet_reserve(
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
    granted := least(wallet_available(wallet), p_wanted);
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
