"""The command `gatherum`: queries from the shell."""
