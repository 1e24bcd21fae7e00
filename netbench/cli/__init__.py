"""The command line: a module a verb, and the one place where errors become exit codes."""
