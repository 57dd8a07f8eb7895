"""Tables of other exchanges' listings: their cells, rows and the report."""
