"""Values that are written and used, never read back."""
