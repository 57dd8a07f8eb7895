"""Invoices: made from leaves and charges, signed, proven, made again."""
