"""Consents of data subjects: what a person agreed to, for whom, for what, until when."""
