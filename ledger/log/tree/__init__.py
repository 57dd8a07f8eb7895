"""The log's mathematics, pure: leaves, hashes, tiles, proofs, checkpoints, notes."""
