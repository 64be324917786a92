"""The pages of a graph and of a replay, driven in a browser."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browser import low_contrast, sideways, stop_the_clock
from test_viz_graph import make_net, net_loss

import minitorch
from minitorch import viz


def recorded() -> tuple[Any, viz.Graph, Any]:
    net = make_net()
    with viz.record(net):
        loss = net_loss(net)
    return net, viz.graph(loss), loss


def small() -> tuple[Any, Any, Any]:
    x = minitorch.tensor(2.0, requires_grad=True)
    w = minitorch.tensor([1.0, -3.0], requires_grad=True)
    return x, w, ((x * w).sigmoid() + x).sum()


@pytest.fixture
def graph_page(visit: Any, tmp_path: Path) -> Any:
    _, graph, _ = recorded()
    path = graph.html(tmp_path / "graph.html")
    return lambda **how: (visit(path, **how), graph)


@pytest.fixture
def replay_page(visit: Any, tmp_path: Path) -> Any:
    x, w, loss = small()
    replay = viz.replay(loss, params={"x": x, "w": w})
    path = replay.html(tmp_path / "replay.html")
    return lambda **how: (visit(path, **how), replay)


def texts(page: Any, selector: str) -> list[str]:
    return page.locator(selector).all_text_contents()


def box_text(page: Any, key: str) -> str:
    return "\n".join(texts(page, f"[data-key={key}] text"))


# ---- the graph ------------------------------------------------------------------------------


def test_the_page_draws_what_the_picture_has(graph_page: Any) -> None:
    page, graph = graph_page()
    mine = re.findall(r'<path class="line" d="([^"]*)"', graph.svg())
    drawn = page.eval_on_selector_all(".line", "lines => lines.map(l => l.getAttribute('d'))")

    def numbers(paths: list[str]) -> Any:
        return np.array(sorted([float(n) for n in re.findall(r"[\d.]+", path)] for path in paths))

    np.testing.assert_allclose(numbers(mine), numbers(drawn), atol=0.11)
    rects = re.findall(r'<rect x="([\d.]+)" y="([\d.]+)" width="([\d.]+)"', graph.svg())
    seen = page.eval_on_selector_all(
        ".box > rect, .around",
        "all => all.map(r => ['x', 'y', 'width'].map(n => Number(r.getAttribute(n))))",
    )
    np.testing.assert_allclose(sorted(seen), sorted([float(n) for n in r] for r in rects), atol=0.1)


def test_a_folded_drawing_is_the_pictures_too(graph_page: Any, monkeypatch: Any) -> None:
    page, graph = graph_page()
    keys = [group.key for group in graph.tree().groups()]
    for closed in ({"1.conv"}, {"1", "4"}, {"0", "1.norm"}):
        page.evaluate(
            """(keys) => { document.getElementById("fold").click(); for (const key of keys) {
            const at = [...document.querySelectorAll(".folded")].find(
                (g) => (g.querySelector(".name").textContent + " ").startsWith("▸ " + key + " "));
            if (at) at.dispatchEvent(new MouseEvent("click", {bubbles: true})); } }""",
            [key for key in keys if key and key not in closed],
        )
        opened = {key for key in keys if key not in closed}
        monkeypatch.setattr(viz.svg, "opened", lambda graph, fold, opened=opened: opened)
        mine = re.findall(r'<path class="line" d="([^"]*)"', graph.svg())
        drawn = page.eval_on_selector_all(".line", "lines => lines.map(l => l.getAttribute('d'))")
        assert len(mine) == len(drawn)
        for one, other in zip(mine, drawn, strict=True):
            pairs = (re.findall(r"[\d.]+", path) for path in (one, other))
            np.testing.assert_allclose(*([float(n) for n in p] for p in pairs), atol=0.11)


def test_a_click_tells_all_of_a_node(graph_page: Any) -> None:
    page, graph = graph_page()
    node = next(n for n in graph.nodes if n.name == "ConvolutionBackward0")
    page.locator(f"[data-key=n{node.number}]").click()
    said = page.locator("#details").text_content()
    for label, text in node.details():
        assert label in said and text in said
    page.locator("#details button", has_text="0.weight").click()
    assert "0.weight" in page.locator("#details h2").text_content()
    assert page.locator(".chosen").get_attribute("data-key") == "n2"


def test_modules_fold_and_unfold(graph_page: Any) -> None:
    page, graph = graph_page()
    assert page.locator(".box").count() == len(graph)
    page.locator("#fold").click()
    assert texts(page, ".folded .name") == ["▸ Sequential"]
    page.locator(".folded").click()
    names = texts(page, ".folded .name")
    assert names == ["▸ 0 Conv2d", "▸ 1 Block", "▸ 4 Linear"]
    page.locator(".folded", has_text="1 Block").click()
    assert "▾ 1 Block" in texts(page, ".title text")
    page.locator(".title", has_text="▾ 1 Block").click()
    assert texts(page, ".folded .name") == names
    page.locator("#unfold").click()
    assert page.locator(".folded").count() == 0


def test_it_can_be_walked_with_the_keyboard_alone(graph_page: Any) -> None:
    page, graph = graph_page()
    page.keyboard.press("f")
    for _ in range(20):
        page.keyboard.press("Tab")
        if page.evaluate("() => document.activeElement.dataset.key !== undefined"):
            break
    focused = "() => document.activeElement.dataset.key"
    first = page.evaluate(focused)
    page.keyboard.press("ArrowDown")
    assert page.evaluate(focused) not in (None, first)
    while not page.evaluate(focused).startswith("g"):
        page.keyboard.press("ArrowUp")
    page.keyboard.press("Enter")
    assert page.locator(".box").count() > 4
    page.keyboard.press("Enter")
    assert texts(page, ".folded .name") == ["▸ Sequential"]
    page.keyboard.press("/")
    page.keyboard.type("conv.weight")
    page.keyboard.press("Enter")
    assert "1.conv.weight" in page.locator("#details h2").text_content()
    assert page.locator("#found").text_content() == "1 of 1"
    assert graph.roots


def test_it_can_be_moved_and_enlarged(graph_page: Any) -> None:
    page, _ = graph_page()
    where = "() => document.querySelector('.frame g').getAttribute('transform')"
    before = page.evaluate(where)
    page.locator("#larger").click()
    larger = page.evaluate(where)
    assert larger != before
    box = page.locator("#frame").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] - 15
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x - 60, y - 100, steps=4)
    page.mouse.up()
    moved = page.evaluate(where)
    assert moved != larger
    page.mouse.wheel(0, 50)
    assert page.evaluate(where) != moved
    page.keyboard.press("0")
    assert page.evaluate(where) == before


@pytest.mark.parametrize(("width", "dark"), [(1280, True), (390, False)])
def test_both_fit_every_window_and_can_be_read(
    graph_page: Any, replay_page: Any, width: int, dark: bool
) -> None:
    for make in (graph_page, replay_page):
        page, _ = make(width=width, dark=dark)
        page.keyboard.press("ArrowRight")
        assert sideways(page) == 0
        assert low_contrast(page) == []
        colours = page.eval_on_selector_all(
            ".box text.name",
            "all => all.map(t => [getComputedStyle(t).fill, "
            "getComputedStyle(t.parentElement.querySelector('rect')).fill])",
        )
        assert min(contrast(*pair) for pair in colours) >= 4.5


def contrast(one: str, other: str) -> float:
    def light(colour: str) -> float:
        parts = np.array([float(n) for n in re.findall(r"[\d.]+", colour)][:3]) / 255
        linear = np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)
        return float(linear @ [0.2126, 0.7152, 0.0722])

    low, high = sorted([light(one), light(other)])
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(
    ("says", "system_dark", "dark"),
    [
        ("", False, False),
        ("", True, True),
        ('data-jp-theme-light="false"', False, True),
        ('data-jp-theme-light="true"', True, False),
        ('class="vscode-dark"', False, True),
        ('data-theme="light"', True, False),
    ],
)
def test_a_notebooks_picture_is_as_dark_as_the_notebook(
    visit: Any, tmp_path: Path, says: str, system_dark: bool, dark: bool
) -> None:
    _, graph, _ = recorded()
    file = tmp_path / "notebook.html"
    file.write_text(f"<!doctype html><body {says}>{graph._repr_html_()}", encoding="utf-8")
    page = visit(file, dark=system_dark)
    paper = page.eval_on_selector(".mtg .paper", "r => getComputedStyle(r).fill")
    assert paper == ("rgb(14, 17, 22)" if dark else "rgb(255, 255, 255)")
    for kind in ("name", "faint"):
        pairs = page.eval_on_selector_all(
            f".mtg g > text.{kind}",
            "all => all.map(t => [getComputedStyle(t).fill, "
            "getComputedStyle(t.parentElement.querySelector('rect')).fill])",
        )
        assert pairs and min(contrast(*pair) for pair in pairs) >= 4.5
    assert sideways(page) == 0


def test_a_replay_in_a_notebook(visit: Any, tmp_path: Path) -> None:
    x, _, loss = small()
    file = tmp_path / "notebook.html"
    html = viz.replay(loss)._repr_html_()
    file.write_text(f"<!doctype html><meta charset=utf-8><body>{html}", encoding="utf-8")
    frame = visit(file).frame_locator("iframe")
    frame.locator("#next").click()
    assert "SumBackward0 runs" in frame.locator("#step").text_content()
    assert x.grad is not None


# ---- the replay -----------------------------------------------------------------------------


def test_next_and_back_tell_minitorchs_numbers(replay_page: Any) -> None:
    page, replay = replay_page()
    assert page.locator("#back").is_disabled()
    for step in replay:
        page.locator("#next").click()
        said = page.locator("#step").text_content()
        assert step.title in said
        for label, text in step.rows():
            assert label in said and text in said
        now = page.locator(".box.now")
        assert now.get_attribute("data-key") == f"n{step.node.number}"
        grad = step.after if step.node.kind == "leaf" else step.arrived[0]
        if grad.count() <= 4:
            assert f"grad {grad.short()}" in box_text(page, f"n{step.node.number}")
        # One line for each, and more where it passes other rows.
        assert page.locator(".edge.flow").count() >= len({s.target for s in step.sent})
        assert page.locator(".edge.flow .upward").count() == len({s.target for s in step.sent})
        waiting = {
            sent.target for before in replay.steps[: step.number] for sent in before.sent
        } - {before.node.number for before in replay.steps[: step.number]}
        assert {k for k in keys(page, ".waiting")} == {f"n{n}" for n in waiting}
    assert page.locator("#next").is_disabled()
    assert page.locator("#heldText").text_content().startswith("0 B of")
    page.locator("#back").click()
    assert page.locator("#where").text_content() == f"step {len(replay) - 1} of {len(replay)}"
    page.locator("#first").click()
    assert page.locator(".box.now").count() == 0
    assert not any("grad" in text for text in texts(page, ".box text"))


def keys(page: Any, selector: str) -> list[str]:
    return page.eval_on_selector_all(selector, "all => all.flatMap(e => e.dataset.key || [])")


def test_play_runs_to_the_end_and_stops(replay_page: Any) -> None:
    page, replay = replay_page()
    stop_the_clock(page)
    page.locator("#speed").select_option("4")
    page.locator("#play").click()
    assert page.locator("#play").text_content() == "❚❚ Pause"
    page.clock.run_for(400)
    assert page.locator("#where").text_content().startswith("step 1 ")
    page.locator("#play").click()
    page.clock.run_for(2_000)
    assert page.locator("#where").text_content().startswith("step 1 ")
    page.locator("#play").click()
    page.clock.run_for(5_000)
    assert page.locator("#where").text_content() == f"step {len(replay)} of {len(replay)}"
    assert page.locator("#play").get_attribute("aria-pressed") == "false"


def test_the_keys_of_the_replay(replay_page: Any) -> None:
    page, replay = replay_page()
    stop_the_clock(page)
    where = page.locator("#where")
    for key, at in [
        *(("ArrowRight", 1), ("ArrowRight", 2), ("ArrowLeft", 1), ("End", len(replay))),
        *(("ArrowRight", len(replay)), ("Home", 0), ("ArrowLeft", 0)),
    ]:
        page.keyboard.press(key)
        assert where.text_content() == f"step {at} of {len(replay)}"
    page.keyboard.press(" ")
    page.clock.run_for(1_500)
    assert where.text_content().startswith("step 1 ")
    page.keyboard.press(" ")
    page.clock.run_for(5_000)
    assert where.text_content().startswith("step 1 ")


def test_a_replay_of_folded_modules(visit: Any, tmp_path: Path) -> None:
    net, _, loss = recorded()
    replay = viz.replay(loss, module=net)
    page = visit(replay.html(tmp_path / "net.html"))
    turn = next(step for step in replay[3:] if step.sent)  # (a leaf sends nothing on)
    for _ in range(turn.number):
        page.keyboard.press("ArrowRight")
    assert keys(page, ".now") == [f"n{turn.node.number}"]
    assert page.locator(".edge.flow").count() >= 1
    page.keyboard.press("f")
    assert keys(page, ".now")[0].startswith("g")
    page.keyboard.press("u")
    page.keyboard.press("End")
    last = replay[-1].node
    assert keys(page, ".now") == [f"n{last.number}"]
    # The gradient of the residual goes two ways, through borders of modules.
    add = next(s.number for s in replay if s.node.name == "AddBackward0")
    page.keyboard.press("Home")
    for _ in range(add):
        page.keyboard.press("ArrowRight")
    assert page.locator(".edge.flow").count() >= 4
