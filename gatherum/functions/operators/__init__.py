"""Expression operators, one family to a file."""
