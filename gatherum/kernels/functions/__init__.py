"""Columnar forms of functions: states of aggregates and expression operators, found by the names they serve."""
