"""What is asked of the finished pages: a build fails where the answer is no."""

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


def dead_links(page: str, folder: Path) -> list[str]:
    """Return the links of an HTML page in `folder` that lead to no file, or to no place on it."""
    dead = []
    for address in set(re.findall(r"""<a\b[^>]*?\shref="([^":]*)\"""", page)):
        path, _, place = address.partition("#")
        found = (folder / path).exists() if path else not place or f'id="{place}"' in page
        dead += [] if found else [address]
    return sorted(dead)


def check_pages(app: Any, failure: Exception | None) -> None:
    """Fail if a page loads anything from elsewhere, or links to what is not there."""
    if failure is None and app.builder.format == "html":
        wrong = [
            f"{file.relative_to(app.outdir)} loads {address}"
            for kind in ("*.html", "*.css", "*.svg")
            for file in sorted(Path(app.outdir).rglob(kind))
            for address in fetched_from_elsewhere(file.read_text(encoding="utf-8"))
        ]
        wrong += [
            f"{file.relative_to(app.outdir)} links to {address}"
            for file in sorted(Path(app.outdir).rglob("*.html"))
            for address in dead_links(file.read_text(encoding="utf-8"), file.parent)
        ]
        if wrong:
            raise SphinxError("\n".join(wrong))


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
