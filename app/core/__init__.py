"""Kernel: what every room may use; knows neither Flask nor any domain."""
