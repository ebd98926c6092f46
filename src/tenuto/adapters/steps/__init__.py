"""Steps that Tenuto ships and that run like a project's own: in a process of their own, without a database."""
