"""Test vectors as JSON, and the script that makes them."""
