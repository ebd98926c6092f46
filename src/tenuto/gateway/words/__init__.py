"""Frozen values of the gateway. Sums of tokens, addresses, the chat tree, the pieces of an answer, calls."""
