"""Bringing a database to this version's schema. Each room keeps its numbered steps; one line joins them."""
