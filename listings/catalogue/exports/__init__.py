"""A listing in the words of standards: DCAT-AP 3, ODRL 2.2 and Croissant 1.1, as JSON-LD."""
