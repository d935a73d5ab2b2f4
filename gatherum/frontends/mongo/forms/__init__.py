"""Expression operators with a syntax of their own, one to a file."""
