"""What a buyer's vault keeps: receipts, accepted heads, contradictions, ends of shards."""

TABLES = """
CREATE TABLE IF NOT EXISTS receipts (
    leaf BLOB PRIMARY KEY, licence TEXT NOT NULL, lane INTEGER NOT NULL, n INTEGER NOT NULL,
    due_at INTEGER NOT NULL, proven_size INTEGER, data BLOB NOT NULL,
    UNIQUE (licence, lane, n)
) STRICT;
CREATE INDEX IF NOT EXISTS unproven ON receipts (due_at) WHERE proven_size IS NULL;
CREATE TABLE IF NOT EXISTS heads (
    origin TEXT NOT NULL, tree_size INTEGER NOT NULL, data BLOB NOT NULL,
    PRIMARY KEY (origin, tree_size)
) STRICT;
CREATE TABLE IF NOT EXISTS contradictions (
    first BLOB NOT NULL, second BLOB NOT NULL, reason TEXT NOT NULL, UNIQUE (first, second)
) STRICT;
CREATE TABLE IF NOT EXISTS given_up (
    origin TEXT PRIMARY KEY, kept_size INTEGER NOT NULL
) STRICT;
"""
