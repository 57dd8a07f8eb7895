"""Withdrawals: a buyer's free money goes back to its bank, by two people."""
