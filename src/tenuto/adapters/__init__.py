"""Bundled plugins. Each is reached by its entry point only; nothing else in the house knows its name."""
