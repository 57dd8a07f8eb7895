"""Quality reports: rows are committed first, drawn later, measured and forgotten."""
