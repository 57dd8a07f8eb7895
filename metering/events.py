"""Metering records no events of its own: a call's record is its usage event and its log leaf.

Those are written by the group committer, outside any unit of work
(docs/decisions/0003-leases-lanes-and-group-commit.md).
"""
