"""
4. Why gradients accumulate
===========================

Gradients are *added* in two places: inside one walk, where a number is used more than
once, and between two walks, in ``.grad``. The first is mathematics. The second is a
convention, useful if you know it and a trap if you do not.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F

# %%
# Inside one walk: every use counts
# ---------------------------------
#
# Take ``y = x * x`` at ``x = 3``. The multiplication knows its slope in each factor: in
# the left one it is the right one, 3; in the right one it is the left one, 3. It sends
# 3 to the left factor and 3 to the right factor, and does not know that both are the
# same number.

x = minitorch.tensor(3.0, requires_grad=True)
left, right = x.clone(), x.clone()  # two names for the two uses
left.retain_grad()
right.retain_grad()
(left * right).backward()
print("left use:", left.grad.item(), " right use:", right.grad.item())
print("together:", x.grad.item())

assert (left.grad.item(), right.grad.item(), x.grad.item()) == (3, 3, 6)

# %%
# Why add? If ``x`` grows by a little, *both* uses grow, and each makes ``y`` grow.
# Measured: nudging the left factor alone, the right one alone, then both.

nudge = 0.001
only_left = (3 + nudge) * 3 - 9
only_right = 3 * (3 + nudge) - 9
both = (3 + nudge) * (3 + nudge) - 9
print(only_left / nudge, only_right / nudge, both / nudge)

assert abs(only_left / nudge - 3) < 1e-9 and abs(both / nudge - 6) < 0.01

# %%
# Overwriting instead of adding would give 3, and ``x - x`` would get a slope of -1
# instead of 0.

x = minitorch.tensor(3.0, requires_grad=True)
(x - x).backward()
assert x.grad.item() == 0  # 1 from the left use, -1 from the right one

# %%
# Between two walks: ``.grad`` is a running sum
# ---------------------------------------------
#
# A second ``backward`` does not replace what lies in ``.grad``. It adds to it.

w = minitorch.tensor(1.0, requires_grad=True)
for walk in (1, 2, 3):
    (5 * w).backward()
    print(f"after walk {walk}: w.grad = {w.grad.item()}")
assert w.grad.item() == 15

# %%
# The use of it: a batch that is too large for the memory can be walked in pieces. The
# gradient of a sum is the sum of the gradients, so the pieces add up to the gradient of
# the whole batch.

minitorch.manual_seed(0)
inputs, targets = minitorch.randn(12, 3), minitorch.randn(12)
weights = minitorch.randn(3, requires_grad=True)

F.mse_loss(inputs @ weights, targets, reduction="sum").backward()
whole = weights.grad.clone()

weights.grad = None
for start in (0, 4, 8):  # three pieces of four examples
    rows = slice(start, start + 4)
    F.mse_loss(inputs[rows] @ weights, targets[rows], reduction="sum").backward()
print("at once:  ", whole)
print("in pieces:", weights.grad)

assert np.allclose(weights.grad.numpy(), whole.numpy())

# %%
# (With ``reduction="mean"`` each piece would be divided by 4 instead of 12. Then divide
# each piece's loss by the number of pieces, 3.)
#
# The trap: forgetting to empty it
# --------------------------------
#
# When training step by step, the old gradients must go before the new ones come. That
# is what ``optimizer.zero_grad()`` is for. Here we look for the lowest point of ``w²``,
# once with it and once without.


def descend(forget):
    """Thirty steps of gradient descent on w * w from w = 1; where w was."""
    w = minitorch.tensor(1.0, requires_grad=True)
    optimizer = minitorch.optim.SGD([w], lr=0.05)
    path = []
    for _ in range(30):
        path.append(w.item())
        if not forget:
            optimizer.zero_grad()
        (w * w).backward()
        optimizer.step()
    return path


good, bad = descend(forget=False), descend(forget=True)

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
axes.axhline(0, color="0.8", linewidth=1)
axes.plot(good, ".-", color="tab:blue", label="zero_grad() before each backward()")
axes.plot(bad, ".-", color="tab:red", label="forgotten: old gradients stay")
axes.set(xlabel="step", ylabel="w")
axes.set_title("Looking for the lowest point of w², which is w = 0")
figure.legend(loc="outside lower center", ncols=2)
plt.show()
# sphinx_gallery_end_ignore

# %%
# Without emptying, each step follows the sum of *all* gradients so far. A sum that
# grows while ``w`` is on one side and shrinks on the other behaves like a swing: it is
# fastest at the bottom, and runs up the other side. It never comes to rest.

assert 0 < good[-1] < 0.05
assert min(bad) < -0.9 and max(abs(value) for value in bad[-10:]) > 0.9

# %%
# Never the same memory
# ---------------------
#
# In ``c = a + b`` both gradients are equal to what arrives. It is tempting to store the
# same array twice. But then emptying one would empty the other. So ``.grad`` is always
# an array of its own.

a = minitorch.ones(2, requires_grad=True)
b = minitorch.ones(2, requires_grad=True)
(a + b).sum().backward()
a.grad.zero_()
print("a.grad:", a.grad, " b.grad:", b.grad)
assert b.grad.tolist() == [1, 1]

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. ``y = x * x * x`` at ``x = 2`` uses ``x`` three times. How much does each use
#    contribute?
# 2. ``((w * 4) + (w * w)).backward()`` is called twice at ``w = 1``, with nothing
#    emptied in between. What is ``w.grad``?

answer_1 = None  # a number
answer_2 = None  # a number

if answer_1 is not None:
    x = minitorch.tensor(2.0, requires_grad=True)
    (x * x * x).backward()
    assert 3 * answer_1 == x.grad.item()
if answer_2 is not None:
    w = minitorch.tensor(1.0, requires_grad=True)
    for _ in range(2):
        ((w * 4) + (w * w)).backward()
    assert answer_2 == w.grad.item()

# %%
# Where in the source: ``minitorch/autograd/walk.py``. ``BackwardWalk.add`` adds
# inside a walk, ``accumulate`` adds to ``.grad``. ``zero_grad`` is in
# ``minitorch/optim/optimizer.py``.
