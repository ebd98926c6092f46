"""What may pass between steps: one codec for each kind, by content address, never by pickle."""
