"""Event -> what other rooms do about it: one readable table."""
