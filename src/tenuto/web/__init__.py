"""The HTTP surface: routes, the control plane's doors and the console. Parses, calls a use case, renders."""
