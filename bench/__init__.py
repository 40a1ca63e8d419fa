"""Benchmarks. Each prints a ratio against a peer in the same run: `python -m bench --help`."""
