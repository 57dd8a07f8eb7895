"""The books' self-audit: its rules, and every sum that does not hold."""
