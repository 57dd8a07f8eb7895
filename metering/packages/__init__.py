"""Data packages: a call is answered with a manifest, and its files follow by request."""
