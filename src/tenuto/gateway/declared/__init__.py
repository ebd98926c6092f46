"""From what is declared (providers, routes, keys) to the snapshot that the data plane serves from."""
