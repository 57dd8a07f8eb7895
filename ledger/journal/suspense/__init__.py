"""Suspense: money of which nobody knows whose it is; it finds its owner or goes back."""
