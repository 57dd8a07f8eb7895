"""Commands for operators; each is one service in one unit of work."""
