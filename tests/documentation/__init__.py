"""The documentation is tested: its requests run, its links lead somewhere."""
