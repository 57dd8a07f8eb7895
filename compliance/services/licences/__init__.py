"""Licences: issued by rules of their own, and ended before their term."""
