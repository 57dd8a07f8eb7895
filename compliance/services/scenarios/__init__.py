"""Declared uses: weighed, decided, granted, withdrawn."""
