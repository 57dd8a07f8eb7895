"""Organisations, people, roles, sign-in and API keys."""
