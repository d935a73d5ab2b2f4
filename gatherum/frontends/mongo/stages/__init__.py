"""The stages, one to a file."""
