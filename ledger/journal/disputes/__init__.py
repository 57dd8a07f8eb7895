"""Disputes: calls that a buyer says were charged wrongly, examined, answered and decided."""
