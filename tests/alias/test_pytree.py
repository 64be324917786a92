"""`torch.utils._pytree`, beside PyTorch's."""

from __future__ import annotations

from collections import OrderedDict, defaultdict, deque, namedtuple
from dataclasses import dataclass
from typing import Any

import pytest

import minitorch.utils._pytree as ours

Pair = namedtuple("Pair", "x y")
TREES = [
    1,
    None,
    [],
    [1, [2, 3], ()],
    {"b": 1, "a": [2, {"c": 3}]},
    OrderedDict(b=1, a=2),
    defaultdict(list, z=[1, 2]),
    deque([1, 2], maxlen=3),
    Pair(1, Pair(2, 3)),
    ({"x": (1, 2)},),
]


@pytest.fixture
def theirs(torch: Any) -> Any:
    from torch.utils import _pytree

    return _pytree


@pytest.mark.parametrize("tree", TREES, ids=repr)
def test_a_tree_is_taken_apart_and_made_as_by_pytorch(tree: Any, theirs: Any) -> None:
    (leaves, spec), (their_leaves, their_spec) = ours.tree_flatten(tree), theirs.tree_flatten(tree)
    assert leaves == their_leaves and ours.tree_unflatten(leaves, spec) == tree
    for name in ("num_leaves", "num_nodes", "num_children"):
        assert getattr(spec, name) == getattr(their_spec, name)
    paths = [
        [(m.keystr(k), x) for k, x in m.tree_flatten_with_path(tree)[0]] for m in (ours, theirs)
    ]
    assert paths[0] == paths[1]
    for m in (ours, theirs):
        assert m.tree_map(lambda x: (x,), tree) == ours.tree_map(lambda x: (x,), tree)
    for wide in (1, [1, 2], {"b": 3, "a": 4}):
        found = [m._broadcast_to_and_flatten(wide, m.tree_structure(tree)) for m in (ours, theirs)]
        assert found[0] == found[1]


def test_several_trees_paths_and_only_some_leaves(theirs: Any) -> None:
    a, b = {"x": [1, 2.0], "y": "s"}, {"y": 10, "x": [20, 30]}
    for m in (ours, theirs):
        assert m.tree_map(lambda x, y: (x, y), a, b) == {"x": [(1, 20), (2.0, 30)], "y": ("s", 10)}
        assert m.tree_map_only(int, lambda x: -x, a) == {"x": [-1, 2.0], "y": "s"}
        assert m.tree_map_only((int, float), str, a) == {"x": ["1", "2.0"], "y": "s"}
        assert m.tree_all_only(int, lambda x: x > 0, a) and m.tree_any(lambda x: x == "s", a)
        named = m.tree_map_with_path(lambda k, x: m.keystr(k), a)
        assert named == {"x": ["['x'][0]", "['x'][1]"], "y": "['y']"}
        assert m.tree_leaves(a, is_leaf=lambda x: isinstance(x, list)) == [[1, 2.0], "s"]
        assert m.key_get(a, (m.MappingKey("x"), m.SequenceKey(1))) == 2.0
    for wrong in ([1], {"x": [1], "y": 2}, {"x": (1, 2), "y": 3}, {"z": 1, "x": [1, 2]}):
        for m in (ours, theirs):
            with pytest.raises(ValueError):
                m.tree_map(lambda x, y: x, a, wrong)
            with pytest.raises(ValueError):
                m.tree_unflatten([1], m.tree_structure(a))


def test_types_of_ones_own(theirs: Any) -> None:
    class Box:
        def __init__(self, *parts: Any) -> None:
            self.parts = parts

    @dataclass
    class Point:
        x: int
        y: int

    for m in (ours, theirs):
        m.register_pytree_node(Box, lambda b: (list(b.parts), None), lambda parts, _: Box(*parts))
        with pytest.raises(ValueError, match="already registered"):
            m.register_pytree_node(Box, lambda b: ([], None), lambda parts, _: Box())
        assert m.tree_leaves([Box(1, [2]), 3]) == [1, 2, 3]
        assert m.tree_map(str, Box(1)).parts == ("1",)
        m.register_dataclass(Point)
        assert m.tree_map(lambda x: 2 * x, Point(1, 2)) == Point(2, 4)
        assert [m.keystr(k) for k, _ in m.tree_leaves_with_path(Point(1, 2))] == [".x", ".y"]
