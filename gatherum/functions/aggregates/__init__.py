"""Aggregate functions, one to a file."""
