"""The exchange's own signing keys: kept in one encrypted file, rotated in steps, named by year."""
