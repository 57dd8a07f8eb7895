"""Effects as operators see them: what waits, what was given up and why, and one more try."""
