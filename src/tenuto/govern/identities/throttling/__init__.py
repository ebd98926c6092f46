"""How often a password may be tried."""
