"""Declared things: plan, apply, history, rollback."""
