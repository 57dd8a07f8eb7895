"""The terms of a licence: hierarchies, their meet, and who enforces what; pure."""
