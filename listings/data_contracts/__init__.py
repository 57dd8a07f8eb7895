"""Versions as documents of the Open Data Contract Standard, both ways; pure."""
