"""A witness: cosigns a log's checkpoints and never two histories."""
