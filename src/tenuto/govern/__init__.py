"""Who may, who did, and the proof: identities, permissions, secrets and the audit log."""
