"""Credits: what a buyer gets back of what it was charged, with a signed note."""
