"""Columns: BSON values in Arrow arrays, one type to a column or many."""
