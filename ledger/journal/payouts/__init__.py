"""Payouts: a settlement's money goes to its supplier, by two people."""
