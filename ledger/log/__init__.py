"""Transparency log: entries, tree, tiles, checkpoints, proofs, anchors."""
