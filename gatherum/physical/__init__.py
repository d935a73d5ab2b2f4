"""Physical operators: how the nodes of a plan are carried out over batches, and how a plan is lowered to them."""
