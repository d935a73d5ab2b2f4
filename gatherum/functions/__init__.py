"""What functions mean: aggregates, expression operators and query predicates, in plain Python over BSON values."""
