"""What queries share: settings, memory, threads, temporary files, cancellation and metrics."""
