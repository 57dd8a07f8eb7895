"""What a version goes through once approved: registration, listing, suspension, revocation."""
