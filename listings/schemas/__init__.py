"""The JSON shapes of this room."""
