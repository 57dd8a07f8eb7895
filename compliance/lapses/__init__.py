"""What lapses by itself, when, and what follows; pure."""
