"""Row and state batches on disk."""
