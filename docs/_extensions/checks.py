"""What is asked of the finished pages: a build whose answer is no fails."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from sphinx.errors import SphinxError

FETCH = re.compile(
    r"""<(?:script|img|iframe|source|embed|object|link)\b[^>]*?
    \s(?:src|href|data)\s*=\s*["']?((?:https?:)?//[^"'\s>]*)""",
    re.VERBOSE | re.IGNORECASE,
)
FETCH_IN_CSS = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]*)""")


def fetched_from_elsewhere(page: str) -> list[str]:
    """Return what an HTML page loads from other places, which need not answer.

    >>> fetched_from_elsewhere('<a href="http://a.b">no</a><script src="https://c.d/e.js">')
    ['https://c.d/e.js']
    """
    return FETCH.findall(page) + FETCH_IN_CSS.findall(page)


def check_pages(app: Any, failure: Exception | None) -> None:
    """Fail if a page loads anything from elsewhere."""
    if failure is None and app.builder.format == "html":
        wrong = [
            f"{file.relative_to(app.outdir)} loads {address}"
            for kind in ("*.html", "*.css", "*.svg")
            for file in sorted(Path(app.outdir).rglob(kind))
            for address in fetched_from_elsewhere(file.read_text(encoding="utf-8"))
        ]
        if wrong:
            raise SphinxError("\n".join(wrong))


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
