"""The double-entry core: accounts, postings, and the one way into the books."""
