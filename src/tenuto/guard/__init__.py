"""Checks and transformations on text, data, artifacts and packages, and what follows from what they find."""
