"""How Sphinx builds these pages: ``sphinx-build -W docs docs/_build``.

Nothing on a page is fetched from elsewhere when it is read: no fonts, no scripts, no mathematics
that a script would have to draw (formulas are written in Unicode). docs/_extensions/checks.py holds
the pages to that.
"""

import sys
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE / "_extensions")]

import programs  # noqa: E402 - docs/_extensions/programs.py

project = "minitorch"
author = "The minitorch authors"
copyright = "2026, the minitorch authors"

extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx_gallery.gen_gallery",
    "sphinx.ext.viewcode",
    "api",
    "checks",
    "made",
    "programs",
    "source",
]
exclude_patterns = [
    "_build",
    "_made",
    "_extensions",
    "_staged",
    "lessons",  # the scripts; what they become lies in course/
    "programs/index.rst",  # examples.md lists them
    "**/GALLERY_HEADER.rst",
]
default_role = "py:obj"  # `name` in a docstring: a link where there is something to link to
autodoc_inherit_docstrings = False
napoleon_google_docstring, napoleon_numpy_docstring = True, False
napoleon_custom_sections = [
    "Shape",
    ("Class attributes that a subclass may set", "params_style"),
]
napoleon_use_rtype = False
python_maximum_signature_line_length = 80
myst_heading_anchors = 3
suppress_warnings = [
    "config.cache",  # the gallery's settings hold functions, which cannot be cached
]

sphinx_gallery_conf = {
    "examples_dirs": ["lessons", "_staged"],
    "gallery_dirs": ["course", "programs"],
    "within_subsection_order": "FileNameSortKey",
    "filename_pattern": programs.RUN,
    "reset_argv": programs.arguments,
    "reset_modules": ("matplotlib", programs.torch_is_minitorch),
    "reset_modules_order": "both",
    "abort_on_example_error": True,
    "capture_repr": (),
    "image_srcset": ["2x"],  # sharp on a phone
    "download_all_examples": False,
    "show_signature": False,
    "write_computation_times": False,
    "remove_config_comments": True,
    "plot_gallery": "True",
}

html_theme = "furo"
html_title = "minitorch"
html_static_path = ["_static"]
html_extra_path = ["_made"]  # what stands alone (docs/_extensions/made.py)
html_css_files = ["site.css"]
html_copy_source = False
html_show_sphinx = False
html_show_search_summary = False  # it would load each page found, which a file on disk may not
