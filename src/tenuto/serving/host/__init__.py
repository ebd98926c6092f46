"""The prediction server: one process that answers for all online endpoints of a machine."""
