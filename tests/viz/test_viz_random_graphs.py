"""Random graphs, told and replayed: the gradients are backward's, the pictures have no overlap."""

from __future__ import annotations

from typing import Any

import numpy as np
from hypothesis import given, settings, strategies as st
from test_viz_graph import boxes_and_lines, curve

import minitorch
from minitorch import nn, viz
from minitorch.viz import layout

OPERATIONS = st.sampled_from(
    ["add", "mul", "sub", "tanh", "split", "module", "in place", "view", "constant", "sort"]
)
PLANS = st.lists(
    st.tuples(OPERATIONS, st.integers(0, 50), st.integers(0, 50)), min_size=1, max_size=25
)


class Layer(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(minitorch.tensor([0.5, -1.0, 2.0, 1.0]))
        self.inner = nn.Tanh()

    def forward(self, x: Any) -> Any:
        return self.inner(x * self.weight) + x


def run(plan: list[tuple[str, int, int]], retain: bool) -> tuple[Any, list[Any]]:
    """A result made as `plan` says, and its leaves."""
    minitorch.manual_seed(0)
    leaves = [minitorch.rand(4, requires_grad=True) for _ in range(2)]
    layer = Layer()
    tensors: list[Any] = list(leaves)
    for name, first, second in plan:
        a, b = tensors[first % len(tensors)], tensors[second % len(tensors)]
        if name in ("add", "mul", "sub"):
            tensors.append(getattr(a, name)(b))
        elif name == "tanh":
            tensors.append(a.tanh())
        elif name == "split":
            left, right = a.split(2)
            tensors.append(minitorch.cat([right, left]))
        elif name == "module":
            tensors.append(layer(a))
        elif name == "in place":
            tensors.append((a * 1).add_(b))
        elif name == "view":
            copy = a.clone()
            copy[:2].mul_(0.5)
            tensors.append(copy)
        elif name == "constant":
            tensors.append(a * minitorch.ones(4))
        else:
            tensors.append(a.sort()[0])
        if retain and tensors[-1].grad_fn is not None:
            tensors[-1].retain_grad()
    result = sum(tensor.sum() for tensor in tensors[len(leaves) :])
    return result, [*leaves, layer.weight]


@settings(max_examples=60, deadline=None, derandomize=True)
@given(plan=PLANS, retain=st.booleans())
def test_a_replay_has_backwards_gradients(plan: list[tuple[str, int, int]], retain: bool) -> None:
    loss, leaves = run(plan, retain)
    loss.backward()
    with viz.record():
        watched, others = run(plan, retain)
    replay = viz.replay(watched)
    for one, other in zip(leaves, others, strict=True):
        assert (one.grad is None) == (other.grad is None)
        if one.grad is not None:
            np.testing.assert_array_equal(one.grad.numpy(), other.grad.numpy())
    # What is sent arrives, and nothing else; what was kept is freed.
    sent = sorted((step.node.number, s.target, s.slot) for step in replay for s in step.sent)
    came = sorted((p[0], step.node.number, p[1]) for step in replay for p in step.parts)
    assert sent == came
    assert replay[-1].held == 0
    assert len({step.node.number for step in replay}) == len(replay)
    assert str(replay)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(plan=PLANS, recorded=st.booleans(), seed=st.integers(0, 1000))
def test_every_picture_is_clear(
    plan: list[tuple[str, int, int]], recorded: bool, seed: int
) -> None:
    if recorded:
        with viz.record():
            loss, _ = run(plan, False)
    else:
        loss, _ = run(plan, False)
    graph = viz.graph(loss)
    top = graph.tree()
    rng = np.random.default_rng(seed)
    opened = {"", *(group.key for group in top.groups() if rng.random() < 0.6)}
    whole = layout.place(top, layout.plans(graph, top), opened, layout.sizes(graph, top))
    boxes, lines = boxes_and_lines(whole)
    for i, (l1, t1, r1, b1) in enumerate(boxes):
        for l2, t2, r2, b2 in boxes[i + 1 :]:
            assert r1 <= l2 or r2 <= l1 or b1 <= t2 or b2 <= t1
    for line in lines:
        for x, y in curve(line):
            for left, upper, right, lower in boxes:
                assert not (left + 0.5 < x < right - 0.5 and upper + 0.5 < y < lower - 0.5)
    drawn = sum(line.arrow for line in all_lines(whole))
    assert drawn == len(edges_into(graph, opened))
    assert graph.mermaid() and graph.dot() and graph.svg() and graph.data()


def all_lines(box: layout.Box) -> list[layout.Line]:
    return [*box.lines, *(line for inner in box.inside for line in all_lines(inner))]


def edges_into(graph: viz.Graph, opened: set[str]) -> set[tuple[Any, ...]]:
    """Each result that a box takes in from another box, once."""
    from minitorch.viz.text import _View

    view = _View(graph, opened)
    return {
        (given.source, given.slot, view.box_of[node.number])
        for node in graph.nodes
        for given in node.inputs
        if view.box_of[given.source] != view.box_of[node.number]
    }
