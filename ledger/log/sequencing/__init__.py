"""How the log advances: batches, publication, a year's turn, scrubbing."""
