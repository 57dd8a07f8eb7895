"""Double-entry money: accounts, postings, wallets and their leases, top-ups, invoices."""
