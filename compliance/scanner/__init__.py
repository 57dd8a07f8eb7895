"""Finds personal data and secrets in sample rows."""
