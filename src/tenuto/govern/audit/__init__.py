"""The append-only record of who did what, why it was allowed, and the proof that it was not edited."""
