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
        key: a name that no other group has.
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

    def is_part(self) -> bool:
        """Whether it is no module, but a part of what was too many."""
        return self.key.startswith("#")

    def label(self) -> str:
        """Its name, and its module's class."""
        if not self.title:
            return self.kind
        return f"{self.title} {self.kind}".strip() if self.title != self.kind else self.kind

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
        depth = 0
        while depth < min(len(path), len(node.calls)) and path[depth][0] is node.calls[depth]:
            depth += 1
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
        for child in group.children:
            group.nodes += child.nodes if isinstance(child, Group) else [child]
    return top


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
            first, last = _first(part[0]), _last(part[-1])
            key = fresh(f"#{first}-{last}")
            parts.append(Group(key, f"#{first} to #{last}", "", part))
        whole = parts
    return whole


def _first(child: int | Group) -> int:
    while isinstance(child, Group):
        child = child.children[0]
    return child


def _last(child: int | Group) -> int:
    while isinstance(child, Group):
        child = child.children[-1]
    return child


def _place_leaves(graph: Graph, top: Group) -> None:
    """Put each leaf and constant into the innermost group that has all that use it."""
    ways: dict[int, tuple[Group, ...]] = {}
    waiting: list[tuple[Group, tuple[Group, ...]]] = [(top, (top,))]
    while waiting:
        group, way = waiting.pop()
        for child in group.children:
            if isinstance(child, Group):
                waiting.append((child, (*way, child)))
            else:
                ways[child] = way
    common: dict[int, tuple[Group, ...]] = {}
    for node in graph.nodes:
        for given in node.inputs:
            source = graph[given.source]
            if source.kind != "operation":
                way, old = ways[node.number], common.get(source.number)
                if old is not None:
                    depth = 0
                    for one, other in zip(old, way, strict=False):
                        if one is not other:
                            break
                        depth += 1
                    way = way[:depth]
                common[source.number] = way
    for node in graph.nodes:  # in order, so that each comes before what uses it
        if node.kind != "operation":
            common.get(node.number, (top,))[-1].children.append(node.number)
    for group in top.groups():
        group.children.sort(key=_first)


def opened(top: Group, limit: int) -> set[str]:
    """The keys of the groups to show open: level by level, while at most `limit` boxes are seen.

    Parts, which are no modules, stay folded.
    """
    shown, keys, level = len(top.children), {top.key}, [top]
    while level:
        inner = [child for group in level for child in group.children if isinstance(child, Group)]
        level = [group for group in inner if not group.is_part()]
        shown += sum(len(group.children) - 1 for group in level)
        if shown > limit:
            break
        keys |= {group.key for group in level}
    return keys
