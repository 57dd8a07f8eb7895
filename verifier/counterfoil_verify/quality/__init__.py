"""Quality reports: the rows that a supplier committed to, and those drawn of them."""
