"""Credit lines: how much an organisation may owe, by two people."""
