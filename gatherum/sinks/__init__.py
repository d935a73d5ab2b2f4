"""What is written: files of each format, found by scanning this package."""
