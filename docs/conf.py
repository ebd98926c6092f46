"""How the documentation is built. ``make docs`` runs it with every warning an error."""  # noqa: INP001 (Sphinx reads it by path)

from __future__ import annotations

from importlib.metadata import version as version_of

from sphinx.application import Sphinx

project = "Tenuto"
author = "the Tenuto maintainers"
version = release = version_of("tenuto")

extensions = ["myst_parser"]
source_suffix = {".md": "markdown"}
exclude_patterns = ["_build"]
nitpicky = True

myst_enable_extensions = ["colon_fence"]
myst_heading_anchors = 3

highlight_language = "none"
html_theme = "furo"
html_title = f"Tenuto {release}"
html_copy_source = False
html_show_sphinx = False

# Files of the repository's root that are pages here too, and where their links lead from here.
ROOT_PAGES = {
    "ARCHITECTURE.md": "/explanation/architecture.md",
    "CONTRIBUTING.md": "/explanation/contributing.md",
    "SECURITY.md": "/explanation/security.md",
    "CHANGELOG.md": "/changelog.md",
}


def lead_from_here(_app: Sphinx, _path: object, _page: str, content: list[str]) -> None:
    """Rewrite the links of an included root file, which are right where the file stands."""
    for name, page in ROOT_PAGES.items():
        content[0] = content[0].replace(f"]({name}", f"]({page}")
    content[0] = content[0].replace("](docs/", "](/")


def setup(app: Sphinx) -> None:
    app.connect("include-read", lead_from_here)
