"""Providers of models: how each family of servers is spoken to. No file here opens a socket."""
