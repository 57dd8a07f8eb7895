"""Builders of valid records for tests."""
