"""The built site in a browser: narrow, dark, searched, offline. Skipped where it is not built."""

from __future__ import annotations

import os
import pathlib
from collections.abc import Callable
from typing import Any

import pytest
from browser import low_contrast, sideways

pytestmark = pytest.mark.slow

DOCS = pathlib.Path(__file__).resolve().parents[2] / "docs"
SITE = pathlib.Path(os.environ.get("MINITORCH_SITE", DOCS / "_build"))
PAGES = [
    "index",
    "start",
    "reading",
    "add_an_op",
    "examples",
    "genindex",
    "gradcheckers",
    "speed",
    "surface",
    "api/index",
    "api/names",
    "api/tensor",
    "api/layers",
    "course/index",
    "course/plot_12_three_ways",
    "course/plot_15_bugs",
    "programs/digits",
    "source/minitorch/autograd/walk.py",
]

# The theme lets the text scroll by itself, where it would else be the page that scrolls sideways.
TOO_WIDE = "(e => e.scrollWidth - e.clientWidth)(document.querySelector('.content'))"


@pytest.fixture
def open_page(visit: Callable[..., Any]) -> Callable[..., Any]:
    if not (SITE / "index.html").exists():
        pytest.skip("the site is not built: sphinx-build -W docs docs/_build")
    return lambda name, **options: visit(SITE / f"{name}.html", **options)


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_a_page_is_as_narrow_as_a_phone_and_can_be_read(
    open_page: Callable[..., Any], name: str, dark: bool
) -> None:
    page = open_page(name, width=390, dark=dark)
    assert not sideways(page)
    assert page.evaluate(TOO_WIDE) == 0
    assert low_contrast(page) == []


def test_the_search_finds_offline(open_page: Callable[..., Any]) -> None:
    page = open_page("search", hash="?q=conv2d")
    page.wait_for_selector("#search-results li a")
    assert "minitorch.conv2d" in page.inner_text("#search-results")
