"""
8. Pooling, and ties
====================

Pooling makes an image smaller: of each window it keeps the largest number, or the mean.
Going back it has to decide who gets the gradient. That is easy until two numbers are
equally large.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F

# %%
# The largest, and who it was
# ---------------------------
#
# Windows of 2 x 2 that do not overlap. Reshaping cuts the image into them: lines in
# pairs, columns in pairs, and the two middle dimensions change their places.

image = np.arange(1.0, 17.0).reshape(4, 4)
windows = image.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(2, 2, 4)
largest, winner = windows.max(axis=2), windows.argmax(axis=2)
print("windows[0, 0]:", windows[0, 0])
print("largest:", largest.tolist())
print("winner: ", winner.tolist(), "(3 is the last of four)")

assert largest.tolist() == [[6, 8], [14, 16]]
assert windows.mean(axis=2).tolist() == [[3.5, 5.5], [11.5, 13.5]]

# %%
# Forwards we need ``largest``. Backwards we need only ``winner``: if a window's largest
# number grows by a little, so does the result; if any other grows by a little, nothing
# happens. So the winner gets the whole gradient, and the others get 0. For the mean,
# each of the four gets a quarter.

arriving = np.array([[10.0, 20.0], [30.0, 40.0]])
shares = np.zeros((2, 2, 4))
np.put_along_axis(shares, winner[..., None], arriving[..., None], axis=2)
by_hand = shares.reshape(2, 2, 2, 2).transpose(0, 2, 1, 3).reshape(4, 4)

gradients = {}
for pool in (F.max_pool2d, F.avg_pool2d):
    x = minitorch.tensor(image[None], requires_grad=True)  # one channel
    pool(x, 2).backward(minitorch.tensor(arriving[None]))
    gradients[pool] = x.grad[0].numpy()

assert np.array_equal(gradients[F.max_pool2d], by_hand)


# sphinx_gallery_start_ignore
def cells(axes, values, title, color="white"):
    """Draw four windows of 2 x 2 numbers; those that are not 0 in colour."""
    for (row, column), value in np.ndenumerate(values):
        face, corner = color if value else "white", (column, 3 - row)
        axes.add_patch(plt.Rectangle(corner, 1, 1, facecolor=face, edgecolor="0.7"))
        axes.text(column + 0.5, 3.5 - row, f"{value:g}", ha="center", va="center")
    axes.plot([2, 2], [0, 4], [0, 4], [2, 2], color="black", linewidth=2)
    axes.set(xlim=(-0.1, 4.1), ylim=(-0.1, 4.1), aspect="equal", title=title)
    axes.axis("off")


figure, panels = plt.subplots(1, 3, figsize=(7, 2.9), layout="constrained")
cells(panels[0], image, "image, four windows")
cells(panels[1], gradients[F.max_pool2d], "max: to the winner", "#f8d3cd")
cells(panels[2], gradients[F.avg_pool2d], "mean: a quarter for each", "#f8d3cd")
figure.suptitle("Going back with the gradients 10, 20, 30, 40, one a window")
plt.show()
# sphinx_gallery_end_ignore

# %%
# Windows that overlap
# --------------------
#
# With windows of 3 x 3 that move by 1, a pixel lies in several windows and may win in
# all of them. Its gradients add up.

spot = minitorch.tensor([[[0.0, 0, 0, 0], [0, 9, 0, 0], [0, 0, 0, 0], [0, 0, 0, 1]]])
spot.requires_grad_()
F.max_pool2d(spot, 3, stride=1).sum().backward()
print(spot.grad)
assert spot.grad[0, 1, 1].item() == 4  # 9 is the largest of all four windows

# %%
# Padding must never win
# ----------------------
#
# Padding with zeros is right for a convolution, which adds. For a maximum it would be
# wrong: an image of negative numbers would get a frame of zeros. So ``max_pool2d`` pads
# with minus infinity.

negative = minitorch.full((1, 2, 2), -5.0)
print(F.max_pool2d(negative, 2, stride=1, padding=1))
assert F.max_pool2d(negative, 2, stride=1, padding=1).max().item() == -5

# %%
# A tie is a kink
# ---------------
#
# Now let a window hold ``[2, 2]``, and let the first number move by ``d``. The result
# is ``max(2 + d, 2)``. To the right of ``d = 0`` it rises with slope 1. To the left it
# is flat, with slope 0. At 0 itself there are two slopes, so there is no derivative.
# Each of the straight lines in the picture touches the curve at the kink and lies
# nowhere above it. The slope of such a line is called a *subgradient*; those from 0 to
# 1 are all equally valid.

d = np.linspace(-1, 1, 201)
result = np.maximum(2 + d, 2)
for slope in (0, 0.25, 0.5, 0.75, 1):
    assert (2 + slope * d <= result).all()

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
axes.plot(d, result, color="black", linewidth=2.5, label="max(2 + d, 2)")
for slope, style in [(0, ":"), (0.5, "--"), (1, "-.")]:
    axes.plot(d, 2 + slope * d, style, color="tab:red", label=f"slope {slope}")
axes.set(xlabel="d, the change of one of two equal numbers")
axes.set(ylabel="the larger of the two", ylim=(1, 3))
axes.set_title("At a tie, every slope from 0 to 1 touches the curve")
axes.legend()
plt.show()
# sphinx_gallery_end_ignore

# %%
# What is chosen
# --------------
#
# Since all are valid, somebody has to choose, and the choice can be seen in your
# gradients. minitorch makes PyTorch's choices. There are two of them: the operations
# that tell *which* one won give it everything; those that only tell *how much* share
# evenly.

choices = {
    "max_pool1d(x, 2)": lambda x: F.max_pool1d(x[None], 2).sum(),
    "x.max(dim=0).values": lambda x: x.max(dim=0).values,
    "x.max()": lambda x: x.max(),
    "x.amax(dim=0)": lambda x: x.amax(dim=0),
    "maximum(x[0], x[1])": lambda x: minitorch.maximum(x[0], x[1]),
}
found = {}
for name, function in choices.items():
    x = minitorch.tensor([2.0, 2.0], requires_grad=True)
    function(x).backward()
    found[name] = x.grad.tolist()
    print(f"{name:20} {found[name]}")

assert list(found.values()) == [[1, 0], [1, 0], [0.5, 0.5], [0.5, 0.5], [0.5, 0.5]]

# %%
# One mistake is *not* a choice: giving the full gradient to both. Moving both numbers
# up by ``d`` raises the maximum by ``d``, so the two shares must add up to 1, not to 2.
#
# Do ties happen? All the time: behind a ReLU a window is often all zeros. The first
# zero then gets the gradient. It does no harm, because ReLU stops it: where its input
# is not positive, its slope is 0 (another kink, another choice).

x = minitorch.tensor([[-1.0, -2.0, -3.0, -4.0]], requires_grad=True)
hidden = x.relu()
hidden.retain_grad()
F.max_pool1d(hidden, 4).sum().backward()
print("at the zeros:", hidden.grad, " at x:", x.grad)
assert hidden.grad.tolist() == [[1, 0, 0, 0]] and x.grad.tolist() == [[0, 0, 0, 0]]

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. ``x = [3, 1, 3, 3]``, ``x.amax(dim=0).backward()``. What is ``x.grad``? (A list.
#    Thirds may be written ``1 / 3``.)
# 2. An image of 5 x 5 whose middle pixel is the largest,
#    ``max_pool2d(image, 2, stride=1)``, all gradients 1. What does the middle pixel
#    get?

answer_1 = None  # [...]
answer_2 = None  # a number

if answer_1 is not None:
    x = minitorch.tensor([3.0, 1.0, 3.0, 3.0], requires_grad=True)
    x.amax(dim=0).backward()
    assert np.allclose(answer_1, x.grad.numpy())
if answer_2 is not None:
    x = minitorch.zeros(1, 5, 5)
    x[0, 2, 2] = 1
    x.requires_grad_()
    F.max_pool2d(x, 2, stride=1).sum().backward()
    assert answer_2 == x.grad[0, 2, 2].item()

# %%
# A pool whose ties you can make yourself, and whose gradients go back one at a time, is on
# the page :doc:`/convolution`.
#
# Where in the source: ``MaxPool`` in ``minitorch/ops/nn/pool.py`` and ``max_pool`` in
# ``minitorch/kernels/pool.py``; the shared ties of ``amax`` are in
# ``minitorch/ops/math/reduce.py``.
