"""Heads of the log on a chain: asked for, sent, seen final, sent again."""
