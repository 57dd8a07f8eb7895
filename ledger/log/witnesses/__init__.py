"""Outsiders who cosign the log's heads, and the policy of how many must."""
