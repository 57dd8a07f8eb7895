"""Bank accounts: where money leaves to, and what every transfer out has in common."""
