"""Answers on their way through: cut into events, counted, restored, translated. No socket, no clock."""
