"""Settlement: what suppliers are owed for a range of the books, fixed in a statement."""
