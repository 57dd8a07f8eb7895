"""The public registry of data products; pure."""
