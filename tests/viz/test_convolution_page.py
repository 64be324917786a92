"""The page on which a window slides: its numbers are minitorch's, and it can be used by anyone."""

from __future__ import annotations

import random
import re
from typing import Any

import numpy as np
import pytest
from browser import low_contrast, sideways, stop_the_clock

import minitorch
from minitorch import viz
from minitorch.__main__ import main
from minitorch.nn import functional as F

# Go to a setting, as a link would, and say what is then on the page.
GO = """async (hash) => {
  await new Promise((done) => {
    addEventListener("hashchange", done, {once: true});
    location.hash = hash;
  });
  const seen = {};
  for (const grid of document.querySelectorAll("[role=grid]"))
    seen[grid.id] = [...grid.querySelectorAll("[role=row]")].map((row) =>
      [...row.querySelectorAll("[role=gridcell]")].map((cell) =>
        [cell.dataset.value, cell.querySelector("input")?.value ?? cell.textContent]))
      .filter((row) => row.length);
  return {
    ...seen,
    problem: document.getElementById("problem").textContent,
    sum: document.querySelector(".sum")?.textContent ?? "",
    python: document.getElementById("python").textContent,
  };
}"""


# Do so many things at random, of those that a hand could do; say what the address would then be.
DO = """async ([seed, times]) => {
  const draw = (n) => {
    seed = (seed * 1103515245 + 12345) % 2147483648;
    return Math.floor((seed / 2147483648) * n);
  };
  const some = (selector, act) => {
    const seen = [...document.querySelectorAll(selector)].filter((e) => e.checkVisibility());
    if (seen.length) act(seen[draw(seen.length)]);
  };
  const type = (element, text) => {
    element.focus();
    element.value = text;
    element.dispatchEvent(new Event("input"));
  };
  const keys = ["ArrowRight", "ArrowLeft", "ArrowUp", "ArrowDown", " ", "Home", "End", "Escape"];
  const acts = [
    () => some("[type=radio], [type=checkbox]", (e) => e.click()),
    () => some("[type=number]", (e) => type(e, draw(6) - 1)),
    () => some("button:enabled:not(#copy)", (e) => e.click()),
    () => some("[role=gridcell] input", (e) => type(e, draw(20) - 9)),
    () => some(".cell, .term", (e) => {
      e.click();
      e.dispatchEvent(new PointerEvent("pointerover", {bubbles: true}));
    }),
    () => some("option", (e) => {
      e.selected = true;
      e.parentNode.dispatchEvent(new Event("change"));
    }),
    () => document.activeElement.dispatchEvent(
      new KeyboardEvent("keydown", {key: keys[draw(keys.length)], bubbles: true})),
  ];
  for (let time = 0; time < times; time++) {
    acts[draw(acts.length)]();
    if (time % 10 === 0) await new Promise((done) => setTimeout(done, 20));
  }
  if (problem(state)) document.getElementById("reset").click();
  pause();
  return "#" + toHash(state);
}"""


@pytest.fixture
def file(tmp_path):
    return viz.convolution(tmp_path / "page.html")


def number(text: str) -> float:
    return float(text.replace("−", "-").replace("∞", "inf"))


def values(grid: list[list[list[str]]]) -> np.ndarray[Any, Any]:
    """The numbers of a grid, having seen that what is shown is what is meant."""
    for exact, shown in (cell for row in grid for cell in row):
        assert number(shown) == pytest.approx(number(exact), rel=6e-3, abs=1e-12)
    return np.array([[number(exact) for exact, _ in row] for row in grid])


def shown(page: Any, grid: str) -> list[list[str]]:
    """What stands in a grid, the padding left out."""
    return page.eval_on_selector(
        f"#{grid}",
        """(grid) => [...grid.querySelectorAll("[role=row]")].map((row) =>
          [...row.querySelectorAll("[role=gridcell]")].map((cell) =>
            cell.querySelector("input")?.value ?? cell.textContent)).filter((row) => row.length)""",
    )


def drawn(op: str, seed: int) -> dict[str, Any]:
    """Settings at random, of which PyTorch refuses some."""
    draw = random.Random(f"{op} {seed}")

    def pair(low: int, high: int) -> list[int]:
        return [draw.randint(low, high), draw.randint(low, high)]

    def quarters(size: list[int]) -> list[list[float]]:
        return [[draw.randint(-8, 8) / 4 for _ in range(size[1])] for _ in range(size[0])]

    size, kernel = pair(2, 8), pair(1, 4)
    return {
        "size": size,
        "kernel": kernel,
        "stride": pair(1, 3),
        "padding": pair(0, 2 if op == "conv2d" else 1),
        "dilation": pair(1, 3) if op != "avg_pool2d" else [1, 1],
        "x": quarters(size),
        "w": quarters(kernel),
        "count": draw.random() < 0.5,
    }


def by_minitorch(op: str, s: dict[str, Any], x: Any, w: Any) -> Any:
    stride, padding, dilation, kernel = (
        tuple(s[k]) for k in ("stride", "padding", "dilation", "kernel")
    )
    if op == "conv2d":
        return F.conv2d(x, w, None, stride, padding, dilation)[0]
    if op == "max_pool2d":
        return F.max_pool2d(x, kernel, stride, padding, dilation)[0]
    return F.avg_pool2d(x, kernel, stride, padding, count_include_pad=s["count"])[0]


def address(op: str, s: dict[str, Any], **more: Any) -> str:
    """The settings as the page's address has them."""

    def text(key: str, value: Any) -> str:
        if key in ("x", "w", "g"):
            return ";".join(",".join(map(repr, row)) for row in value)
        return "x".join(map(str, value)) if isinstance(value, list) else str(value)

    parts = s | {"op": op, "count": int(s["count"])} | more
    return "#" + "&".join(f"{key}={text(key, value)}" for key, value in parts.items())


@pytest.mark.parametrize("op", ["conv2d", "max_pool2d", "avg_pool2d"])
def test_the_numbers_are_minitorchs(visit, file, op):
    page = visit(file)
    refused = 0
    for seed in range(18):
        s = drawn(op, seed)
        x = minitorch.tensor([s["x"]], dtype=minitorch.float64, requires_grad=True)
        w = minitorch.tensor([[s["w"]]], dtype=minitorch.float64, requires_grad=True)
        try:
            y = by_minitorch(op, s, x, w)
        except RuntimeError:
            assert page.evaluate(GO, address(op, s))["problem"], s
            refused += 1
            continue

        # Forward, all windows; the sum that is written out is that of the last.
        last = y.numel() - 1
        seen = page.evaluate(GO, address(op, s, mode="forward", at=last))
        assert not seen["problem"], s
        np.testing.assert_allclose(values(seen["y"]), y.detach().numpy(), rtol=1e-12)
        end = number(seen["sum"].split("=")[-1].strip())
        assert end == pytest.approx(y.flatten()[-1].item(), rel=6e-3, abs=1e-12)

        # Backward, to some window: the gradients of the outputs up to there.
        draw = random.Random(seed)
        at = draw.randint(0, last)
        g = [[draw.randint(-4, 4) / 2 for _ in range(y.shape[1])] for _ in range(y.shape[0])]
        seen = page.evaluate(GO, address(op, s, mode="backward", at=at, g=g))
        until = minitorch.tensor(g, dtype=minitorch.float64).flatten()
        until[at + 1 :] = 0
        y.backward(until.reshape(y.shape), retain_graph=True)
        np.testing.assert_allclose(values(seen["gx"]), x.grad[0].numpy(), rtol=1e-12, atol=1e-14)
        if op == "conv2d":
            np.testing.assert_allclose(
                values(seen["gw"]), w.grad[0, 0].numpy(), rtol=1e-12, atol=1e-14
            )

        # The program on the page gives the same, all windows done.
        names: dict[str, Any] = {"print": lambda *_: None}
        exec(seen["python"], names)
        assert minitorch.equal(names["y"][0], y)
        x.grad = w.grad = None
        y.backward(minitorch.tensor(g, dtype=minitorch.float64))
        assert minitorch.equal(names["x"].grad, x.grad)
        assert op != "conv2d" or minitorch.equal(names["w"].grad, w.grad)
    assert 1 < refused < 14


@pytest.mark.parametrize(
    ("example", "output"),
    [
        ("A bright edge, lost without padding", [["3"]]),
        (
            "The edge kept by a padding of 1",
            [["510", "2", "4"], ["765", "3", "6"], ["510", "2", "4"]],
        ),
        ("Stride 3: 5 × 5 ones on 8 × 8 ones", [["25", "25"], ["25", "25"]]),
        ("Max pool, 2 × 2", [["6", "8"], ["14", "16"]]),
        ("Average pool, 2 × 2", [["3.5", "5.5"], ["11.5", "13.5"]]),
        ("Max pool of negatives: the padding is −∞", [["−1", "−2", "−4"], ["−5", "−6", "−8"],
         ["−13", "−14", "−16"]]),
    ],
)  # fmt: skip
def test_an_example_shows_its_numbers(visit, file, example, output):
    page = visit(file)
    page.select_option("#example", example)
    if len(output) > 1:
        page.click("#last")
    assert shown(page, "y") == output


def test_a_kernel_of_the_ten_is_put_over_ones_own_input(visit, file):
    page = visit(file, hash="#op=max_pool2d&kernel=2&stride=2&padding=1&x=1,2;3,4&mode=backward")
    page.select_option("#example", "Gaussian blur, 3 × 3")
    assert shown(page, "x") == [["1", "2"], ["3", "4"]]
    assert shown(page, "w")[1] == ["0.125", "0.25", "0.125"]
    page.get_by_label("Forward").check()
    page.click("#last")
    x = minitorch.tensor([[[[1.0, 2], [3, 4]]]])
    y = F.conv2d(
        x, minitorch.tensor(viz.KERNELS["Gaussian blur, 3 × 3"]).float()[None, None], padding=1
    )
    assert [[number(text) for text in row] for row in shown(page, "y")] == [
        pytest.approx(row, rel=2e-3) for row in y[0, 0].tolist()
    ]


def test_names_run_from_a11_to_a66(visit, file):
    page = visit(file, hash="#show=names&at=1")
    grid = shown(page, "x")
    assert (grid[0][0], grid[5][5], shown(page, "w")[2][2]) == ("a11", "a66", "k33")
    assert page.inner_text(".sum").startswith("y12 = a12·k11 + a13·k12 + a14·k13 + a22·k21")
    assert shown(page, "y")[0] == ["y11", "y12", "", ""]


def test_it_plays_a_window_a_second(visit, file):
    page = visit(file)
    stop_the_clock(page)
    page.click("#play")
    assert page.inner_text("#play") == "Pause"
    page.clock.run_for(950)
    assert page.inner_text("#place") == "1 of 16"
    page.clock.run_for(3_100)
    assert page.inner_text("#place") == "5 of 16"
    assert [cell != "" for cell in shown(page, "y")[1]] == [True, False, False, False]
    page.click("#play")
    page.clock.run_for(5_000)
    assert page.inner_text("#place") == "5 of 16"
    page.eval_on_selector("#pace", "e => {e.value = 0.1; e.dispatchEvent(new Event('input'));}")
    page.click("#play")
    page.clock.run_for(2_000)
    assert (page.inner_text("#place"), page.inner_text("#play")) == ("16 of 16", "Play again")
    page.click("#play")
    assert page.inner_text("#place") == "1 of 16"


def test_anything_may_be_changed_while_it_plays(visit, file):
    page = visit(file)
    stop_the_clock(page)
    changes = [
        lambda: page.get_by_label("Backward").check(),
        lambda: page.get_by_label("Input size, rows").fill("4"),
        lambda: page.get_by_label("Names").check(),
        lambda: page.get_by_label("Max pool").check(),
        lambda: page.select_option("#example", "Stride 3: 5 × 5 ones on 8 × 8 ones"),
        lambda: page.click("#random"),
        lambda: page.evaluate("location.hash = '#size=3&padding=2'"),
        lambda: page.get_by_label("Kernel size, rows").fill("16"),  # refused
        lambda: page.click("#random"),
        lambda: page.get_by_label("Backward").check(),
        lambda: page.keyboard.press("Space"),
        lambda: page.get_by_label("Kernel size, rows").fill("2"),
        lambda: page.click("#reset"),
    ]
    for change in changes:
        if page.is_visible("#play") and page.inner_text("#play") != "Pause":
            page.click("#play")
        page.clock.run_for(1_100)
        change()
        page.clock.run_for(1_100)
    assert page.inner_text("#place") == "1 of 16"


def test_stepping_and_picking(visit, file):
    page = visit(file)
    page.click("#step")
    page.click("#step")
    page.click("#back")
    assert page.inner_text("#place") == "2 of 16"
    assert page.inner_text("#title") == "Window 2: rows 0 to 2, columns 1 to 3"
    page.click("#last")
    assert "" not in {cell for row in shown(page, "y") for cell in row}
    page.locator("#y [role=gridcell]").nth(6).click()
    assert page.inner_text("#title") == "Window 7: rows 1 to 3, columns 2 to 4"
    assert "" not in {cell for row in shown(page, "y") for cell in row}  # what was filled in stays
    page.click("#first")
    assert page.is_disabled("#back") and page.is_enabled("#last")


def test_a_value_is_changed(visit, file):
    page = visit(file)
    assert shown(page, "y")[0][0] == "6"
    cell = page.get_by_label("Input, row 1, column 3", exact=True)
    cell.fill("1/2")
    assert shown(page, "y")[0][0] == "6.5"
    cell.fill("nonsense")
    assert cell.get_attribute("aria-invalid") is not None
    page.get_by_label("Kernel, row 1, column 1").fill("2")
    assert shown(page, "y")[0][0] == "6.5"
    assert cell.input_value() == "0.5"
    page.wait_for_url(re.compile("x=0,5,0.5,"))


def test_numbers_are_shown_short_and_right(visit, file):
    page = visit(file)
    numbers = {
        "0": "0", "-0": "0", "-3": "−3", "1000000": "1000000", "12345.678": "12346",
        "1234.5678e4": "1.235e+7", "0.1": "0.1", "1/3": "0.333", "-2/3": "−0.667", "22/7": "3.143",
        "1e-9": "1e−9", "0,5": "0.5", ".5": "0.5", "999.96": "1000", "−7": "−7",
    }  # fmt: skip
    for typed, text in numbers.items():
        page.get_by_label("Input, row 1, column 1", exact=True).fill(typed)
        page.keyboard.press("ArrowDown")
        assert shown(page, "x")[0][0] == text, typed
    for typed in ("", "1/0", "Infinity", "nan", "1e999", "2+2", "0x10", "1 2"):
        page.get_by_label("Input, row 1, column 1", exact=True).fill(typed)
        page.keyboard.press("ArrowDown")
        assert shown(page, "x")[0][0] == "−7", typed


def test_sizes_are_changed(visit, file):
    page = visit(file)
    page.get_by_label("Input size, rows").fill("8")
    assert len(shown(page, "x")) == len(shown(page, "x")[0]) == 8
    page.get_by_label("rows = columns").uncheck()
    page.get_by_label("Kernel size, columns").fill("2")
    page.get_by_label("Stride, rows").fill("2")
    assert (len(shown(page, "y")), len(shown(page, "y")[0])) == (3, 7)
    page.get_by_label("Kernel size, rows").fill("9")
    assert "larger than the input" in page.inner_text("#problem")
    page.get_by_label("Kernel size, rows").fill("99")
    assert page.inner_text("#note") == "Kernel size: a whole number from 1 to 16."
    page.get_by_label("Padding, rows").fill("1")
    assert page.is_hidden("#problem")


def test_the_stride_of_a_pool_follows_its_window(visit, file):
    page = visit(file)
    page.get_by_label("Max pool").check()
    assert page.get_by_label("Stride, rows").input_value() == "3"
    page.get_by_label("Kernel size, rows").fill("2")
    assert page.get_by_label("Stride, rows").input_value() == "2"
    page.get_by_label("Padding, rows").fill("2")
    assert "at most half of the window" in page.inner_text("#problem")
    page.get_by_label("Convolution", exact=True).check()
    assert page.get_by_label("Stride, rows").input_value() == "1"
    assert page.is_hidden("#problem")


def test_the_keyboard_is_enough(visit, file):
    page = visit(file)
    press = page.keyboard.press

    def focused() -> str:
        return page.evaluate(
            "document.activeElement.getAttribute('aria-label') || document.activeElement.id "
            "|| document.activeElement.value"
        )

    def tab_to(wanted: str) -> None:
        for _ in range(40):
            press("Tab")
            if re.match(wanted, focused()):
                return
        raise AssertionError(f"no Tab stop {wanted}")

    press("ArrowRight")
    press("ArrowRight")
    assert page.inner_text("#place") == "3 of 16"
    press("ArrowLeft")
    assert page.inner_text("#place") == "2 of 16"
    tab_to("forward")
    press("ArrowRight")
    assert page.is_visible("#gx")
    press("ArrowLeft")
    tab_to("Input, row 1, column 1")
    press("ArrowDown")
    press("ArrowRight")
    press("End")
    assert focused() == "Input, row 2, column 6"
    press("Home")
    page.keyboard.type("7")
    press("Enter")
    assert shown(page, "x")[1][0] == "7"
    page.keyboard.type("88")
    press("Escape")
    assert shown(page, "x")[2][0] == "2"
    tab_to("Kernel, row 1, column 1")  # a grid is one stop
    tab_to("Output, row 1, column 2")
    press("ArrowDown")
    assert page.inner_text("#place") == "6 of 16"
    assert "Output, row 2, column 2: " in focused()
    stop_the_clock(page)
    press("Space")
    page.clock.run_for(2_100)
    assert page.inner_text("#place") == "8 of 16"
    press("Space")
    page.clock.run_for(2_100)
    assert page.inner_text("#place") == "8 of 16"
    tab_to("Kernel size, rows")
    press("ArrowDown")
    assert len(shown(page, "w")) == 2


def test_a_gradient_flows_back(visit, file):
    page = visit(file, hash="#mode=backward&x=1,2,3;4,5,6;7,8,9&w=1,10;100,1000&g=1,2;3,4")
    assert shown(page, "gx") == [["1", "10", "0"], ["100", "1000", "0"], ["0", "0", "0"]]
    assert shown(page, "gw") == [["1", "2"], ["4", "5"]]
    assert page.inner_text("#title") == (
        "Gradient 1: y.grad[0, 0] = 1, through rows 0 to 1, columns 0 to 1"
    )
    assert "x.grad[0, 1] +=\n1 · 10\n10" in page.inner_text("#terms")
    page.click("#step")
    assert shown(page, "gx")[0] == ["1", "12", "20"]
    assert "w.grad[1, 0] +=\n2 · 5\n10" in page.inner_text("#terms")
    page.get_by_label("Output gradient, row 1, column 2").fill("0")
    assert shown(page, "gx")[0] == ["1", "10", "0"]
    page.get_by_label("Output gradient, row 2, column 1").click()
    assert page.inner_text("#place") == "3 of 4"


def test_a_gradient_tells_what_it_is_the_sum_of(visit, file):
    page = visit(file, hash="#mode=backward&x=1,2,3;4,5,6;7,8,9&w=1,10;100,1000&g=1,2;3,-4&at=3")
    assert page.inner_text(".sum").startswith("Choose a number of a gradient")
    page.locator("#gx [role=gridcell]").nth(4).click()
    assert page.inner_text(".sum") == "x.grad[1, 1] = 1·1000 + 2·100 + 3·10 − 4·1 = 1226"
    assert page.inner_text("#said") == page.inner_text(".sum")
    page.locator("#gw [role=gridcell]").nth(1).click()
    assert page.inner_text(".sum") == "w.grad[0, 1] = 1·2 + 2·3 + 3·5 − 4·6 = −1"
    page.click("#back")
    assert page.inner_text(".sum") == "w.grad[0, 1] = 1·2 + 2·3 + 3·5 = 23"
    page.get_by_label("Names").check()
    assert shown(page, "gx")[2] == ["∂a31", "∂a32", ""]  # to the last, nothing has come yet
    page.locator("#gx [role=gridcell]").nth(1).click()
    assert page.inner_text(".sum") == "∂a12 = g11·k12 + g12·k11"


def test_what_belongs_together_is_shown_together(visit, file):
    page = visit(file, hash="#at=5")

    def lit() -> list[str]:
        return page.eval_on_selector_all(
            ".lit",
            "all => all.map((e) => e.querySelector('input')?.ariaLabel ?? e.textContent)",
        )

    page.locator(".term").nth(5).hover()
    together = ["Input, row 3, column 4", "Kernel, row 2, column 3", "3 · 13"]
    assert lit() == together
    page.hover("h1")
    assert lit() == []
    page.get_by_label("Kernel, row 2, column 3").hover()
    assert lit() == together
    page.get_by_label("Input, row 3, column 4").hover()
    assert lit() == together
    page.get_by_label("Input, row 1, column 1", exact=True).hover()
    assert lit() == []


def test_ties_and_padding_are_told(visit, file):
    page = visit(file, hash="#op=max_pool2d&mode=backward&kernel=2&stride=2&x=3,3;3,3&g=5")
    assert shown(page, "gx") == [["5", "0"], ["0", "0"]]
    assert "the first of 4 that tie" in page.inner_text("#terms")
    page = visit(file, hash="#op=max_pool2d&kernel=2&stride=2&padding=1&x=-3,-3;-3,-3")
    assert page.inner_text(".sum") == "y[0, 0] = max(−∞, −∞, −∞, −3) = −3"
    assert page.locator("#x .pad").nth(0).inner_text() == "−∞"
    page = visit(file, hash="#mode=backward&x=1&w=1,1,1;1,2,1;1,1,1&padding=1&g=3")
    assert shown(page, "gx") == [["6"]]
    assert page.inner_text("#terms").count("padding: lost") == 8


def test_the_address_keeps_the_setting(visit, file):
    page = visit(file, hash="#op=avg_pool2d&kernel=2x3&stride=1x2&padding=1x0&count=0&at=2")
    page.get_by_label("Input, row 1, column 1", exact=True).fill("-0.125")
    page.keyboard.press("Tab")
    page.wait_for_url(re.compile("x=-0.125"))
    link = page.evaluate("location.hash")
    again = visit(file, hash=link)
    for grid in ("x", "y"):
        assert shown(again, grid) == shown(page, grid)
    assert again.inner_text(".sum") == page.inner_text(".sum")
    assert not again.get_by_label("rows = columns").is_checked()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_whatever_is_done_the_address_says_what_is_shown(visit, file, seed):
    page = visit(file)
    page.eval_on_selector("#pace", "e => {e.value = 0.1; e.dispatchEvent(new Event('input'));}")
    link = page.evaluate(DO, [seed, 200])
    again = visit(file, hash=link)
    for each in (page, again):
        if each.is_enabled("#last"):
            each.click("#last")
    ids = "all => all.map((e) => e.id)"
    grids = page.eval_on_selector_all("[role=grid]", ids)
    assert grids == again.eval_on_selector_all("[role=grid]", ids)
    for grid in grids:
        assert shown(page, grid) == shown(again, grid)
    assert page.inner_text("#title") == again.inner_text("#title")


def test_an_address_without_sense_is_told(visit, file):
    page = visit(file, hash="#size=900&x=1,2;3&stride=zero&kernel=2&more=1&constructor=3")
    assert len(shown(page, "w")) == 2
    assert page.inner_text("#note").endswith("left out: size, x, stride, more, constructor.")


def test_it_is_told_to_screen_readers(visit, file):
    page = visit(file)
    page.click("#step")
    assert page.inner_text("#said").startswith("y[0, 1] = ")
    assert page.get_by_role("grid", name="Output").get_attribute("aria-rowcount") == "4"
    assert page.locator("#y [aria-selected=true]").get_attribute("aria-label") == (
        "Output, row 1, column 2: −14"
    )
    assert page.locator("#y [role=gridcell]").nth(5).get_attribute("aria-label") == (
        "Output, row 2, column 2: nothing yet"
    )
    unnamed = page.evaluate("""() => [...document.querySelectorAll("button, input, select")]
      .filter((e) => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length))
      .map((e) => e.outerHTML)""")
    assert unnamed == []


@pytest.mark.parametrize("dark", [False, True])
def test_it_can_be_read_on_a_phone_and_on_a_desk(visit, file, dark):
    for width in (390, 1280):
        page = visit(file, width=width, dark=dark)
        for settings in (
            "#at=5",
            "#mode=backward&padding=1&at=9",
            "#op=max_pool2d&mode=backward&kernel=2&stride=1&padding=1&at=3",
            "#op=avg_pool2d&kernel=2&stride=2&at=2",
            "#show=names&at=7",
            "#op=max_pool2d&padding=5",
            "#size=16&kernel=7&dilation=2&at=3",
        ):
            page.evaluate(GO, settings)
            assert low_contrast(page) == []
            assert sideways(page) == 0, (width, settings)
    # On a phone the buttons stay in sight while the page is read.
    page = visit(file, width=390, height=844)
    page.evaluate("document.querySelector('#written').scrollIntoView()")
    assert 0 <= page.locator("#play").bounding_box()["y"] < 800


def test_motion_is_kept_from_who_does_not_want_it(visit, file):
    for still, seconds in ((True, "0s"), (False, "0.2s")):
        page = visit(file, still=still)
        style = page.eval_on_selector("#x .frame", "e => getComputedStyle(e).transitionDuration")
        assert style.split(",")[0] == seconds


def test_ones_own_tensors(visit, tmp_path):
    x = minitorch.tensor([[[[255.0, 1, 2]] * 3]])
    w = minitorch.tensor([[0.0, 1, 0]] * 3)
    page = visit(viz.convolution(tmp_path / "own.html", x, w, padding=1, stride=(1, 2)))
    page.click("#last")
    assert shown(page, "y") == [["510", "4"], ["765", "6"], ["510", "4"]]
    page.get_by_label("Input, row 1, column 1", exact=True).fill("0")
    page.click("#reset")
    assert shown(page, "x")[0] == ["255", "1", "2"]
    path = viz.convolution(
        tmp_path / "own.html", x, operation="max_pool2d", kernel_size=2, grad_output=[[5]]
    )
    page = visit(path)
    assert shown(page, "gx")[0] == ["5", "0", "0"]


@pytest.mark.parametrize(
    ("error", "arguments"),
    [
        (RuntimeError, {"weight": np.ones((7, 7))}),
        (RuntimeError, {"operation": "max_pool2d", "padding": 2}),
        (ValueError, {"input": np.ones((2, 3, 3))}),
        (ValueError, {"input": np.ones((17, 3))}),
        (ValueError, {"input": [[1.0, float("nan")]] * 2}),
        (ValueError, {"operation": "conv3d"}),
        (ValueError, {"operation": "avg_pool2d", "dilation": 2}),
        (ValueError, {"operation": "avg_pool2d", "weight": np.ones((2, 2))}),
        (ValueError, {"kernel_size": 3, "weight": np.ones((3, 3))}),
        (ValueError, {"kernel_size": 17}),
        (ValueError, {"stride": (1, 2, 3)}),
        (ValueError, {"stride": 17}),
        (ValueError, {"grad_output": np.ones((3, 4))}),
    ],
)
def test_what_the_page_cannot_show_is_refused(tmp_path, error, arguments):
    with pytest.raises(error):
        viz.convolution(tmp_path / "no.html", **arguments)
    assert not (tmp_path / "no.html").exists()


def test_the_command(tmp_path, capsys, visit):
    file = tmp_path / "page.html"
    command = ["convolution", "-o", str(file), "--operation", "max_pool2d"]
    assert main([*command, "--padding", "1", "--backward", "--kernel-size", "2"]) == 0
    assert capsys.readouterr().err == f"Wrote {file}\n"
    page = visit(file)
    assert (page.inner_text("#place"), len(shown(page, "gx"))) == ("1 of 16", 6)
    assert main([*command, "--padding", "2"]) == 2
    assert "pad should be at most half" in capsys.readouterr().err
