"""Benchmarks: `make bench` writes var/bench/report.json."""
