"""
3. Why topological order
========================

Going back through a graph looks like a job for four lines of recursion. This lesson
writes those four lines, shows where they are wrong, mends them so that they are right
but hopelessly slow, and ends with the order that is both right and quick.
"""

import heapq
import itertools
import sys

import matplotlib.pyplot as plt

import minitorch
from minitorch import viz

# %%
# A graph made by hand
# --------------------
#
# To see the walk and nothing else, we make a toy: a number that knows its parents (what
# it was computed from) and its slope in each of them.


class Toy:
    """A number, and how it changes with the numbers that it was computed from."""

    counter = itertools.count()

    def __init__(self, name, value, parents=()):
        self.name, self.value, self.parents = name, value, parents
        self.born = next(Toy.counter)  # 0, 1, 2, ... in the order of creation
        self.grad = 0.0


def graph():
    """y = a * b, where b = a + 1 and a = 4 * x; at x = 1."""
    x = Toy("x", 1.0)
    a = Toy("a", 4 * x.value, [(x, 4)])
    b = Toy("b", a.value + 1, [(a, 1)])
    y = Toy("y", a.value * b.value, [(a, b.value), (b, a.value)])
    return x, y


# %%
# The right answer, by school calculus: ``y = a² + a`` has slope ``2a + 1 = 9`` at
# ``a = 4``, and ``a`` grows four times as fast as ``x``. So dy/dx = 36. Nudge ``x`` to
# see it confirmed:

x = 1.001
print((4 * x * (4 * x + 1) - 20) / 0.001)  # close to 36

# %%
# Wrong: pass on what you have, at once
# -------------------------------------
#
# Each node adds what arrives to its ``grad`` and passes its ``grad`` on to its parents,
# times the slope. Every such letter is noted in ``mail``.

mail = []


def at_once(node):
    """Pass node.grad on to the parents, and let each of them do the same. Wrong!"""
    for parent, slope in node.parents:
        parent.grad += node.grad * slope
        mail.append((node.name, parent.name, node.grad * slope))
        at_once(parent)


x, y = graph()
y.grad = 1.0
at_once(y)
print("dy/dx =", x.grad)
for sender, receiver, amount in mail:
    print(f"    {sender} sends {amount:g} to {receiver}")
mail_at_once = mail.copy()

assert x.grad == 56  # and not 36

# %%
# What went wrong? ``a`` is used twice: by ``y`` and by ``b``. It passed its 5 on as
# soon as that arrived from ``y``. Later 4 more arrived from ``b``, and it passed on 5 +
# 4 = 9. So the 5 was passed on twice: 5 * 4 = 20 too much, and 36 + 20 = 56.
#
# Right but slow: follow every path
# ---------------------------------
#
# The mend is small: pass on only what has just arrived, and not all that you have.

visited = []


def every_path(node, arrived=1.0):
    """Add what arrived, and pass on only that. Right, but..."""
    visited.append(node)
    node.grad += arrived
    for parent, slope in node.parents:
        every_path(parent, arrived * slope)


x, y = graph()
every_path(y)
assert x.grad == 36

# %%
# But now ``a`` is visited twice, and with it everything below ``a``. Double a number
# again and again, ``x + x``, and each doubling doubles the number of paths.


def doubled(times):
    """x, and x doubled so many times."""
    x = y = Toy("x", 1.0)
    for _ in range(times):
        y = Toy("sum", y.value + y.value, [(y, 1), (y, 1)])
    return x, y


slow = []
for times in range(1, 15):
    x, y = doubled(times)
    visited.clear()
    every_path(y)
    assert x.grad == 2**times
    slow.append(len(visited))
print("visits for 1, 2, 3, ... doublings:", slow)

assert slow == [2 ** (times + 1) - 1 for times in range(1, 15)]

# %%
# Right and quick: wait until all mail is in
# ------------------------------------------
#
# A node may pass its ``grad`` on once *everything that uses it* has been dealt with. An
# order in which each node comes after all its users is called *topological*. It need
# not be searched for: what uses ``a`` was created after ``a``. So always take the
# youngest node next.


def in_order(root):
    """Visit every node once, the youngest first."""
    root.grad = 1.0
    waiting = [(-root.born, root)]  # a heap gives the smallest: the youngest
    seen = {root}
    while waiting:
        _, node = heapq.heappop(waiting)
        visited.append(node)
        for parent, slope in node.parents:
            parent.grad += node.grad * slope
            mail.append((node.name, parent.name, node.grad * slope))
            if parent not in seen:
                seen.add(parent)
                heapq.heappush(waiting, (-parent.born, parent))


mail.clear()
x, y = graph()
in_order(y)
assert x.grad == 36
mail_in_order = mail.copy()

# sphinx_gallery_start_ignore
places = {"x": (-0.2, 0), "a": (1, 0), "b": (1.75, 0.9), "y": (2.5, 0)}
figure, panels = plt.subplots(1, 2, figsize=(8, 2.7), layout="constrained")
for axes, letters, title in [
    (panels[0], mail_at_once, "at once: dy/dx = 20 + 36 = 56, wrong"),
    (panels[1], mail_in_order, "in order: dy/dx = 36, right"),
]:
    for name, place in places.items():
        circle = {"boxstyle": "circle", "facecolor": "white", "edgecolor": "0.4"}
        axes.text(*place, name, ha="center", va="center", weight="bold", bbox=circle)
    for turn, (sender, receiver, amount) in enumerate(letters, start=1):
        again = sum(letter[:2] == (sender, receiver) for letter in letters[: turn - 1])
        (x0, y0), (x1, y1) = places[sender], places[receiver]
        style = {"arrowstyle": "->", "color": "tab:red", "shrinkA": 15, "shrinkB": 15}
        style["connectionstyle"] = f"arc3,rad={0.6 * again}"  # the second goes around
        axes.annotate("", (x1, y1), (x0, y0), arrowprops=style)
        axes.text(
            (x0 + x1) / 2,
            (y0 + y1) / 2 + 0.3 * again,
            f"{turn}. sends {amount:g}",
            ha="center",
            va="center",
            bbox={"facecolor": "white", "edgecolor": "none", "pad": 2},
        )
    axes.set(xlim=(-0.5, 2.8), ylim=(-0.3, 1.2), aspect="equal", title=title)
    axes.axis("off")
plt.show()
# sphinx_gallery_end_ignore

# %%
# Both walks as pictures: each arrow is a letter, with its turn and the amount. On the
# left ``a`` writes to ``x`` twice; on the right it waits for its second letter.
#
# And how many visits does it take?

quick = []
for times in range(1, 15):
    x, y = doubled(times)
    visited.clear()
    in_order(y)
    assert x.grad == 2**times
    quick.append(len(visited))
print("visits for 1, 2, 3, ... doublings:", quick)

# sphinx_gallery_thumbnail_number = 2
# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
axes.semilogy(range(1, 15), slow, "o-", color="tab:red", label="following every path")
axes.semilogy(range(1, 15), quick, "o-", color="tab:blue", label="in topological order")
axes.set(xlabel="number of doublings", ylabel="number of visits")
axes.set_title("How many nodes are visited (each line: ten times more)")
axes.grid(axis="y", color="0.9")
axes.legend()
plt.show()
# sphinx_gallery_end_ignore

# %%
# minitorch walks in this order. ``viz.replay`` shows its letters; they are those of the
# picture on the right.

x = minitorch.tensor(1.0, requires_grad=True)
a = 4 * x
b = a + 1
y = a * b
print(viz.replay(y))

assert x.grad.item() == 36

# %%
# Sixty doublings are sixty visits. Along every path there would be
# 2,305,843,009,213,693,951, which at ten million a second take 7,000 years.

x = minitorch.tensor(1.0, dtype=minitorch.float64, requires_grad=True)
y = x
for _ in range(60):
    y = y + y
y.backward()
assert x.grad.item() == 2**60

# %%
# No recursion
# ------------
#
# Recursion has one more flaw: Python allows only about a thousand nested calls, and a
# long loop makes a graph that is deeper than that. The heap does not mind.

deep = sys.getrecursionlimit() + 10


def chain():
    """x, and x passed through more steps than Python can nest."""
    x = y = Toy("x", 1.0)
    for _ in range(deep):
        y = Toy("step", y.value, [(y, 1)])
    return x, y


x, y = chain()
try:
    every_path(y)
except RecursionError as problem:
    print("every_path:", problem)
else:
    raise AssertionError("deeper than Python allows, and no error")

x, y = chain()
in_order(y)
print("in_order:   dy/dx =", x.grad, "after", deep, "steps")
assert x.grad == 1

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. Somebody mends ``at_once`` by keeping a set of nodes that have been visited, and
#    never entering one twice. (Parents still get their ``grad +=``.) What does it give
#    for dy/dx in our graph?
# 2. Take ``x0``, ``x1``, and then each number as the sum of the two before it:
#    ``x2 = x1 + x0``, ``x3 = x2 + x1``, and so on. From ``x10`` back, ``in_order``
#    makes 11 visits. How many does ``every_path`` make? (First work it out for ``x2``
#    and ``x3``.)

answer_1 = None  # a number
answer_2 = None  # a number


def only_once(node, seen):
    """The walk of exercise 1."""
    for parent, slope in node.parents:
        parent.grad += node.grad * slope
        if parent not in seen:
            seen.add(parent)
            only_once(parent, seen)


if answer_1 is not None:
    x, y = graph()
    y.grad = 1.0
    only_once(y, {y})
    assert answer_1 == x.grad
if answer_2 is not None:
    older, newer = Toy("x0", 1.0), Toy("x1", 1.0)
    for number in range(2, 11):
        total = Toy(f"x{number}", older.value + newer.value, [(newer, 1), (older, 1)])
        older, newer = newer, total
    visited.clear()
    every_path(newer)
    assert answer_2 == len(visited)

# %%
# ``python -m minitorch explain "a * (a + 1)" a=4`` replays any formula on the command
# line.
#
# Where in the source: ``minitorch/autograd/walk.py``, the method ``walk`` of
# ``BackwardWalk``: it is ``in_order``, for tensors. Numbers of creation are given out in
# ``minitorch/autograd/function.py``.
