"""Decisions of people, bound to a digest."""
