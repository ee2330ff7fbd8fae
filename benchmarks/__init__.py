"""Benchmarks that print ratios: `python -m benchmarks.<name>`."""
