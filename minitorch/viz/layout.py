"""Where the boxes of a picture lie, and the lines between them: a layered drawing, in groups.

Data flows downwards. In each group the boxes stand in rows, each below all that it is made of; a
line that passes a row has a place of its own there, so that it never crosses a box. (Sugiyama,
Tagawa and Toda, 1981; the rows are put in order by barycentres.) A group that is shown open is a
box as large as the picture of what is in it, and lines go in and out at its border.

What is hard, rows and order, is the same whichever groups are shown open. It is worked out here
once (`plan`), for ``drawing.js`` as well; where everything lies then follows from the boxes' sizes
(`place`), and is written twice, here and there. A test holds one against the other.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from minitorch.viz.fold import Group, numbers

if TYPE_CHECKING:
    from minitorch.viz.nodes import Graph

CHARACTER, LINE = 7.3, 16.0  # of the typeface, in pixels
SIDE, TOP = 12.0, 7.0  # from a box's border to its text
GAP, BETWEEN = 22.0, 36.0  # between boxes of a row, and between rows
NARROW = 18.0  # between a group's border and its first or last row
PAD = 14.0  # from a group's border to what is in it
PASS = 10.0  # the width of a line that passes a row
SWEEPS = 12

Source = tuple[int, int]
"""A result: a node's number and which of its outputs."""


class Segment(NamedTuple):
    """A line from an item of one row to one of the next, carrying `source`."""

    upper: int
    lower: int
    source: Source


@dataclass
class Plan:
    """The picture of one group, but for the sizes.

    Attributes:
        items: ('box', index of the child), ('in', source), ('out', source), ('pass', source),
            or ('title', 0): the place that a group's name takes in its first row.
        rows: item numbers from left to right.
        segments: all lines, each between neighbouring rows.
    """

    items: list[tuple[str, Any]] = field(default_factory=list)
    rows: list[list[int]] = field(default_factory=list)
    segments: list[Segment] = field(default_factory=list)


def box(lines: Sequence[str]) -> tuple[float, float]:
    """Width and height of a box with these lines of text."""
    width = max(len(line) for line in lines) * CHARACTER + 2 * SIDE
    return round(max(width, 64), 1), len(lines) * LINE + 2 * TOP


def plans(graph: Graph, top: Group) -> dict[str, Plan]:
    """The plan of every group, by its key."""
    users: dict[Source, list[int]] = {}
    for node in graph.nodes:
        for given in node.inputs:
            users.setdefault((given.source, given.slot), []).append(node.number)
    return {group.key: plan(graph, group, users) for group in top.groups()}


def plan(graph: Graph, group: Group, users: dict[Source, list[int]]) -> Plan:
    """Rows and order of one group."""
    made = Plan()
    home: dict[int, int] = {}  # which child a node is in
    for index, child in enumerate(group.children):
        made.items.append(("box", index))
        home.update(dict.fromkeys(numbers(child), index))

    # Each result that is used in more than the child that makes it: from which item to which.
    links: dict[Source, tuple[int, list[int]]] = {}
    for number in group.nodes:
        for given in graph[number].inputs:
            source = (given.source, given.slot)
            start = home.get(given.source)
            if start == home[number]:
                continue
            if source not in links:
                if start is None:
                    start = len(made.items)
                    made.items.append(("in", source))
                links[source] = (start, [])
            ends = links[source][1]
            if home[number] not in ends:
                ends.append(home[number])
    for number in group.nodes:
        for slot in range(len(graph[number].outputs)):
            source = (number, slot)
            if any(user not in home for user in users.get(source, ())):
                start, ends = links.setdefault(source, (home[number], []))
                ends.append(len(made.items))
                made.items.append(("out", source))

    row_of = _rows(made, links)
    made.rows = [[] for _ in range(max(row_of) + 1)]
    if group.key:
        made.rows[0].append(len(made.items))
        made.items.append(("title", 0))
    takes = {end for _, ends in links.values() for end in ends}
    # Leaves on the right.
    for item in sorted(range(len(row_of)), key=lambda item: item not in takes):
        made.rows[row_of[item]].append(item)
    for source, (start, ends) in links.items():
        upper, last = start, max(row_of[end] for end in ends)
        for row in range(row_of[start] + 1, last + 1):
            made.segments += [Segment(upper, end, source) for end in ends if row_of[end] == row]
            if row == last:
                break
            passing = len(made.items)
            made.items.append(("pass", source))
            made.rows[row].insert(1 if row == 0 and group.key else 0, passing)
            made.segments.append(Segment(upper, passing, source))
            upper = passing
    _order(made)
    return made


def _rows(made: Plan, links: dict[Source, tuple[int, list[int]]]) -> list[int]:
    """The row of each item: below all that it takes.

    Leaves, and what is made of leaves alone, stand just above what uses them. What comes in from
    outside is all in the first row, what goes out in the last.
    """
    boxes = sum(kind == "box" for kind, _ in made.items)
    above: list[list[int]] = [[] for _ in made.items]
    below: list[list[int]] = [[] for _ in made.items]
    for start, ends in links.values():
        for end in ends:
            above[end].append(start)
            below[start].append(end)
    first = 1 if any(kind in ("in", "title") for kind, _ in made.items) else 0
    row = [0 if kind == "in" else first for kind, _ in made.items]
    for item in range(boxes):  # the children's order is a topological one
        row[item] = max([row[item], *(row[start] + 1 for start in above[item])])
    for item in range(boxes - 1, -1, -1):
        if all(not above[start] for start in above[item]):
            users = [row[end] for end in below[item] if made.items[end][0] != "out"]
            if users:
                row[item] = max(row[item], min(users) - 1)
    last = max(row, default=0) + 1
    return [last if kind == "out" else row[i] for i, (kind, _) in enumerate(made.items)]


def _order(made: Plan) -> None:
    """Put each row in an order with few crossings."""
    above: dict[int, list[int]] = {}
    below: dict[int, list[int]] = {}
    for upper, lower, _ in made.segments:
        above.setdefault(lower, []).append(upper)
        below.setdefault(upper, []).append(lower)
    best, fewest = [list(row) for row in made.rows], _crossings(made)
    for sweep in range(SWEEPS):
        if fewest == 0:
            break
        down = sweep % 2 == 0
        near = above if down else below
        rows = made.rows[1:] if down else made.rows[-2::-1]
        place = {item: index for row in made.rows for index, item in enumerate(row)}
        for row in rows:
            keys = {}
            for index, item in enumerate(row):
                at = [place[other] for other in near.get(item, ())]
                keys[item] = sum(at) / len(at) if at else float(index)
                if made.items[item][0] == "title":
                    keys[item] = -1.0
            row.sort(key=keys.__getitem__)
            place.update({item: index for index, item in enumerate(row)})
        crossings = _crossings(made)
        if crossings < fewest:
            best, fewest = [list(row) for row in made.rows], crossings
    made.rows = best


def _crossings(made: Plan) -> int:
    """Count the pairs of lines that cross."""
    place = {
        item: (at, index) for at, row in enumerate(made.rows) for index, item in enumerate(row)
    }
    gaps: dict[int, list[tuple[int, int]]] = {}
    for upper, lower, _ in made.segments:
        gaps.setdefault(place[upper][0], []).append((place[upper][1], place[lower][1]))
    count = 0
    for pairs in gaps.values():
        seen: list[int] = []
        for _, end in sorted(pairs):
            count += len(seen) - bisect_left(seen, end + 1)
            insort(seen, end)
    return count


# ---- from here on as in drawing.js ---------------------------------------------------------------


class Line(NamedTuple):
    """Drawing of a segment: the result that it carries, and to which item.

    `points` are x and y where it starts, y where it leaves the row, and x, y and y where it ends.
    """

    source: Source
    item: int
    points: tuple[float, ...]
    arrow: bool


@dataclass
class Box:
    """Drawing of one node or group, with its place within the group around it.

    Attributes:
        child: a node's number, or the group.
        inside: what is drawn in an open group.
        gates: where lines cross an open group's border: x by ('in' or 'out', source).
    """

    child: int | Group
    width: float
    height: float
    x: float = 0.0
    y: float = 0.0
    open: bool = False
    inside: list[Box] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    gates: dict[tuple[str, Source], float] = field(default_factory=dict)


def place(
    child: int | Group,
    plans: dict[str, Plan],
    opened: set[str],
    sizes: dict[int | str, tuple[float, float]],
) -> Box:
    """The box of a node or group, and of all that is in it where it is open.

    Args:
        sizes: of each node by its number, and of each group, folded, by its key.
    """
    if not isinstance(child, Group):
        return Box(child, *sizes[child])
    if child.key not in opened:
        return Box(child, *sizes[child.key])
    made = plans[child.key]
    boxes = [place(inner, plans, opened, sizes) for inner in child.children]
    title = (len(child.label()) + 2) * CHARACTER + SIDE if child.key else 0.0
    plain = {"title": (title, LINE + 2)}
    extents = [
        (boxes[what].width, boxes[what].height) if kind == "box" else plain.get(kind, (PASS, 0.0))
        for kind, what in made.items
    ]
    widths, heights = ([extent[axis] for extent in extents] for axis in (0, 1))

    # Where on an item's edge a line is fixed, from its left: the middle, or an open group's gate.
    start: list[float] = []
    end: list[float] = []
    for upper, lower, source in made.segments:
        for item, way, fixed in ((upper, "out", start), (lower, "in", end)):
            kind, what = made.items[item]
            gate = boxes[what].gates.get((way, source)) if kind == "box" else None
            fixed.append(widths[item] / 2 if gate is None else gate)
    x = _columns(made, widths, start, end)
    _spread(made, widths, x, start, end, boxes)
    left = min((x[item] for row in made.rows for item in row), default=0.0)
    right = max((x[item] + widths[item] for row in made.rows for item in row), default=0.0)
    pad = PAD if child.key else 0.0
    x = [value - left + pad for value in x]

    tops, bottoms = [], []
    y = 8.0 if child.key else 0.0
    kinds = [{made.items[item][0] for item in row} for row in made.rows]
    for index, row in enumerate(made.rows):
        if index > 0:
            narrow = kinds[index - 1] <= {"in", "title"} or "out" in kinds[index]
            y += NARROW if narrow else BETWEEN
        tops.append(y)
        y += max((heights[item] for item in row), default=0.0)
        bottoms.append(y)
    height = y + (0.0 if "out" in kinds[-1] else pad)
    row_of = {item: index for index, row in enumerate(made.rows) for item in row}
    whole = Box(child, right - left + 2 * pad, height, open=True, inside=boxes)
    for index, inner in enumerate(boxes):
        inner.x, inner.y = x[index], tops[row_of[index]]
    for item, (kind, what) in enumerate(made.items):
        if kind in ("in", "out"):
            whole.gates[kind, what] = x[item] + PASS / 2
    for index, segment in enumerate(made.segments):
        upper, lower = row_of[segment.upper], row_of[segment.lower]
        above, below = made.items[segment.upper][0], made.items[segment.lower][0]
        edge = tops[upper] + heights[segment.upper]
        from_y = {"in": 0.0, "box": edge}.get(above, bottoms[upper])
        to_y = {"out": height, "box": tops[lower]}.get(below, bottoms[lower])
        x1, x2 = x[segment.upper] + start[index], x[segment.lower] + end[index]
        arrow = below == "box" and not boxes[made.items[segment.lower][1]].open
        points = (x1, from_y, bottoms[upper], x2, tops[lower], to_y)
        whole.lines.append(Line(segment.source, segment.lower, points, arrow))
    return whole


def _columns(made: Plan, widths: list[float], start: list[float], end: list[float]) -> list[float]:
    """The left edge of each item: near to what it is joined to, its row's order kept."""
    x = [0.0] * len(made.items)
    for row in made.rows:
        for item, left in zip(row, _packed([widths[item] + GAP for item in row]), strict=True):
            x[item] = left
    above: list[list[int]] = [[] for _ in made.items]
    below: list[list[int]] = [[] for _ in made.items]
    for index, segment in enumerate(made.segments):
        above[segment.lower].append(index)
        below[segment.upper].append(index)

    def pull(segment: Segment) -> float:
        """Weigh a line's wish to be straight: a passing one most, one from a leaf least."""
        ends = [made.items[segment.upper][0], made.items[segment.lower][0]]
        if ends == ["pass", "pass"]:
            return 8.0
        leaf = ends[0] == "box" and not above[segment.upper]
        return 0.2 if leaf or "pass" in ends else 1.0

    pulls = [pull(segment) for segment in made.segments]
    for sweep in range(SWEEPS):
        down = sweep % 2 == 0
        for row in made.rows if down else made.rows[::-1]:
            wishes, weights = [], []
            for item in row:
                wish, weight = 0.0, 0.0
                for index in above[item] if down else below[item]:
                    segment = made.segments[index]
                    offset = start[index] - end[index]
                    if down:
                        wish += pulls[index] * (x[segment.upper] + offset)
                    else:
                        wish += pulls[index] * (x[segment.lower] - offset)
                    weight += pulls[index]
                wishes.append(wish / weight if weight else x[item])
                weights.append(weight or 0.05)
            gaps = [widths[item] + GAP for item in row]
            for item, value in zip(row, _apart(wishes, weights, gaps), strict=True):
                x[item] = value
    first = made.rows[0]
    if made.items[first[0]][0] == "title":  # at the left of all, but not further than it must
        lefts = [x[item] for row in made.rows for item in row if item != first[0]]
        lefts += [x[item] - widths[first[0]] - GAP for item in first[1:2]]
        x[first[0]] = min(lefts)
    return x


def _spread(
    made: Plan,
    widths: list[float],
    x: list[float],
    start: list[float],
    end: list[float],
    boxes: list[Box],
) -> None:
    """Move the ends of the lines on a box's upper edge to below where they come from."""
    order = {item: index for row in made.rows for index, item in enumerate(row)}
    arriving: dict[int, list[int]] = {}
    for index, segment in enumerate(made.segments):
        kind, what = made.items[segment.lower]
        if kind == "box" and not boxes[what].open:
            arriving.setdefault(segment.lower, []).append(index)
    for item, lines in arriving.items():
        lines.sort(key=lambda index: order[made.segments[index].upper])
        step = min(16.0, widths[item] / (len(lines) + 1))
        wishes = [x[made.segments[i].upper] + start[i] - x[item] for i in lines]
        found = _apart(wishes, [1.0] * len(lines), [step] * len(lines))
        for rank, (index, value) in enumerate(zip(lines, found, strict=True)):
            low, high = (rank + 1) * step, widths[item] - (len(lines) - rank) * step
            end[index] = min(max(value, low), high)


def _apart(wishes: list[float], weights: list[float], gaps: list[float]) -> list[float]:
    """The positions nearest to `wishes` (least squares), each its gap before the next.

    Measured from where each would lie were they packed, the positions must not decrease: pool
    adjacent violators.
    """
    packed = _packed(gaps)
    pools: list[list[float]] = []  # mean, weight, count
    for wish, weight, base in zip(wishes, weights, packed, strict=True):
        pools.append([wish - base, weight, 1])
        while len(pools) > 1 and pools[-2][0] > pools[-1][0]:
            mean, weight, count = pools.pop()
            last = pools[-1]
            last[0] = (last[0] * last[1] + mean * weight) / (last[1] + weight)
            last[1] += weight
            last[2] += count
    found: list[float] = []
    for mean, _, count in pools:
        found += [mean + base for base in packed[len(found) : len(found) + int(count)]]
    return found


def _packed(gaps: list[float]) -> list[float]:
    """Where things lie, the first at 0, with nothing between them."""
    return list(accumulate(gaps, initial=0.0))[:-1]


# ---- for the pages -------------------------------------------------------------------------------


def group_lines(graph: Graph, group: Group) -> list[str]:
    """Write the text in the box of a folded group."""
    return [f"▸ {group.label()}", group.told(graph)]


def sizes(graph: Graph, top: Group) -> dict[int | str, tuple[float, float]]:
    """The size of each node, and of each group's box when it is folded."""
    return {node.number: box(node.lines()) for node in graph.nodes} | {
        group.key: box(group_lines(graph, group)) for group in top.groups()
    }


def data(graph: Graph, top: Group) -> list[dict[str, Any]]:
    """Groups and plans as JSON can hold them; groups are referred to by their place in the list."""
    groups = list(top.groups())
    at = {group.key: index for index, group in enumerate(groups)}
    made = plans(graph, top)
    return [
        {
            "key": group.key,
            "title": group.label(),
            "lines": group_lines(graph, group),
            "size": box(group_lines(graph, group)),
            "children": [
                {"group": at[child.key]} if isinstance(child, Group) else {"node": child}
                for child in group.children
            ],
            "items": made[group.key].items,
            "rows": made[group.key].rows,
            "segments": made[group.key].segments,
        }
        for group in groups
    ]
