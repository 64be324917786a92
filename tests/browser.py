"""What the tests of interactive pages share: a headless Chromium, and what every page must keep.

    def test_it(visit):
        page = visit(path, width=390, dark=True)

`visit` opens a file in a window of its own; the fixture then fails the test if the page wrote an
error to the console, raised one, or asked the network for anything. It skips, with a word, where
Playwright or the browser is missing.
"""

from __future__ import annotations

import pathlib
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome")
LOCAL = ("file:", "data:", "blob:", "about:")


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """One browser for the tests of a module."""
    api = pytest.importorskip(
        "playwright.sync_api", reason="the tests in a browser need: pip install playwright"
    )
    program = next(filter(None, map(shutil.which, NAMES)), None)
    if program is None:
        pytest.skip("the tests in a browser need one: apt-get install chromium")
    with api.sync_playwright() as playwright:
        chromium = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def visit(browser: Any) -> Iterator[Callable[..., Any]]:
    """Open a page: ``visit(path, hash="", width=1280, height=900, dark=False, still=True)``.

    `still` asks for reduced motion. The answer is Playwright's Page.
    """
    yield from visits(browser)


def visits(browser: Any) -> Iterator[Callable[..., Any]]:
    """Yield what opens pages; at the end fail for what they did wrong."""
    contexts: list[Any] = []
    troubles: list[str] = []

    def visit(
        path: pathlib.Path,
        *,
        hash: str = "",
        width: int = 1280,
        height: int = 900,
        dark: bool = False,
        still: bool = True,
    ) -> Any:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            reduced_motion="reduce" if still else "no-preference",
            offline=True,
        )
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(20_000)  # a busy machine is no failure
        page.on("pageerror", lambda error: troubles.append(f"error: {error}"))
        page.on(
            "console",
            lambda said: said.type == "error" and troubles.append(f"console: {said.text}"),
        )
        page.on(
            "request",
            lambda request: (
                request.url.startswith(LOCAL) or troubles.append(f"request: {request.url}")
            ),
        )
        page.goto(pathlib.Path(path).resolve().as_uri() + hash)
        return page

    yield visit
    for context in contexts:
        context.close()
    assert not troubles, "\n".join(troubles)


# Text that is seen, with the lowest contrast that WCAG AA allows it, and that which it has.
CONTRAST = """() => {
  const paint = document.createElement("canvas").getContext("2d", {willReadFrequently: true});
  const known = new Map();
  const parse = (text) => {
    if (!known.has(text)) {
      paint.clearRect(0, 0, 1, 1);
      paint.fillStyle = text;
      paint.fillRect(0, 0, 1, 1);
      const [r, g, b, a] = paint.getImageData(0, 0, 1, 1).data;
      known.set(text, [r, g, b, a / 255]);
    }
    return known.get(text);
  };
  const over = ([r, g, b, a], [R, G, B]) =>
    [r * a + R * (1 - a), g * a + G * (1 - a), b * a + B * (1 - a), 1];
  const behind = (element) => {
    if (!element) return parse(getComputedStyle(document.documentElement).colorScheme
      && matchMedia("(prefers-color-scheme: dark)").matches ? "#121212" : "white");
    const own = parse(getComputedStyle(element).backgroundColor);
    return own[3] === 1 ? own : over(own, behind(element.parentElement));
  };
  const light = (colour) => {
    const [r, g, b] = colour.slice(0, 3).map((c) => c / 255)
      .map((c) => (c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const found = [];
  for (const element of document.body.querySelectorAll("*")) {
    const own = [...element.childNodes].some((n) => n.nodeType === 3 && n.data.trim());
    const typed = element.matches("input:not([type=range], [type=checkbox], [type=radio])");
    if (!(own || typed) || element.matches("script, style, option, .spoken, .spoken *, :disabled")
      || element.closest("[aria-hidden=true]") || !element.checkVisibility()) continue;
    const style = getComputedStyle(element);
    const inSvg = element instanceof SVGElement;
    const back = behind(element);
    const front = over(parse(inSvg ? style.fill : style.color), back);
    const [low, high] = [light(front), light(back)].sort((a, b) => a - b);
    const ratio = (high + 0.05) / (low + 0.05);
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && parseInt(style.fontWeight) >= 700);
    if (ratio < (large ? 3 : 4.5))
      found.push(`${element.tagName}.${element.getAttribute("class") || ""} ` +
        `"${(element.value || element.textContent).trim().slice(0, 30)}": ${ratio.toFixed(2)}`);
  }
  return found;
}"""


def low_contrast(page: Any) -> list[str]:
    """The texts on a page whose contrast is below what WCAG AA asks for (4.5; 3 if large).

    Of SVG it takes the text's fill against the HTML behind it, not against other shapes.
    """
    return page.evaluate(CONTRAST)


def sideways(page: Any) -> int:
    """By how many pixels a page is wider than its window (0: it needs no sideways scrolling)."""
    return page.evaluate(
        "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    )


def stop_the_clock(page: Any) -> None:
    """From now on time passes by `page.clock.run_for` alone, however busy the machine is."""
    page.clock.install(time=0)
    page.clock.pause_at(1_000_000)
