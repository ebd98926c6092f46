"""A word with commands below it, such as ``tenuto key``."""

from __future__ import annotations

from cyclopts import App


def group(name: str, summary: str, *examples: str) -> App:
    """Return the group; its help shows ``examples``, each a whole command line."""
    shown = "\n".join(f"    {example}" for example in examples)
    return App(name=name, help=f"{summary}\n\nFor example:\n\n{shown}", version_flags=[])
