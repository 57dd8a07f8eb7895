"""Double-entry money: accounts, postings, top-ups, invoices."""
