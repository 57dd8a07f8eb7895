"""Arrivals: money on the bank's statement that names nothing of ours, recorded into suspense."""
