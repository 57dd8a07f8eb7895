"""Freezes: the live audit stops the accounts that a finding touches; two people lift it."""
