"""Detail records of a person's calls, erased by two operators."""
