"""The log: its files, entries, lanes and years, read from outside and audited whole."""
