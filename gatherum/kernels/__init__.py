"""Columns and the fast loops over them."""
