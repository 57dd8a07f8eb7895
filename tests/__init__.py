"""Tests: each is a sentence about the product."""
