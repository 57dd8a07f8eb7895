"""What each command checks and prints; `cli` reads the words behind it."""
