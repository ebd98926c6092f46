"""Tenuto: a self-hosted, secure AI orchestration platform."""

__version__ = "0.1.0"
