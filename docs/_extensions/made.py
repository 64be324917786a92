"""What the pages show of ``minitorch.viz``, made anew with every build, in docs/_made/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minitorch import viz

MADE = Path(__file__).parent.parent / "_made"


def make(app: Any, config: Any) -> None:
    """Write the page on which a window slides, and the photograph under ten kernels."""
    MADE.mkdir(exist_ok=True)
    viz.convolution(MADE / "window.html")
    viz.filters(MADE / "filters.png")


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    app.connect("config-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
