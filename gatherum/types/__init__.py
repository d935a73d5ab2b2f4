"""BSON values: their types, order, equality, canonical form and hash."""
