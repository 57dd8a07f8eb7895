"""Documents that stand behind evidence, kept by their hash until a person has to read them."""
