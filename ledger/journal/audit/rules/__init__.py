"""The rules of the live audit, by subject; a finding of one freezes what it touches."""
