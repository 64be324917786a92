"""How Sphinx builds these pages: ``sphinx-build -W docs docs/_build``."""

project = "minitorch"
author = "The minitorch authors"
copyright = "2026, the minitorch authors"

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon", "sphinx.ext.intersphinx"]
intersphinx_mapping: dict[str, tuple[str, None]] = {}
exclude_patterns = ["_build"]
myst_heading_anchors = 3
suppress_warnings = ["myst.xref_missing"]  # links to source files, which are no pages of the site

html_theme = "furo"
html_title = "minitorch"
html_static_path: list[str] = []
