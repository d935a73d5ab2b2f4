"""Benchmarks: `python -m bench` prints every figure with its bound, and fails where one is missed."""
