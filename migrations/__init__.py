"""Schema changes, one a file; additive first."""
