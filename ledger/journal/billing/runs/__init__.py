"""Monthly runs: an invoice for every licence, then the bills."""
