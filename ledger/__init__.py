"""The journal (money) and the log (evidence), kept apart by name."""
