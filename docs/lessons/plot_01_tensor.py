"""
1. What a tensor remembers
==========================

A tensor is an array of numbers that remembers where they came from. That memory is all
that is needed to find derivatives later. This lesson looks at each thing a tensor
remembers, on the smallest "network" there is: one weight, one bias, one example.
"""

import matplotlib.pyplot as plt

import minitorch
from minitorch import viz

# %%
# The numbers, and a wish
# -----------------------
#
# We have an input ``x = 2`` and a target ``t = 10``. Our guess is ``y = w * x + b``
# with ``w = 3`` and ``b = 1``. ``requires_grad=True`` states a wish: *later I shall ask
# how the result changes when I change this*. ``x`` and ``t`` are plain data, so they
# have no such wish.

x = minitorch.tensor(2.0)
t = minitorch.tensor(10.0)
w = minitorch.tensor(3.0, requires_grad=True)
b = minitorch.tensor(1.0, requires_grad=True)

for name, tensor in {"x": x, "w": w}.items():
    print(name, "=", tensor.data, " requires_grad:", tensor.requires_grad)
    print("    grad:", tensor.grad, " grad_fn:", tensor.grad_fn)
    print("    version:", tensor._version)

# %%
# Four memories, and two of them are still empty:
#
# * ``data``: the array itself.
# * ``grad``: the derivative, once somebody has worked it out.
# * ``grad_fn``: the operation that made this tensor. ``None``, since we typed the
#   number ourselves. Such a tensor is called a *leaf*.
# * ``_version``: how often the array was overwritten. (Lesson 6 is about this one.)
#
# Each operation leaves a trace
# -----------------------------
#
# Now we compute, one operation a line. The loss is the squared error, ``(y - t) ** 2``.

product = w * x  # 3 * 2 = 6
y = product + b  # 6 + 1 = 7
error = y - t  # 7 - 10 = -3
loss = error**2  # 9


def tell(name, tensor):
    """A tensor's value, and the operation that made it."""
    print(f"{name:8} {tensor.item():5}   made by {tensor.grad_fn.name()}")


tell("product", product)
tell("y", y)
tell("error", error)
tell("loss", loss)

assert loss.item() == 9.0

# %%
# The name says that the operation can also go *Backward*. Each operation knows the
# operations that made its inputs: ``next_functions``. So whoever holds ``loss`` can
# walk all the way back. ``AccumulateGrad`` stands for a leaf: there the walk ends.
# ``None`` stands for an input that nobody wants a derivative of.


def show(node, depth=0):
    """Print an operation, and below it, indented, where its inputs came from."""
    print("    " * depth + ("None" if node is None else node.name()))
    for maker, _ in [] if node is None else node.next_functions:
        show(maker, depth + 1)


show(loss.grad_fn)

# %%
# Some operations also keep numbers that they will need. The slope of ``error ** 2`` is
# ``2 * error``, so the power has to keep ``error``. The slope of a sum is 1 whatever is
# added, so the addition keeps nothing.

print("kept by the power:   ", [kept.item() for kept in loss.grad_fn.saved])
print("kept by the addition:", [kept.item() for kept in y.grad_fn.saved])

# %%
# All of this about any program of yours, in one call:

print(viz.graph(loss).text())

# %%
# Going back
# ----------
#
# ``backward()`` starts at the loss with the number 1 (if the loss grows by a little,
# the loss grows by just that) and walks the trace. At each operation it multiplies by
# that operation's slope. We ask the tensors in the middle to keep their derivative too,
# to have all the numbers.

for tensor in (product, y, error):
    tensor.retain_grad()
loss.backward()

assert error.grad.item() == 2 * -3  # the slope of error ** 2 at error = -3
assert y.grad.item() == -6 * 1  # the slope of a difference is 1
assert product.grad.item() == -6 * 1 and b.grad.item() == -6 * 1  # so is that of a sum
assert w.grad.item() == -6 * 2  # the slope of w * x in w is x = 2

# sphinx_gallery_start_ignore
places = {
    "x": (0, 0, x), "w": (0, 1, w), "b": (1, 1, b), "w * x": (1, 0, product),
    "y": (2, 0, y), "t": (2, 1, t), "error": (3, 0, error), "loss": (4, 0, loss),
}  # fmt: skip
arrows = [("x", "w * x"), ("w", "w * x"), ("w * x", "y"), ("b", "y")]
arrows += [("y", "error"), ("t", "error"), ("error", "loss")]

figure, axes = plt.subplots(figsize=(6.4, 3), layout="constrained")
for start, end in arrows:
    gap = 30 if places[start][1] == 0 else 42  # so that no arrow starts on a number
    style = {"arrowstyle": "->", "color": "0.5", "shrinkA": gap, "shrinkB": 30}
    axes.annotate("", places[end][:2], places[start][:2], arrowprops=style)
for name, (column, row, tensor) in places.items():
    axes.text(column, row + 0.1, name, ha="center", weight="bold")
    value = f"{tensor.item():g}"
    axes.text(column, row - 0.05, value, ha="center", color="tab:blue", size=12)
    gradient, color = "no gradient", "0.4"
    if tensor.requires_grad:
        slope = 1.0 if tensor is loss else tensor.grad.item()
        gradient, color = f"gradient {slope:g}", "tab:red"
    axes.text(column, row - 0.2, gradient, ha="center", color=color)
axes.set(xlim=(-0.5, 4.5), ylim=(-0.4, 1.3))
axes.set_title("What loss remembers, and what backward adds")
axes.axis("off")
plt.show()
# sphinx_gallery_end_ignore

# %%
# In this picture of the trace, blue numbers were computed from left to right; red ones
# are the derivatives of the loss, computed from right to left.
#
# Read one number off it: the gradient of ``w`` is -12. So if ``w`` grows by 0.001, the
# loss should fall by about 0.012. It does:

nudged = (3.001 * 2 + 1 - 10) ** 2
print(nudged - 9)
assert abs((nudged - 9) / 0.001 - w.grad.item()) < 0.01

# %%
# What is forgotten
# -----------------
#
# After the walk the kept numbers are dropped, to free their memory. A second walk is
# refused.

try:
    loss.backward()
except RuntimeError as problem:
    print(str(problem)[:75], "...")
else:
    raise AssertionError("the second walk should have been refused")

# %%
# Last, the memory that we have not seen move yet. One step downhill overwrites ``w``,
# and its version counts that.

with minitorch.no_grad():  # this is no part of the computation: leave no trace
    w -= 0.1 * w.grad
    b -= 0.1 * b.grad
print(f"w = {w.item():.1f}  b = {b.item():.1f}  version of w: {w._version}")
print("loss now:", ((w * x + b - t) ** 2).item())

assert w._version == 1

# %%
# (The step went all the way to the target: ``4.2 * 2 + 1.6`` is 10. That was luck.)
#
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block. An error means: not yet.
#
# 1. With the target ``t = 7`` instead of 10 (and ``w = 3``, ``b = 1`` again), what is
#    the gradient of ``w``?
# 2. What is the name of ``(w * x - t).exp().grad_fn.next_functions[0][0]``?

answer_1 = None  # a number
answer_2 = None  # a string, such as "AddBackward0"

if answer_1 is not None:
    w = minitorch.tensor(3.0, requires_grad=True)
    ((w * 2.0 + 1.0 - 7.0) ** 2).backward()
    assert answer_1 == w.grad.item()
if answer_2 is not None:
    assert answer_2 == (w * x - t).exp().grad_fn.next_functions[0][0].name()

# %%
# Where in the source: ``minitorch/autograd/base.py`` is what a tensor remembers,
# ``minitorch/autograd/function.py`` what an operation does, and
# ``minitorch/autograd/walk.py`` is the walk.
