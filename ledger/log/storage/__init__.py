"""The log's set-based statements: heads, tiles, the waiting line."""
