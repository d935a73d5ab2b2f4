"""Readers of columns: files and Arrow objects; imported when such a source is opened."""
