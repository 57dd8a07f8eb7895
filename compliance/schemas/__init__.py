"""The JSON shapes of this room, by subject."""
