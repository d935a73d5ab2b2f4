"""What users call: connect, aggregate; databases, collections and results."""
