"""Define, plan and run steps."""
