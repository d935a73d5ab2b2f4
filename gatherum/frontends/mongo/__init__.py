"""MongoDB's aggregation pipelines."""
