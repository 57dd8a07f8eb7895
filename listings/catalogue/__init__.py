"""How a listing is found, shown and exported; pure."""
