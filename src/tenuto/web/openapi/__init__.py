"""The description of the API, made from the registry and the types it names."""
