"""One module per thing that the scanner knows; each answers how often a text holds it."""
