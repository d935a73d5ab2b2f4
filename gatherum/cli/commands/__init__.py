"""The subcommands: a module each, whose `command` the shell loads when it is asked for."""
