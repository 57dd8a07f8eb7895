"""A call, step by step: read, decided, delivered, recorded, answered."""
