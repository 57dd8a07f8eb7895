"""Calls that their buyer signs: the signature checked, kept sealed, and shown again."""
