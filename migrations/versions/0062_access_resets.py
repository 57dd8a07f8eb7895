"""The way back in for whoever lost password or authenticator."""

from alembic import op

from migrations.row_security import protect

revision = "0062_access_resets"
down_revision = "0061_price_decision_deadlines"
branch_labels = None
depends_on = None

TABLE = """
CREATE TABLE access_resets (
    id text PRIMARY KEY,
    person_id text NOT NULL REFERENCES people,
    organisation_id text NOT NULL REFERENCES organisations,
    reason text NOT NULL CHECK (char_length(reason) BETWEEN 1 AND 2000),
    asked_by text NOT NULL REFERENCES people,
    asked_at timestamptz NOT NULL,
    approved_by text REFERENCES people,
    issued_at timestamptz,
    token_hash text UNIQUE CHECK (token_hash ~ '^[0-9a-f]{64}$'),
    expires_at timestamptz NOT NULL,
    used_at timestamptz,
    CONSTRAINT ck_access_resets_two_people CHECK (approved_by <> asked_by),
    CONSTRAINT ck_access_resets_not_oneself
        CHECK (asked_by <> person_id AND approved_by IS DISTINCT FROM person_id),
    CONSTRAINT ck_access_resets_issued CHECK ((issued_at IS NULL) = (token_hash IS NULL)),
    CONSTRAINT ck_access_resets_used CHECK (used_at IS NULL OR issued_at IS NOT NULL)
);
CREATE INDEX ix_access_resets_person_id ON access_resets (person_id, id);
CREATE INDEX ix_access_resets_organisation_id ON access_resets (organisation_id, id);
CREATE INDEX ix_access_resets_asked_by ON access_resets (asked_by);
CREATE INDEX ix_access_resets_approved_by ON access_resets (approved_by);
"""


def upgrade() -> None:
    """Whose link it is can only be told by the link: the exchange's reach finds it by its hash."""
    op.execute(TABLE)
    protect(op, "access_resets", owners=["organisation_id"])


def downgrade() -> None:
    """What is lost is lost."""
    op.execute("DROP TABLE access_resets")
