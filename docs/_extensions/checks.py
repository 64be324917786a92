"""What is asked of the finished pages: a build whose answer is no fails."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

from sphinx.errors import SphinxError

FETCHES = {"script": "src", "img": "src", "iframe": "src", "source": "src", "link": "href"}


class Fetches(HTMLParser):
    """Collects the addresses that a browser would load in order to show a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get(FETCHES.get(tag, "")) or ""
        if address.startswith(("http:", "https:", "//")):
            self.found.append(address)


def fetched_from_elsewhere(page: str) -> list[str]:
    """Return what an HTML page loads from other places, which need not answer.

    >>> fetched_from_elsewhere('<a href="http://a.b">no</a><script src="https://c.d/e.js">')
    ['https://c.d/e.js']
    """
    parser = Fetches()
    parser.feed(page)
    return parser.found


def check_pages(app: Any, failure: Exception | None) -> None:
    """Fail if a page loads anything from elsewhere."""
    if failure is None and app.builder.format == "html":
        wrong: list[str] = []
        for file in sorted(Path(app.outdir).rglob("*.html")):
            for address in fetched_from_elsewhere(file.read_text(encoding="utf-8")):
                wrong.append(f"{file.relative_to(app.outdir)} loads {address}")
        for file in sorted(Path(app.outdir).rglob("*.css")):
            if re.search(r"""url\(["']?(https?:|//)""", file.read_text(encoding="utf-8")):
                wrong.append(f"{file.relative_to(app.outdir)} loads something from elsewhere")
        if wrong:
            raise SphinxError("\n".join(wrong))


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    app.connect("build-finished", check_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
