"""What is read: files of each format, found by scanning this package, and objects in memory."""
