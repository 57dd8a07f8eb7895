"""Organisations, people, sessions and API keys."""

from alembic import op

from migrations.row_security import exchange_only, protect

revision = "0002_accounts"
down_revision = "0001_kernel"
branch_labels = None
depends_on = None

TABLES = (
    "api_keys",
    "held_licences",
    "refresh_tokens",
    "signed_in_sessions",
    "second_factors",
    "sign_in_attempts",
    "verification_decisions",
    "evidence_records",
    "role_grants",
    "people",
    "organisations",
)
"""In the order in which they can be dropped."""

PARTIES = """
CREATE TABLE organisations (
    id text PRIMARY KEY,
    name text NOT NULL CHECK (char_length(name) BETWEEN 2 AND 200),
    uscc text NOT NULL CHECK (uscc ~ '^[0-9A-HJ-NP-RTUWXY]{2}[0-9]{6}[0-9A-HJ-NP-RTUWXY]{10}$'),
    is_supplier boolean NOT NULL,
    is_buyer boolean NOT NULL,
    is_exchange boolean NOT NULL,
    status text NOT NULL CHECK (status IN ('pending', 'verified', 'refused')),
    registered_at timestamptz NOT NULL,
    verified_until timestamptz,
    CONSTRAINT ck_organisations_one_side CHECK (is_exchange <> (is_supplier OR is_buyer)),
    CONSTRAINT ck_organisations_verified_until
        CHECK (is_exchange OR (status = 'verified') = (verified_until IS NOT NULL))
);
-- Anybody may claim a code; it becomes somebody's only when a reviewer says so.
CREATE UNIQUE INDEX uq_organisations_verified_uscc ON organisations (uscc)
    WHERE status = 'verified';
CREATE UNIQUE INDEX uq_organisations_exchange ON organisations (is_exchange) WHERE is_exchange;
CREATE INDEX ix_organisations_status ON organisations (status, id);

CREATE TABLE evidence_records (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    kind text NOT NULL CHECK (char_length(kind) <= 40),
    title text NOT NULL CHECK (char_length(title) <= 200),
    issuer text NOT NULL CHECK (char_length(issuer) <= 200),
    document_hash text NOT NULL CHECK (document_hash ~ '^[0-9a-f]{64}$'),
    valid_until timestamptz,
    added_at timestamptz NOT NULL
);
CREATE INDEX ix_evidence_records_organisation ON evidence_records (organisation_id, id);
"""

PEOPLE = """
CREATE TABLE people (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    email text NOT NULL CONSTRAINT uq_people_email UNIQUE CHECK (char_length(email) <= 254),
    name text NOT NULL CHECK (char_length(name) <= 100),
    password_hash text NOT NULL CHECK (password_hash LIKE '$argon2id$%'),
    token_version bigint NOT NULL CHECK (token_version >= 1),
    added_at timestamptz NOT NULL,
    deactivated_at timestamptz
);
CREATE INDEX ix_people_organisation ON people (organisation_id, id);

CREATE TABLE role_grants (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    person_id text NOT NULL REFERENCES people,
    organisation_id text NOT NULL REFERENCES organisations,
    role text NOT NULL CHECK (role IN ('owner', 'supplier', 'buyer', 'reviewer',
        'listing_officer', 'risk_officer', 'operator', 'auditor')),
    granted_at timestamptz NOT NULL,
    granted_by text NOT NULL,
    withdrawn_at timestamptz,
    withdrawn_by text,
    CONSTRAINT ck_role_grants_withdrawn
        CHECK ((withdrawn_at IS NULL) = (withdrawn_by IS NULL))
);
CREATE UNIQUE INDEX uq_role_grants_in_force ON role_grants (person_id, role)
    WHERE withdrawn_at IS NULL;
CREATE INDEX ix_role_grants_organisation ON role_grants (organisation_id, role);

CREATE TABLE verification_decisions (
    id text PRIMARY KEY,
    organisation_id text NOT NULL REFERENCES organisations,
    decision text NOT NULL CHECK (decision IN ('verify', 'refuse')),
    method text NOT NULL CHECK (char_length(method) <= 40),
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 2000),
    valid_until timestamptz,
    decided_by text NOT NULL REFERENCES people,
    deciding_organisation_id text NOT NULL REFERENCES organisations,
    decided_at timestamptz NOT NULL,
    -- The separation of duties, once more where no code path can go round it.
    CONSTRAINT ck_verification_decisions_not_own
        CHECK (deciding_organisation_id <> organisation_id),
    CONSTRAINT ck_verification_decisions_valid_until
        CHECK ((decision = 'verify') = (valid_until IS NOT NULL))
);
CREATE INDEX ix_verification_decisions_organisation
    ON verification_decisions (organisation_id, id);
CREATE INDEX ix_verification_decisions_decided_by ON verification_decisions (decided_by);
CREATE INDEX ix_verification_decisions_deciding
    ON verification_decisions (deciding_organisation_id);
"""

SESSIONS = """
CREATE TABLE sign_in_attempts (
    email_hash text PRIMARY KEY CHECK (email_hash ~ '^[0-9a-f]{64}$'),
    count bigint NOT NULL CHECK (count >= 0),
    last_at timestamptz NOT NULL,
    locked_until timestamptz
);
CREATE INDEX ix_sign_in_attempts_last_at ON sign_in_attempts (last_at);

CREATE TABLE second_factors (
    person_id text PRIMARY KEY REFERENCES people,
    organisation_id text NOT NULL REFERENCES organisations,
    secret_ciphertext bytea,
    pending_ciphertext bytea,
    last_step bigint,
    confirmed_at timestamptz,
    CONSTRAINT ck_second_factors_confirmed
        CHECK ((secret_ciphertext IS NULL) = (confirmed_at IS NULL)
            AND (secret_ciphertext IS NULL) = (last_step IS NULL))
);
CREATE INDEX ix_second_factors_organisation ON second_factors (organisation_id);

CREATE TABLE signed_in_sessions (
    id text PRIMARY KEY,
    person_id text NOT NULL REFERENCES people,
    organisation_id text NOT NULL REFERENCES organisations,
    has_second_factor boolean NOT NULL,
    started_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    ended_at timestamptz,
    end_reason text CHECK (char_length(end_reason) <= 40),
    CONSTRAINT ck_signed_in_sessions_end CHECK ((ended_at IS NULL) = (end_reason IS NULL))
);
CREATE INDEX ix_signed_in_sessions_person ON signed_in_sessions (person_id, id);
CREATE INDEX ix_signed_in_sessions_organisation ON signed_in_sessions (organisation_id);
CREATE INDEX ix_signed_in_sessions_expires_at ON signed_in_sessions (expires_at);

CREATE TABLE refresh_tokens (
    token_hash text PRIMARY KEY CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    session_id text NOT NULL REFERENCES signed_in_sessions ON DELETE CASCADE,
    organisation_id text NOT NULL REFERENCES organisations,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    rotated_at timestamptz
);
-- A family has one token that can be used.
CREATE UNIQUE INDEX uq_refresh_tokens_usable ON refresh_tokens (session_id)
    WHERE rotated_at IS NULL;
CREATE INDEX ix_refresh_tokens_session ON refresh_tokens (session_id);
CREATE INDEX ix_refresh_tokens_organisation ON refresh_tokens (organisation_id);
"""

KEYS = """
CREATE TABLE held_licences (
    licence_id text PRIMARY KEY,
    organisation_id text NOT NULL,
    ends_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX ix_held_licences_organisation ON held_licences (organisation_id);

CREATE TABLE api_keys (
    id text PRIMARY KEY,
    organisation_id text NOT NULL,
    licence_id text NOT NULL REFERENCES held_licences,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 100),
    prefix text NOT NULL CHECK (char_length(prefix) = 8),
    secret_hash text NOT NULL UNIQUE CHECK (secret_hash ~ '^[0-9a-f]{64}$'),
    networks jsonb NOT NULL
        CHECK (jsonb_typeof(networks) = 'array' AND jsonb_array_length(networks) <= 20),
    issued_by text NOT NULL REFERENCES people,
    issued_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    revoked_at timestamptz,
    rotated_to text REFERENCES api_keys,
    CONSTRAINT ck_api_keys_rotated_to CHECK (rotated_to <> id)
);
CREATE INDEX ix_api_keys_organisation ON api_keys (organisation_id, id);
CREATE INDEX ix_api_keys_licence ON api_keys (licence_id);
CREATE INDEX ix_api_keys_issued_by ON api_keys (issued_by);
CREATE INDEX ix_api_keys_rotated_to ON api_keys (rotated_to);
"""


def upgrade() -> None:
    """Create the tables of this room."""
    for statements in (PARTIES, PEOPLE, SESSIONS, KEYS):
        op.execute(statements)
    protect(op, "organisations", owners=["id"])
    for table in (
        "evidence_records",
        "people",
        "role_grants",
        "verification_decisions",
        "second_factors",
        "signed_in_sessions",
        "refresh_tokens",
        "held_licences",
        "api_keys",
    ):
        protect(op, table, owners=["organisation_id"])
    # Addresses that nobody here has are counted too, so the rows belong to no organisation.
    exchange_only(op, "sign_in_attempts")


def downgrade() -> None:
    """Drop them."""
    for table in TABLES:
        op.execute(f"DROP TABLE {table}")
