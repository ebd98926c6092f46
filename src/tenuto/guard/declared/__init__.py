"""What workspaces declare about the guards."""
