"""The states of one aggregate for all groups of a table, in whatever layout is fastest for the values at hand."""
