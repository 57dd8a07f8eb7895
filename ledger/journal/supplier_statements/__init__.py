"""What a supplier earned in a period, per licence."""
