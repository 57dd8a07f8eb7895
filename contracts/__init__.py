"""Contracts on chain, and the clients that speak to them."""
