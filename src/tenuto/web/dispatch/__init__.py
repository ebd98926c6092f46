"""From bytes to a handler and back: one request, in the order recognise, read, decode, call, render."""
