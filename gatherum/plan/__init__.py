"""Plans as data: expressions, logical nodes, their canonical form, and the protocols of what plans run over."""
