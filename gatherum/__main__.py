"""`python -m gatherum`: the shell's command."""

from gatherum.cli.main import main

main()
