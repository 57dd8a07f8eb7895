"""Statements' evidence: a statement whole, or one row of it without the others, with proofs."""
