"""The reference interpreter: exact semantics, in memory, in pure Python."""
