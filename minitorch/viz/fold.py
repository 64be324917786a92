"""Folding: the nodes in a tree of groups, so that a large graph can be shown as a small one.

A group is one call of a module; what is still too many is cut into parts of twenty. Each group is a
run of consecutive operations in the order of creation, which is a topological order: so folding
groups never makes a cycle.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise, takewhile
from typing import TYPE_CHECKING

from minitorch.viz.recording import ModuleCall
from minitorch.viz.values import size

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph, Node

PART = 20  # how many children a part has that is made because there are too many
MANY = 60


@dataclass
class Group:
    """Consecutive nodes under one name.

    Attributes:
        key: a name that no other group has; that of a part begins with #.
        title, kind: what to call it: a module's path, and its class.
        children: node numbers and groups, in order.
        nodes: the numbers of all nodes within.
    """

    key: str
    title: str
    kind: str
    children: list[int | Group] = field(default_factory=list)
    nodes: list[int] = field(default_factory=list)

    def groups(self) -> Iterator[Group]:
        """Itself and all groups below, from the top."""
        waiting: list[Group] = [self]
        while waiting:
            group = waiting.pop(0)
            yield group
            waiting += [child for child in group.children if isinstance(child, Group)]

    def label(self) -> str:
        """Its name, and its module's class."""
        if self.title in ("", self.kind):
            return self.kind
        return f"{self.title} {self.kind}".strip()

    def told(self, graph: Graph) -> str:
        """Describe the content in counts and totals."""
        nodes = [graph[number] for number in self.nodes]
        operations = [node for node in nodes if node.kind == "operation"]
        kept = {s.memory: (s.bytes, s.parameter) for node in operations for s in node.saved}
        saved = sum(count for count, parameter in kept.values() if not parameter)
        numbers = sum(n.outputs[0].count() for n in nodes if n.parameter)
        parts = [f"{len(operations)} operation{'s' if len(operations) != 1 else ''}"]
        if numbers:
            parts.append(f"{numbers:,} parameters")
        if saved:
            parts.append(f"saves {size(saved)}")
        return ", ".join(parts)


def guess_calls(nodes: list[Node]) -> None:
    """Where nothing was recorded, tell modules from their parameters' names.

    An operation that takes the leaf ``features.0.weight`` was made in ``features.0``; one between
    two of ``features`` in ``features``.
    """
    operations = [node for node in nodes if node.kind == "operation"]
    if any(node.calls for node in operations):
        return
    paths: list[tuple[str, ...] | None] = []
    for node in operations:
        found = None
        for given in node.inputs:
            leaf = nodes[given.source - 1]
            if leaf.parameter and "." in leaf.name:
                found = tuple(leaf.name.split(".")[:-1])
        paths.append(found)
    known = [index for index, path in enumerate(paths) if path is not None]
    for before, after in pairwise(known):
        both = zip(paths[before] or (), paths[after] or (), strict=False)
        common = tuple(one for one, _ in takewhile(lambda pair: pair[0] == pair[1], both))
        for index in range(before + 1, after):
            paths[index] = common
    calls: dict[str, ModuleCall] = {}
    for node, path in zip(operations, paths, strict=True):
        names = [".".join(path[:depth]) for depth in range(1, len(path) + 1)] if path else []
        node.calls = tuple(calls.setdefault(name, ModuleCall(name, "", 1)) for name in names)


def tree(graph: Graph) -> Group:
    """All nodes of `graph` in groups."""
    top = Group("", "", "")
    used = {""}

    def fresh(key: str) -> str:
        name, turn = key, 1
        while name in used:
            turn += 1
            name = f"{key}~{turn}"
        used.add(name)
        return name

    path: list[tuple[ModuleCall, Group]] = []
    for node in graph.nodes:
        if node.kind != "operation":
            continue
        both = zip(path, node.calls, strict=False)
        depth = sum(1 for _ in takewhile(lambda pair: pair[0][0] is pair[1], both))
        del path[depth:]
        for call in node.calls[depth:]:
            inside = path[-1][1] if path else top
            group = Group(fresh(str(call)), str(call), call.kind)
            inside.children.append(group)
            path.append((call, group))
        (path[-1][1] if path else top).children.append(node.number)
    for group in list(top.groups()):
        group.children = [_alone(graph, child) for child in group.children]
        group.children = _in_parts(group.children, fresh)
    _place_leaves(graph, top)
    for group in reversed(list(top.groups())):
        group.nodes = [number for child in group.children for number in numbers(child)]
    return top


def numbers(child: int | Group) -> list[int]:
    """The numbers of the nodes in a group, or a node's own."""
    return child.nodes if isinstance(child, Group) else [child]


def _alone(graph: Graph, child: int | Group) -> int | Group:
    """A module of one operation without parameters needs no frame: its name goes into the box."""
    inner = child
    while isinstance(inner, Group) and len(inner.children) == 1:
        inner = inner.children[0]
    if isinstance(inner, Group) or isinstance(child, int):
        return child
    if any(graph[given.source].parameter for given in graph[inner].inputs):
        return child
    graph[inner].tag = str(graph[inner].calls[-1])
    return inner


def _in_parts(children: Sequence[int | Group], fresh: Callable[[str], str]) -> list[int | Group]:
    """The children, put into parts until there are at most `MANY`."""
    whole = list(children)
    while len(whole) > MANY:
        parts: list[int | Group] = []
        for start in range(0, len(whole), PART):
            part = whole[start : start + PART]
            first, last = _end(part[0], 0), _end(part[-1], -1)
            key = fresh(f"#{first}-{last}")
            parts.append(Group(key, f"#{first} to #{last}", "", part))
        whole = parts
    return whole


def _end(child: int | Group, at: int) -> int:
    """The first of all nodes within (`at` 0), or the last (-1)."""
    while isinstance(child, Group):
        child = child.children[at]
    return child


def _place_leaves(graph: Graph, top: Group) -> None:
    """Put each leaf and constant into the innermost group that has all that use it."""
    ways: dict[int, tuple[Group, ...]] = {}
    waiting: list[tuple[Group, ...]] = [(top,)]
    while waiting:
        way = waiting.pop()
        for child in way[-1].children:
            if isinstance(child, Group):
                waiting.append((*way, child))
            else:
                ways[child] = way
    common: dict[int, tuple[Group, ...]] = {}
    for node in graph.nodes:
        for given in node.inputs:
            if graph[given.source].kind != "operation":
                way = ways[node.number]
                both = zip(way, common.get(given.source, way), strict=False)
                shared = takewhile(lambda pair: pair[0] is pair[1], both)
                common[given.source] = tuple(one for one, _ in shared)
    for node in graph.nodes:  # in order, so that each comes before what uses it
        if node.kind != "operation":
            common.get(node.number, (top,))[-1].children.append(node.number)
    for group in top.groups():
        group.children.sort(key=lambda child: _end(child, 0))


def opened(top: Group, limit: int) -> set[str]:
    """The keys of the groups to show open: level by level, while at most `limit` boxes are seen.

    Parts, which are no modules, stay folded.
    """
    shown, keys, level = len(top.children), {top.key}, [top]
    while level:
        inner = [child for group in level for child in group.children if isinstance(child, Group)]
        level = [group for group in inner if not group.key.startswith("#")]
        shown += sum(len(group.children) - 1 for group in level)
        if shown > limit:
            break
        keys |= {group.key for group in level}
    return keys


class Boxes:
    """The visible part of a graph: open groups as frames, the rest as boxes, each with a name.

    Attributes:
        names: of the groups, by their keys.
        box_of: the name of the box that a node is in, by the node's number.
    """

    def __init__(self, graph: Graph, opened: set[str]) -> None:
        self.graph, self.opened = graph, opened
        self.names = {group.key: f"g{i}" for i, group in enumerate(graph.tree().groups())}
        self.box_of: dict[int, str] = {}
        self.boxes: dict[str, int | Group] = {}
        for _, what, name in self.walk():
            if what is not None and (isinstance(what, int) or what.key not in opened):
                self.boxes[name] = what
                self.box_of.update(dict.fromkeys(numbers(what), name))

    def walk(self) -> Iterator[tuple[int, int | Group | None, str]]:
        """(depth, box, name) in order; a frame comes before what is in it, and None after."""
        waiting: list[tuple[int, int | Group | None]] = [
            (0, child) for child in reversed(self.graph.tree().children)
        ]
        while waiting:
            depth, what = waiting.pop()
            yield depth, what, self.names[what.key] if isinstance(what, Group) else f"n{what}"
            if isinstance(what, Group) and what.key in self.opened:
                waiting.append((depth, None))
                waiting += [(depth + 1, child) for child in reversed(what.children)]

    def kind(self, number: int) -> str:
        """A node's kind, or that it is a result."""
        return "root" if number in dict(self.graph.roots) else self.graph[number].kind

    def edges(self) -> list[tuple[str, str]]:
        """Each line between two boxes once."""
        found = {
            (self.box_of[given.source], self.box_of[node.number]): None
            for node in self.graph.nodes
            for given in node.inputs
        }
        return [(start, end) for start, end in found if start != end]
