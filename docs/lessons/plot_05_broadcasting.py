"""
5. Broadcasting, backwards
==========================

NumPy and PyTorch add a row of 3 numbers to a table of 2 x 3 numbers without being asked
twice: the row is used once for each line of the table. This is called *broadcasting*.
Forwards it copies. So backwards it has to add.
"""

import warnings

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F

# %%
# Copies forwards
# ---------------
#
# ``x`` has the shape (2, 3) and ``b`` the shape (3,).

x = minitorch.tensor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], requires_grad=True)
b = minitorch.tensor([10.0, 20.0, 30.0], requires_grad=True)
y = x + b
print(y)

# %%
# ``b[0] = 10`` was used twice: in ``y[0, 0]`` and in ``y[1, 0]``. Lesson 4 said what
# becomes of the gradient of a number that is used twice: the gradients of both uses are
# added.
#
# Sums backwards
# --------------
#
# To see which number goes where, we let a different gradient arrive at each element of
# ``y``.

arriving = minitorch.tensor([[1.0, 0.0, 2.0], [3.0, 1.0, -1.0]])
y.backward(arriving)
print("x.grad:", x.grad)
print("b.grad:", b.grad)  # 1 + 3, 0 + 1, 2 - 1

assert x.grad.tolist() == arriving.tolist()  # one use each: nothing to add
assert b.grad.tolist() == [4, 1, 1]


# sphinx_gallery_start_ignore
def table(axes, values, title, color, ghost=()):
    """Draw the numbers of a table in cells; those of the rows in `ghost` in grey."""
    values = np.atleast_2d(values)
    for (row, column), value in np.ndenumerate(values):
        shade = "0.93" if row in ghost else color
        cell = plt.Rectangle((column, -row), 1, 1, facecolor=shade, edgecolor="0.3")
        axes.add_patch(cell)
        where = (column + 0.5, -row + 0.5)
        axes.text(*where, f"{value:g}", ha="center", va="center", size=12)
    axes.set(xlim=(-0.2, 3.2), ylim=(-1.2, 1.2), aspect="equal", title=title)
    axes.axis("off")


blue, red = "#cfe2f3", "#f8d3cd"
copied = np.broadcast_to(b.detach().numpy(), (2, 3))
figure, panels = plt.subplots(2, 3, figsize=(6.4, 3.8), layout="constrained")
table(panels[0, 0], x.detach().numpy(), "x  (2, 3)", blue)
table(panels[0, 1], copied, "+  b  (3,), used twice", blue, ghost=[1])
table(panels[0, 2], y.detach().numpy(), "=  y  (2, 3)", blue)
table(panels[1, 0], x.grad.numpy(), "x.grad: as it came", red)
table(panels[1, 1], b.grad.numpy(), "b.grad: columns added", red)
table(panels[1, 2], arriving.numpy(), "gradient arriving at y", red)
figure.suptitle("Forwards (blue) b is copied, backwards (red) its copies are added")
plt.show()
# sphinx_gallery_end_ignore

# %%
# The grey cells of the picture exist only in our mind: broadcasting does not really
# copy.
#
# The rule
# --------
#
# Broadcasting does two things to a small shape: it puts missing dimensions *in front*,
# and it stretches dimensions of size 1. Backwards, both are undone by sums:


def unbroadcast(gradient, shape):
    """Add up a gradient over everything that broadcasting copied."""
    while gradient.ndim > len(shape):  # dimensions that were put in front
        gradient = gradient.sum(axis=0)
    for axis, size in enumerate(shape):  # dimensions that were stretched
        if size == 1:
            gradient = gradient.sum(axis=axis, keepdims=True)
    return gradient


# %%
# Five pairs of shapes, and minitorch's gradient beside ours. The operation is a product
# this time, so that the gradient of ``small`` is ``arriving * large``, added up.

draws = np.random.default_rng(0)
for large_shape, small_shape in [
    ((2, 3), (3,)),
    ((2, 3), (2, 1)),
    ((4, 2, 3), (2, 1)),
    ((4, 2, 3), (1, 1, 1)),
    ((5,), ()),
]:
    large, arriving = draws.normal(size=large_shape), draws.normal(size=large_shape)
    small = minitorch.tensor(draws.normal(size=small_shape), requires_grad=True)
    (minitorch.tensor(large) * small).backward(minitorch.tensor(arriving))
    ours = unbroadcast(arriving * large, small_shape)
    print(f"{small_shape!s:10} stretched to {large_shape!s:10} gradient {ours.shape}")
    assert small.grad.shape == ours.shape == small_shape
    assert np.allclose(small.grad.numpy(), ours)

# %%
# In minitorch the engine does this, in one place, for all operations that say
# ``broadcasts = True``. So an addition's ``backward`` is just ``return grad, grad``. A
# gradient of any other shape than its tensor's is refused: it can only be a mistake.
#
# The trap: a loss that broadcasts
# --------------------------------
#
# A network often returns a *column* (4, 1), while the targets are a plain row of 4
# numbers, (4,). Their difference is not 4 numbers but 16: each prediction minus each
# target.

predictions = minitorch.tensor([[1.0], [2.0], [3.0], [4.0]], requires_grad=True)
targets = minitorch.tensor([1.0, 2.0, 3.0, 4.0])
print("shape of the difference:", tuple((predictions - targets).shape))

# %%
# These predictions are perfect. Yet the loss is 2.5, and its gradient pulls every one
# of them towards the mean of the targets. No error is raised; PyTorch's loss functions,
# and ours, warn.

with warnings.catch_warnings(record=True) as caught:
    warnings.simplefilter("always")
    loss = F.mse_loss(predictions, targets)
loss.backward()
print("loss:", loss.item())
print("gradient:", predictions.grad[:, 0])
print("warning:", str(caught[0].message)[:91], "...")

assert loss.item() == 2.5 and len(caught) == 1
assert np.allclose(predictions.grad[:, 0].numpy(), (np.arange(1, 5) - 2.5) * 2 / 4)

# %%
# The cure is to make the shapes equal: ``predictions.squeeze(1)``.

assert F.mse_loss(predictions.squeeze(1), targets).item() == 0

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. A table of ones of shape (5, 3) is multiplied by ``scale`` of shape (1, 3), and
#    everything is summed. What is the gradient of ``scale``? (A list of lists.)
# 2. The row ``[1, 2, 3]`` plus a column of two numbers gives a table (2, 3).
#    ``.sum().backward()``: what is the gradient of the row? (A list.)

answer_1 = None  # [[...]]
answer_2 = None  # [...]

if answer_1 is not None:
    scale = minitorch.ones(1, 3, requires_grad=True)
    (minitorch.ones(5, 3) * scale).sum().backward()
    assert answer_1 == scale.grad.tolist()
if answer_2 is not None:
    row = minitorch.tensor([1.0, 2.0, 3.0], requires_grad=True)
    (row + minitorch.ones(2, 1)).sum().backward()
    assert answer_2 == row.grad.tolist()

# %%
# Where in the source: ``BackwardWalk.fit`` in ``minitorch/autograd/walk.py`` sums
# a gradient back; ``Add`` and ``Mul`` in ``minitorch/ops/math/arithmetic.py`` say that they
# broadcast.
