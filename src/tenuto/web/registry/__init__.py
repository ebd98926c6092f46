"""The strict route registry: no route without action, resource and audit declaration."""
