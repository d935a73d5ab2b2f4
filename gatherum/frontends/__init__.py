"""Languages in which aggregations are written, translated to plans."""
