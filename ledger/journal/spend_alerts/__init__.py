"""Alerts: a wallet runs low or spending jumps, and its owner is told."""
