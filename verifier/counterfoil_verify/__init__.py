"""Checks a Counterfoil exchange's evidence without trusting, or importing, the exchange."""

__version__ = "0.1.0"
