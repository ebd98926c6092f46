"""The organisation and its workspaces."""
