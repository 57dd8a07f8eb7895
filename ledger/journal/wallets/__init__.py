"""Prepaid money: what is there, what workers hold of it, and taking from it."""
