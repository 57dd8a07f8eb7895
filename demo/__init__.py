"""Simulated supplier and the whole story over HTTP; says so, and is not part of the product."""
