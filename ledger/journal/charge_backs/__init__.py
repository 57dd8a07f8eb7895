"""Charge-backs and refunds: money of a top-up that goes back, and what that leaves owed."""
