"""
15. Bugs that engines like this ship
====================================

A small autograd engine is a weekend's work, and it gives the right answer on the first examples.
These are the places where such engines, small and not so small, are found to be wrong. Each is
shown in a few lines that have the bug, and then asked of minitorch. All of it runs as this page is
built.
"""

import gc
import warnings
import weakref

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F


def compare(bug, other, ours, truth):
    """Show an engine with a bug beside minitorch; the first must be wrong, the second right."""
    other, ours = np.asarray(other), np.asarray(ours)
    print(f"{bug}: {other.tolist()} elsewhere, {ours.tolist()} here")
    assert other.shape != np.shape(truth) or not np.array_equal(other, truth), (
        "no bug to be seen"
    )
    assert np.array_equal(ours, truth)


# %%
# A tiny engine to break
# ----------------------
#
# A value knows what it was computed from, and how to turn its gradient into theirs.


class Value:
    """An array, where it came from, and how to send its gradient back there."""

    def __init__(self, data, parents=(), send=lambda grad: ()):
        self.data, self.parents, self.send = np.asarray(data), parents, send
        self.grad = None

    def __add__(self, other):
        return Value(self.data + other.data, (self, other), lambda g: (g, g))

    def __sub__(self, other):
        return Value(self.data - other.data, (self, other), lambda g: (g, -g))

    def __mul__(self, other):
        return Value(
            self.data * other.data,
            (self, other),
            lambda g: (g * other.data, g * self.data),
        )

    def __truediv__(self, other):
        def send(g):
            return g / other.data, -g * self.data / other.data**2

        return Value(self.data / other.data, (self, other), send)


def in_order(value, seen=None):
    """Return a value's history, parents before children."""
    seen = [] if seen is None else seen
    if value not in seen:
        for parent in value.parents:
            in_order(parent, seen)
        seen.append(value)
    return seen


def leaf(*values):
    """Return a tensor of minitorch that wants a gradient."""
    return minitorch.tensor(values, requires_grad=True)


# %%
# The same operand twice
# ----------------------
#
# An engine that *stores* a gradient where it should *add* it is right as long as each
# value is used once. ``x + x`` uses it twice; so do ``x - x``, ``x * x`` and ``x / x``.


def store(last):
    """Backward, with an assignment where a sum belongs."""
    last.grad = np.ones_like(last.data)
    for value in reversed(in_order(last)):
        for parent, grad in zip(value.parents, value.send(value.grad), strict=True):
            parent.grad = grad


for sign, function, truth in [
    ("x + x", lambda x: x + x, [2.0]),
    ("x - x", lambda x: x - x, [0.0]),
    ("x * x", lambda x: x * x, [6.0]),
    ("x / x", lambda x: x / x, [0.0]),
]:
    x, mine = Value([3.0]), leaf(3.0)
    store(function(x))
    function(mine).sum().backward()
    compare(sign, x.grad, mine.grad, truth)

# %%
# Two paths that meet again
# -------------------------
#
# Here gradients are added, but each value is visited when it is first met, and never
# again. In a diamond the second half of the gradient comes too late to be passed on.
# (Lesson 3.)


def add(value, grad):
    """Add to a value's gradient."""
    value.grad = grad if value.grad is None else value.grad + grad


def visit_once(value, seen):
    """Backward in the order in which values are met."""
    if value in seen:
        return
    seen.append(value)
    for parent, grad in zip(value.parents, value.send(value.grad), strict=True):
        add(parent, grad)
        visit_once(parent, seen)


def diamond(x):
    """a = x * x leads to the end by two paths: the gradient is 2 · 2x."""
    a = x * x
    return (a + x) - (x - a)


x, mine = Value([3.0]), leaf(3.0)
end = diamond(x)
end.grad = np.ones(1)
visit_once(end, [])
diamond(mine).sum().backward()
compare("diamond", x.grad, mine.grad, [12.0])

# %%
# Twice the work at each step
# ---------------------------
#
# The usual mend is to pass on every gradient at once, as it arrives. That is right, and
# useless: a value used twice is walked twice, its parent four times. Thirty doublings
# take a thousand million calls.


def as_it_comes(value, grad):
    """Backward by recursion; returns the number of calls."""
    add(value, grad)
    steps = zip(value.parents, value.send(grad), strict=True)
    return 1 + sum(as_it_comes(parent, grad) for parent, grad in steps)


def doubled(x, times):
    """x + x, and that plus itself, and so on."""
    for _ in range(times):
        x = x + x
    return x


def nodes_run(times):
    """How many nodes minitorch's engine runs for so many doublings."""
    y, count = leaf(1.0), []
    for _ in range(times):
        y = y + y
        y.grad_fn.register_hook(lambda made, given: count.append(1))
    y.sum().backward()
    return len(count)


lengths = range(1, 13)
calls = [as_it_comes(doubled(Value([1.0]), n), np.ones(1)) for n in lengths]
runs = [nodes_run(n) for n in lengths]
assert calls[-1] == 2**13 - 1 and runs[-1] == 12

mine = leaf(1.0)
doubled(mine, 60).sum().backward()
assert mine.grad.item() == 2.0**60  # at once; the other would take thousands of years

figure, axes = plt.subplots(figsize=(7, 3.2), layout="constrained")
axes.semilogy(
    lengths, calls, "o-", color="tab:red", label="each gradient passed on as it comes"
)
axes.semilogy(
    lengths, runs, "s-", label="minitorch: each node once, when all has arrived"
)
axes.set(
    xlabel="doublings", ylabel="steps of backward", title="The right answer, too late"
)
axes.legend()
plt.show()

# %%
# A long chain
# ------------
#
# ``in_order`` above calls itself once for each step of the history, as most small
# engines do. Python allows about a thousand calls in one another; a recurrent net over
# a long text needs more.

deep, mine = Value([1.0]), leaf(1.0)
y = mine
for _ in range(3000):
    deep, y = deep + Value([1.0]), y + 1

try:
    in_order(deep)
    raise AssertionError("no bug to be seen")
except RecursionError as error:
    print("elsewhere:", type(error).__name__)

y.sum().backward()
print("here:", mine.grad)
del deep, y

# %%
# Backward twice
# --------------
#
# Gradients of leaves add up over several calls, on purpose (lesson 4). An engine that
# keeps those of the values in between as well counts the first walk again in the
# second: three times, in place of two.


def walk(last):
    """Backward in the right order, and what the last walk left behind is still there."""
    last.grad = np.ones_like(last.data)
    for value in reversed(in_order(last)):
        for parent, grad in zip(value.parents, value.send(value.grad), strict=True):
            add(parent, grad)


x, mine = Value([3.0]), leaf(3.0)
a, b = x * x, mine * mine
y, z = a * Value([1.0]), b * 1.0
walk(y)
walk(y)
z.sum().backward(retain_graph=True)
z.sum().backward()
compare("backward twice", x.grad, mine.grad, [12.0])

# %%
# And without ``retain_graph``, what was saved is gone after the first walk. That has to
# be said, not passed over:

y = (mine * mine).sum()
y.backward()
try:
    y.backward()
    raise AssertionError("a second walk went unnoticed")
except RuntimeError as error:
    print("here:", str(error)[:64], "...")

# %%
# One gradient, two owners
# ------------------------
#
# The gradient of ``a + b`` is the same for both. An engine that gives both the same
# array has them change together: clip one, and the other is clipped; set one to zero,
# and the other is gone.

a, b = Value([1.0, 2.0]), Value([3.0, 4.0])
walk(a + b)
a.grad[:] = 0  # optimizer.zero_grad(), for a's group

mine, yours = leaf(1.0, 2.0), leaf(3.0, 4.0)
(mine + yours).sum().backward()
mine.grad.zero_()
compare("b's gradient", b.grad, yours.grad, [1.0, 1.0])

# %%
# Memory that does not come back
# ------------------------------
#
# A common form of engine keeps a function on the result that mentions the result: a
# cycle. Nothing in it is freed when the loss is forgotten, only when Python's collector
# happens to come by. Until then the graphs of many steps lie in memory together.


class Closed(Value):
    """A value whose way back is a closure over itself."""

    def __mul__(self, other):
        out = Closed(self.data * other.data, (self, other))

        def backward():
            add(self, out.grad * other.data)
            add(other, out.grad * self.data)

        out.send = backward
        return out


def is_freed(make):
    """Whether what `make` returns is gone as soon as nobody holds it."""
    gc.collect()
    gc.disable()
    try:
        held = make()
        reference = weakref.ref(held)
        del held
        return reference() is None
    finally:
        gc.enable()


def ours():
    """A loss of minitorch, after backward."""
    x = leaf(1.0, 2.0)
    loss = x.exp().softmax(0).sum()
    loss.backward()
    return loss


compare("freed", is_freed(lambda: Closed([2.0]) * Closed([3.0])), is_freed(ours), True)

# %%
# Changed in between
# ------------------
#
# The gradient of ``x * y`` for x is y: as it was in the forward pass. If y has been
# changed in place since, an engine that kept only a reference multiplies by the wrong
# numbers, and says nothing.

x, y = Value([1.0, 2.0]), Value(np.array([3.0, 4.0]))
z = x * y
y.data += 10
walk(z)
print("elsewhere:", x.grad, "in place of [3. 4.]")
assert x.grad.tolist() == [13.0, 14.0]

mine, other = leaf(1.0, 2.0), minitorch.tensor([3.0, 4.0])
z = (mine * other).sum()
other += 10
try:
    z.backward()
    raise AssertionError("a change went unnoticed")
except RuntimeError as error:
    print("here:", str(error)[:83], "...")

# %%
# Broadcasting
# ------------
#
# A row added to a matrix is used once for each of its rows, so its gradient is a sum
# over them. An engine that only sums where a size is 1 forgets the dimensions that the
# row does not have.


def unbroadcast(grad, shape):
    """Sum over dimensions of size 1, if both have as many dimensions."""
    for dim, size in enumerate(shape):
        if size == 1:
            grad = grad.sum(dim, keepdims=True)
    return grad


row = leaf(1.0, 2.0, 3.0)
(row + minitorch.zeros(2, 3)).sum().backward()
compare("row + matrix", unbroadcast(np.ones((2, 3)), (3,)), row.grad, [2.0, 2.0, 2.0])

# %%
# An index that comes twice
# -------------------------
#
# ``x[[0, 0, 2]]`` takes the first element twice, so its gradient is 2. NumPy's
# ``grad[index] += g`` looks right, and adds once: it reads, adds and writes for all
# places at the same time. An embedding learns wrong from every word that comes twice in
# a batch.

index = [0, 0, 2]
grad = np.zeros(3)
grad[index] += np.ones(3)

mine = leaf(1.0, 2.0, 3.0)
mine[index].sum().backward()
compare("x[[0, 0, 2]]", grad, mine.grad, [2.0, 0.0, 1.0])

# %%
# Equal maxima
# ------------
#
# ``grad * (x == x.max())`` gives every one of several largest elements the whole
# gradient. However the largest is moved, the maximum cannot move by more than it: the
# shares have to add up to 1.

x = np.array([1.0, 5.0, 5.0])
mine = leaf(1.0, 5.0, 5.0)
mine.max().backward()
compare("max of 1, 5, 5", 1.0 * (x == x.max()), mine.grad, [0.0, 0.5, 0.5])

# %%
# Windows that overlap
# --------------------
#
# With a stride smaller than the kernel, windows share pixels, and a pixel's gradient is
# the sum over its windows. An engine that writes each window's gradient keeps the last
# one.

grad = np.zeros(4)
for i in range(3):  # windows of 2, stride 1
    grad[i : i + 2] = [0.5, 0.5]

mine = minitorch.zeros(1, 1, 4, requires_grad=True)
F.avg_pool1d(mine, 2, stride=1).sum().backward()
compare("average pool", grad, mine.grad[0, 0], [0.5, 1.0, 1.0, 0.5])

kernel, grad = np.array([1.0, 10.0]), np.zeros(4)
for i in range(3):
    grad[i : i + 2] = kernel

mine = minitorch.zeros(1, 1, 4, requires_grad=True)
F.conv1d(mine, minitorch.tensor([[[1.0, 10.0]]])).sum().backward()
compare("convolution", grad, mine.grad[0, 0], [1.0, 11.0, 11.0, 10.0])

# %%
# The padding of a pool
# ---------------------
#
# Zeros around an image are right for a convolution. Around negative numbers they are
# the largest of their windows, and a max pool answers with numbers that were never
# there.

x = np.array([-5.0, -3.0])
padded = np.pad(x, 1)
pooled = np.maximum(padded[::2], padded[1::2])
ours = F.max_pool1d(minitorch.tensor([[-5.0, -3.0]]), 2, stride=2, padding=1)
compare("max pool", pooled, ours[0], [-5.0, -3.0])

# %%
# A norm at zero
# --------------
#
# The formula for the slope of \\|x\\| is x / \\|x\\|, and at 0 it is 0 / 0. One such
# NaN in one row, and after the next step all weights are NaN.

x = np.zeros(3)
with np.errstate(invalid="ignore"):
    grad = x / np.sqrt((x * x).sum())

mine = minitorch.zeros(3, requires_grad=True)
mine.norm().backward()
compare("norm at 0", grad, mine.grad, [0.0, 0.0, 0.0])

# %%
# The quiet change of type
# ------------------------
#
# One float64 constant, and from there on everything is float64: twice the memory, half
# the speed, and other numbers than on the next machine. NumPy's scalars are float64.

x = np.ones(2, np.float32)
print("elsewhere:", (x * np.array([0.5])).dtype)
mine = minitorch.ones(2) * np.float64(0.5)
print("here:", mine.dtype)
assert mine.dtype is minitorch.float32

# %%
# A loss that compares all with all
# ---------------------------------
#
# A net returns a column, ``(3, 1)``; the targets are a list, ``(3,)``. The difference
# of the two is a table of 3 by 3: each prediction minus *every* target. The mean of its
# squares is a number, training runs, and the net learns to predict the mean. PyTorch
# computes it too; it warns, and so do we.

prediction, target = np.array([[1.0], [2.0], [3.0]]), np.array([1.0, 2.0, 3.0])
print(
    "elsewhere: a loss of",
    ((prediction - target) ** 2).mean(),
    "for a perfect prediction",
)

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    F.mse_loss(minitorch.tensor(prediction), minitorch.tensor(target))
print("here:", str(caught[0].message)[:71], "...")
assert "different to the input size" in str(caught[0].message)

# %%
# What to do about such bugs
# --------------------------
#
# Look for them where a value is used twice, where shapes differ, where two elements are
# equal, where something is zero, and where memory is shared. And let a checker look:
# most of the above are found by ``minitorch.autograd.gradcheck`` at once (lesson 10),
# if the inputs that it is given have ties, zeros and repeated indices in them.
#
# Where in the source: ``minitorch/autograd/walk.py`` has the walk,
# ``minitorch/autograd/function.py`` what is saved and how.
# ``tests/autograd/test_bugs_of_other_engines.py`` asks all this of minitorch, and more.
