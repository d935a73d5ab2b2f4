"""How each kind of node is interpreted, one family to a file."""
