"""What Patchbay costs, measured as ratios: `python -m benchmarks.<name>`."""
