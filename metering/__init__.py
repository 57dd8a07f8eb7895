"""The data plane: entitlements, leases, rating, usage receipts and delivery."""
