"""`viz.graph` and `viz.record`: graphs of every kind, and that looking changes nothing."""

from __future__ import annotations

import gc
import re
import subprocess
import sys
import time
import weakref
import xml.etree.ElementTree as ElementTree
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch import nn, viz
from minitorch.autograd.mode import mode
from minitorch.viz import fold, layout


class Block(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU()

    def forward(self, x: Any) -> Any:
        return self.relu(self.relu(self.norm(self.conv(x))) + x)


def make_net() -> nn.Sequential:
    minitorch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        Block(4),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64, 10),
    )


def net_loss(net: nn.Module) -> Any:
    images = minitorch.rand(2, 1, 8, 8)
    return nn.functional.cross_entropy(net(images), minitorch.tensor([1, 2]))


def operations(graph: viz.Graph) -> list[Any]:
    return [node for node in graph.nodes if node.kind == "operation"]


def chain(length: int) -> Any:
    x = minitorch.tensor(1.0, requires_grad=True)
    y = x
    for index in range(length):
        y = y * x if index % 2 else y + x
    return y


# ---- what a node is told to be --------------------------------------------------------------


def test_a_node_has_pytorchs_name_shapes_and_the_users_variables() -> None:
    x = minitorch.ones(2, 3, requires_grad=True)
    weight = minitorch.ones(4, 3, requires_grad=True)
    y = nn.functional.linear(x, weight)
    loss = y.sum()
    graph = viz.graph(loss)
    assert [(n.name, str(n.outputs[0]), n.outputs[0].name) for n in graph.nodes] == [
        ("x", "float32 [2, 3]", "x"),
        ("weight", "float32 [4, 3]", "weight"),
        (y.grad_fn.name(), "float32 [2, 4]", "y"),
        ("SumBackward0", "float32 []", "loss"),
    ]
    assert [[i.source for i in n.inputs] for n in graph.nodes] == [[], [], [1, 2], [3]]
    assert graph.roots == [(4, 0)]


def test_names_given_are_preferred_to_variables() -> None:
    x = minitorch.ones(2, requires_grad=True)
    model = nn.Linear(2, 1)
    loss = model(x).sum()
    names = {n.name for n in viz.graph(loss, module=model, params={"input": x}).nodes}
    assert {"weight", "bias", "input"} <= names and "x" not in names
    pairs = viz.graph(loss, params=model.named_parameters())
    assert {"weight", "bias", "x"} <= {n.name for n in pairs.nodes}
    with pytest.raises(TypeError, match=r"params\['w'\]"):
        viz.graph(loss, params={"w": 3.0})


def test_what_is_saved_is_counted_once() -> None:
    x = minitorch.ones(10, requires_grad=True)
    w = nn.Parameter(minitorch.ones(10))
    y = x * x
    graph = viz.graph((y * w).sum())
    square, product, total = operations(graph)
    assert square.saved_bytes == 40 and len(square.saved) == 2
    assert [s.what for s in product.saved] == ["operand x", "operand y"]
    assert total.saved == []
    assert graph.saved_bytes() == (80, 40)  # x and y; and the parameter


def test_values_that_the_graph_itself_knows() -> None:
    x = minitorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    y = x.exp()
    graph = viz.graph((y * y).sum())
    exp = operations(graph)[0].outputs[0].values
    np.testing.assert_array_equal(exp.array, y.detach().numpy())
    assert exp.std == pytest.approx(y.std().item()) and exp.mean == pytest.approx(y.mean().item())


def test_statistics_leave_out_what_is_not_finite() -> None:
    values = viz.values.Values.of(np.array([0.0, 0.0, 1.0, 3.0, np.nan, np.inf, -np.inf]))
    assert (values.low, values.high, values.mean, values.nans, values.infs) == (0, 3, 1, 1, 2)
    assert values.zeros == pytest.approx(2 / 7)
    assert "1 NaN" in values.statistics() and "2 inf" in values.statistics()
    assert viz.values.Values.of(np.empty((0, 3))).statistics() == "no elements"


def test_what_is_not_finite_is_marked_where_it_begins() -> None:
    x = minitorch.tensor([0.0, 1.0], requires_grad=True)
    with viz.record():
        loss = (x.log() * x).sum()
        loss.backward()
    graph = viz.graph(loss)
    assert [node.warning for node in graph.nodes] == ["grad 1 NaN", "1 inf", "1 NaN", "1 NaN"]
    assert "⚠ 1 inf" in graph.text() and "⚠ grad 1 NaN" in graph.text()
    assert graph.svg().count(' bad"') == 4
    assert not viz.graph((x * 2).sum()).nodes[1].warning


@pytest.mark.parametrize("dtype", ["float64", "float32", "float16", "int64", "bool"])
def test_statistics_of_large_arrays_are_numpys(dtype: str) -> None:
    rng = np.random.default_rng(0)
    array = (rng.normal(100, 3, (700, 300)) * (rng.random((700, 300)) < 0.7)).astype(dtype)
    values = viz.values.Values.of(array.T)
    wide = array.astype(np.float64)
    found = (values.low, values.high, values.mean, values.std, values.zeros)
    expected = (wide.min(), wide.max(), wide.mean(), wide.std(ddof=1), (array == 0).mean())
    assert found == pytest.approx(expected, rel=1e-12)
    assert values.array is None and values.nans == values.infs == 0


def test_a_freed_graph_says_so() -> None:
    x = minitorch.ones(3, requires_grad=True)
    loss = (x * x).sum()
    loss.backward(retain_graph=True)
    assert not any(node.freed for node in viz.graph(loss).nodes)
    loss.backward()
    graph = viz.graph(loss)
    assert [node.freed for node in operations(graph)] == [True, False]
    assert "freed" in graph.text()
    np.testing.assert_array_equal(graph.nodes[0].outputs[0].gradient.array, x.grad.numpy())


# ---- graphs of every kind -------------------------------------------------------------------


def test_in_place_views_and_several_outputs() -> None:
    x = minitorch.arange(6.0).requires_grad_()
    base = x * 1
    view = base[:3]
    view.mul_(2)  # base's history changes, too
    top, rest = base.split(3)
    graph = viz.graph(((top * rest).sum(), base.max(dim=0)[0]))
    assert len(graph.roots) == 2
    numbers = [node.number for node in graph.nodes]
    assert numbers == list(range(1, len(numbers) + 1))
    assert all(i.source < node.number for node in graph.nodes for i in node.inputs)
    several = next(node for node in graph.nodes if len(node.outputs) > 1)
    assert "2 outputs" in several.lines()
    for form in (graph.text(), graph.svg(), graph.mermaid(), graph.dot()):
        assert several.name in form


def test_a_function_of_the_users_own() -> None:
    class Cube(minitorch.autograd.Function):
        @staticmethod
        def forward(ctx: Any, x: Any, power: int) -> Any:
            ctx.save_for_backward(x)
            return x**power

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            (x,) = ctx.saved_tensors
            return grad * 3 * x * x, None

    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    with viz.record():
        y = Cube.apply(x, 3)
        loss = y.sum()
    cube = viz.graph(loss)[2]
    assert (cube.name, cube.function, cube.saved_bytes) == ("CubeBackward", "Cube", 8)
    np.testing.assert_array_equal(cube.outputs[0].values.array, [1, 8])


def test_operands_are_called_as_forward_calls_them() -> None:
    class Scale(minitorch.autograd.Function):
        @staticmethod
        def forward(values: Any, factor: Any) -> Any:
            return values * factor

        @staticmethod
        def setup_context(ctx: Any, inputs: Any, output: Any) -> None:
            ctx.save_for_backward(*inputs)

        @staticmethod
        def backward(ctx: Any, grad: Any) -> Any:
            values, factor = ctx.saved_tensors
            return grad * factor, (grad * values).sum()

    values = minitorch.ones(2, requires_grad=True)
    factor = minitorch.tensor(2.0, requires_grad=True)
    node = viz.graph(Scale.apply(values, factor).sum())[3]
    assert [given.label for given in node.inputs] == ["values", "factor"]
    assert [saved.what for saved in node.saved] == ["operand values", "operand factor"]


def test_the_graph_of_a_gradient() -> None:
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    (slope,) = minitorch.autograd.grad((x**3).sum(), x, create_graph=True)
    graph = viz.graph(slope.sum())
    assert len(operations(graph)) >= 3
    assert graph.nodes[0].name == "x"
    graph = viz.graph((slope * x).sum())
    assert "#1 x, above" in graph.text()


def test_several_results_in_a_dict_and_a_leaf_alone() -> None:
    x = minitorch.tensor(2.0, requires_grad=True)
    graph = viz.graph({"a": x * 2, "b": [x * 3]})
    assert len(graph.roots) == 2 and len(graph) == 3
    alone = viz.graph(x)
    assert [node.name for node in alone.nodes] == ["x"]
    assert alone.text().splitlines()[0] == "1 leaf"
    assert alone.svg()


def test_what_has_no_graph_is_refused() -> None:
    x = minitorch.ones(2, requires_grad=True)
    with minitorch.no_grad():
        y = x * 2
    for tensor in (y, (x * 2).detach(), minitorch.ones(3)):
        with pytest.raises(RuntimeError, match="does not require grad"):
            viz.graph(tensor)
    for wrong in (3.0, None, [], "loss"):
        with pytest.raises(TypeError, match="expected a tensor"):
            viz.graph(wrong)
    with pytest.raises(TypeError, match="expected a Module"):
        viz.record(x)  # type: ignore[arg-type]


def test_a_long_chain_is_quick_and_does_not_recurse() -> None:
    y = chain(10_000)
    limit = sys.getrecursionlimit()
    frame, depth = sys._getframe(), 0
    while frame is not None:
        frame, depth = frame.f_back, depth + 1  # type: ignore[assignment]
    sys.setrecursionlimit(depth + 120)
    try:
        start = time.perf_counter()
        graph = viz.graph(y)
        short, long, picture = graph.text(), graph.text(fold=False), graph.svg()
        took = time.perf_counter() - start
    finally:
        sys.setrecursionlimit(limit)
    assert took < 20
    assert short.count("\n") < 100 and long.count("\n") == 20_000
    assert max(map(len, long.splitlines())) < 100
    assert picture.count("<rect") < 100


# ---- recording ------------------------------------------------------------------------------


def test_a_recording_knows_lines_modules_and_values() -> None:
    net = make_net()
    with viz.record(net):
        loss = net_loss(net)
        loss.backward()
    graph = viz.graph(loss)
    names = [str(node.calls[-1]) if node.calls else "" for node in operations(graph)]
    assert names == [
        *("0", "1.conv", "1.norm", "1.relu", "1", "1.relu (call 2)", "2", "3", "4", ""),
    ]
    for node in operations(graph):
        assert re.fullmatch(r"test_viz_graph\.py:\d+", node.line()), node.place
        assert node.outputs[0].values is not None
        assert node.outputs[0].gradient is not None
    assert {n.name for n in graph.nodes if n.kind == "leaf"} == dict(net.named_parameters()).keys()
    constants = [node for node in graph.nodes if node.kind == "constant"]
    assert [str(node.outputs[0]) for node in constants] == ["float32 [2, 1, 8, 8]", "int64 [2]"]


def test_without_a_model_the_outermost_module_gives_the_names() -> None:
    net = make_net()
    with viz.record():
        loss = net_loss(net)
    assert operations(viz.graph(loss))[1].module == "1.conv"


def test_recorded_gradients_are_those_of_backward() -> None:
    x = minitorch.tensor([1.0, -2.0], requires_grad=True)
    with viz.record():
        y = x.exp()
        y.retain_grad()
        (y * y).sum().backward()
    values = viz.graph(y)[2].outputs[0].gradient
    np.testing.assert_array_equal(values.array, y.grad.numpy())


def test_recording_changes_no_number_and_leaves_nothing_behind() -> None:
    def gradients(recorded: bool) -> list[Any]:
        net = make_net()
        if recorded:
            with viz.record(net):
                loss = net_loss(net)
                loss.backward()
        else:
            loss = net_loss(net)
            loss.backward()
        return [loss.item(), *(p.grad.numpy() for p in net.parameters())]

    for one, other in zip(gradients(False), gradients(True), strict=True):
        np.testing.assert_array_equal(one, other)
    from minitorch.nn.modules._global_hooks import AT_CALLS

    assert mode.observers == () and not AT_CALLS
    x = minitorch.ones(1, requires_grad=True)
    assert "_metadata" not in (x * 2).grad_fn.__dict__


def test_importing_minitorch_does_not_load_it() -> None:
    program = "import sys, minitorch; print([m for m in sys.modules if 'minitorch.viz' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_recording_that_fails_is_over_too() -> None:
    net = nn.Sequential(nn.Linear(2, 2))
    with pytest.raises(RuntimeError), viz.record(net) as recording:
        net(minitorch.ones(1, 3))
    assert mode.observers == () and recording.stack == []
    with viz.record(), viz.record():  # one within another
        pass
    with recording:
        loss = net(minitorch.ones(1, 2)).sum()
        with pytest.raises(RuntimeError, match="running already"):
            recording.__enter__()
    assert operations(viz.graph(loss))[0].module == "0"


def test_nothing_is_kept_alive() -> None:
    gc.disable()
    try:
        net = make_net()
        with viz.record(net):
            loss = net_loss(net)
        graph = viz.graph(loss, module=net)
        assert graph.svg() and graph.text()
        nodes = [weakref.ref(loss.grad_fn), weakref.ref(net[0].weight), weakref.ref(net)]
        del loss, net
        assert [node() for node in nodes] == [None] * 3
    finally:
        gc.enable()


def test_a_long_recording_does_not_grow() -> None:
    gc.collect()
    gc.disable()
    try:
        net = nn.Linear(4, 2)
        with viz.record(net) as recording:
            for _ in range(20):
                loss = net(minitorch.rand(3, 4)).sum()
                loss.backward()
                node = weakref.ref(loss.grad_fn)
                del loss
                assert node() is None
        assert not recording._constants and not recording.stack
        with recording:
            for _ in range(20):
                net(minitorch.rand(3, 4)).sum().backward()
            assert len(recording._constants) == 0
    finally:
        gc.enable()


# ---- folding --------------------------------------------------------------------------------


def test_large_graphs_are_folded_by_module() -> None:
    minitorch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), *[Block(4) for _ in range(7)])
    with viz.record(net):
        loss = net(minitorch.rand(1, 1, 8, 8)).sum()
    graph = viz.graph(loss)
    assert len(graph) > 60
    text = graph.text()
    folded = [line for line in text.splitlines() if "▸" in line]
    assert len(folded) == 14 and max(map(len, text.splitlines())) < 110
    assert re.search(r"▸ 6.conv Conv2d  \(1 operation, 148 parameters, saves [\d.]+ KB\)", text)
    assert graph.text(fold=False).count("Block") == 0
    assert graph.text(fold=True).count("▸") == 1


def test_modules_are_guessed_from_parameters_where_nothing_was_recorded() -> None:
    net = make_net()
    loss = net_loss(net)
    graph = viz.graph(loss, module=net)
    assert [node.module for node in operations(graph)][:4] == ["0", "1.conv", "1.norm", ""]
    assert "1.conv" in {group.title for group in graph.tree().groups()}


def edges_between_boxes(graph: viz.Graph, opened: set[str]) -> set[tuple[str, str]]:
    from minitorch.viz.text import _View

    view = _View(graph, opened)
    return {(a, b) for b, sources in view.takes.items() for a in sources}


@pytest.mark.parametrize("seed", range(6))
def test_folding_never_makes_a_cycle(seed: int) -> None:
    rng = np.random.default_rng(seed)
    net = make_net()
    shared = nn.Linear(10, 10)
    with viz.record():
        y = net(minitorch.rand(2, 1, 8, 8))
        for _ in range(3):
            y = shared(y).relu() + y
        loss = y.sum()
    graph = viz.graph(loss)
    groups = [group.key for group in graph.tree().groups()]
    opened = {"", *(key for key in groups if rng.random() < 0.5)}
    edges = edges_between_boxes(graph, opened)
    left = {box for edge in edges for box in edge}
    while left:
        ready = {box for box in left if not any(b == box and a in left for a, b in edges)}
        assert ready, "a cycle"
        left -= ready


# ---- pictures -------------------------------------------------------------------------------


def boxes_and_lines(whole: layout.Box) -> tuple[list[Any], list[Any]]:
    """Closed boxes as (left, top, right, bottom), and lines as points, all of one picture."""
    boxes, lines = [], []
    waiting = [(whole, 0.0, 0.0)]
    while waiting:
        box, x, y = waiting.pop()
        if not box.open:
            boxes.append((x, y, x + box.width, y + box.height))
        for line in box.lines:
            x1, y1, bend1, x2, bend2, y2 = line.points
            lines.append((x + x1, y + y1, y + bend1, x + x2, y + bend2, y + y2))
        waiting += [(inner, x + inner.x, y + inner.y) for inner in box.inside]
    return boxes, lines


def curve(line: Any) -> list[tuple[float, float]]:
    """Points along a line as it is drawn."""
    x1, y1, bend1, x2, bend2, y2 = line
    half = (bend1 + bend2) / 2
    points = [(x1, y1 + (bend1 - y1) * t / 8) for t in range(9)]
    for t in np.linspace(0, 1, 24):
        u = 1 - t
        x = x1 * (u**3 + 3 * u * u * t) + x2 * (t**3 + 3 * u * t * t)
        y = bend1 * u**3 + 3 * half * u * t + bend2 * t**3
        points.append((float(x), float(y)))
    return points + [(x2, bend2 + (y2 - bend2) * t / 8) for t in range(9)]


def drawings() -> list[tuple[viz.Graph, set[str]]]:
    found = []
    net = make_net()
    with viz.record(net):
        loss = net_loss(net)
    graph = viz.graph(loss)
    keys = [group.key for group in graph.tree().groups()]
    rng = np.random.default_rng(0)
    found += [(graph, {"", *(k for k in keys if rng.random() < p)}) for p in (0, 0.5, 0.7, 1)]
    graph = viz.graph(chain(50))
    found.append((graph, {""}))
    rng = np.random.default_rng(1)
    x = minitorch.ones(3, requires_grad=True)
    tensors = [x, minitorch.ones(3, requires_grad=True)]
    for _ in range(40):
        a, b = rng.integers(0, len(tensors), 2)
        tensors.append(tensors[a] * tensors[b] if rng.random() < 0.5 else tensors[a].split(1)[0])
        tensors[-1] = tensors[-1].expand(3) if tensors[-1].numel() == 1 else tensors[-1]
    graph = viz.graph([t for t in tensors if t.requires_grad])
    found.append((graph, {""}))
    return found


@pytest.mark.parametrize("number", range(6))
def test_nothing_overlaps_and_lines_keep_clear_of_boxes(number: int) -> None:
    graph, opened = drawings()[number]
    top = graph.tree()
    whole = layout.place(top, layout.plans(graph, top), opened, layout.sizes(graph, top))
    boxes, lines = boxes_and_lines(whole)
    assert len(boxes) > 1 and lines
    for i, (l1, t1, r1, b1) in enumerate(boxes):
        assert l1 >= 0 and t1 >= 0 and r1 <= whole.width + 1e-6 and b1 <= whole.height + 1e-6
        for l2, t2, r2, b2 in boxes[i + 1 :]:
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1
    for line in lines:
        assert line[1] <= line[2] <= line[4] <= line[5] + 1e-6  # always downwards
        for x, y in curve(line):
            for left, upper, right, lower in boxes:
                inside = left + 0.5 < x < right - 0.5 and upper + 0.5 < y < lower - 0.5
                assert not inside, (line, (left, upper, right, lower))


def test_every_input_has_a_line() -> None:
    for graph, opened in drawings():
        top = graph.tree()
        plans = layout.plans(graph, top)
        for group in top.groups():
            plan = plans[group.key]
            row = {item: at for at, items in enumerate(plan.rows) for item in items}
            assert sorted(row) == list(range(len(plan.items)))
            assert all(row[s.upper] + 1 == row[s.lower] for s in plan.segments)
            into = {s.lower for s in plan.segments}
            out = {s.upper for s in plan.segments}
            for item, (kind, _) in enumerate(plan.items):
                assert kind != "in" or item in out
                assert kind != "out" or item in into
                assert kind != "pass" or (item in out and item in into)
        assert fold.opened(top, 60) >= {""} and opened


def test_the_forms_are_well_formed() -> None:
    x = minitorch.ones(2, requires_grad=True)
    graph = viz.graph((x * 2).sum(), params={'a<b> "quoted" & #1': x})
    root = ElementTree.fromstring(graph.svg())
    texts = [element.text for element in root.iter("{http://www.w3.org/2000/svg}text")]
    assert 'a<b> "quoted" & #1' in texts
    for svg in (graph.svg(), graph._repr_html_()):
        assert "prefers-color-scheme: dark" in svg and "<script" not in svg
        assert not re.search(r"(?:href|src)=|url\(|@import", svg)
    assert '\\"quoted\\"' in graph.dot() and "&quot;quoted&quot;" in graph.mermaid()
    assert graph.dot().count("{") == graph.dot().count("}")
    net = make_net()
    with viz.record(net):
        loss = net_loss(net)
    mermaid = viz.graph(loss).mermaid()
    assert mermaid.count(":::root") == 1 and " class g1," in mermaid
    assert mermaid.count("subgraph ") == len(re.findall(r"^ *end$", mermaid, re.M)) > 3


def test_the_tree_of_text() -> None:
    x = minitorch.tensor(2.0, requires_grad=True)
    w = minitorch.tensor(-1.0, requires_grad=True)
    y = (x * w).sigmoid()
    lines = viz.graph(y + x).text().splitlines()
    assert lines[1:] == [
        "● #5 AddBackward0  float32 []  = 2.1192",
        "├─○ #1 x  float32 []  = 2",
        "● #4 SigmoidBackward0  float32 []  = 0.1192  y, saves 4 B",
        "● #3 MulBackward0  float32 []  saves 8 B",
        "├─○ #2 w  float32 []  = -1",
        "└─↑ #1 x, above",
    ]
    assert str(viz.graph(y, limit=10)) == viz.graph(y).text()
    assert all(len(line) <= 20 for line in viz.graph(y).text(width=20).splitlines())
    del w


def test_rows_of_a_chain_are_straight() -> None:
    graph = viz.graph(chain(20))
    top = graph.tree()
    whole = layout.place(top, layout.plans(graph, top), {""}, layout.sizes(graph, top))
    middles = [box.x + box.width / 2 for box in whole.inside if box.child != 1]
    assert max(abs(a - b) for a, b in pairwise(middles)) < 40
