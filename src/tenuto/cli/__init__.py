"""The command line: a client of the API, but for what touches this machine."""
