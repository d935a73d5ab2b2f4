"""Query predicates (the operators of $match), one family to a file."""
