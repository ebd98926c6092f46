"""A PostgreSQL of Tenuto's own: one host, one private socket, no TCP. ``supervisor.py`` is the way in."""
