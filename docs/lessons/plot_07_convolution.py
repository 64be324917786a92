"""
7. Convolution as a matrix product
==================================

A convolution slides a small kernel over an image; at each stop it multiplies what lies
under the kernel and adds up. Written as loops it is slow. Written as *one matrix
product* it is quick, and its gradient falls out of the rules for products.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F

# %%
# By hand first
# -------------
#
# An image of 4 x 4 pixels and a kernel of 3 x 3. The kernel fits in four places, so the
# result has 2 x 2 numbers.

image = np.array([[1, 0, 2, 1], [0, 2, 1, 0], [3, 1, 0, 1], [1, 0, 1, 2]], dtype=float)
kernel = np.array([[0, 1, 0], [1, 2, 0], [0, 0, -1]], dtype=float)

by_loops = np.empty((2, 2))
for row in range(2):
    for column in range(2):
        window = image[row : row + 3, column : column + 3]
        by_loops[row, column] = (window * kernel).sum()
print(by_loops)

# %%
# The first number in full: the window is ``1 0 2 / 0 2 1 / 3 1 0``. Where the kernel is
# not 0 this gives ``0 * 1 + 0 * 1 + 2 * 2 + 0 * -1 = 4``.

assert by_loops[0, 0] == 4

# %%
# Windows become columns
# ----------------------
#
# Write each window as a column of 9 numbers, and put the four columns side by side: a
# table of 9 x 4. This is called *im2col*. Filling it row by row is quickest: the row of
# the kernel's element ``(i, j)`` holds what that element meets in all windows, and that
# is a shifted piece of the image.


def im2col(image, size):
    """Each window of the image as a column."""
    height, width = image.shape[0] - size + 1, image.shape[1] - size + 1
    columns = np.empty((size * size, height * width))
    for i in range(size):
        for j in range(size):
            columns[i * size + j] = image[i : i + height, j : j + width].ravel()
    return columns


columns = im2col(image, 3)
y = kernel.ravel() @ columns  # (9) times (9 x 4) gives (4)

assert np.array_equal(y.reshape(2, 2), by_loops)


# sphinx_gallery_start_ignore
def cells(axes, left, top, values, colors=None):
    """Draw a table of numbers with its upper left corner at (left, top)."""
    for (row, column), value in np.ndenumerate(values):
        face = "white" if colors is None else colors[row][column]
        corner = (left + column, top - row - 1)
        axes.add_patch(plt.Rectangle(corner, 1, 1, facecolor=face, edgecolor="0.6"))
        where = (left + column + 0.5, top - row - 0.5)
        axes.text(*where, f"{value:g}", ha="center", va="center")


blue, red, white = "#cfe2f3", "#f8d3cd", "white"
figure, axes = plt.subplots(figsize=(6.4, 5.4), layout="constrained")
cells(axes, 2.5, 8, image)
for corner, color in [((2.55, 5.05), "tab:blue"), ((3.55, 4.05), "tab:red")]:
    frame = plt.Rectangle(corner, 2.9, 2.9, fill=False, edgecolor=color, linewidth=3)
    axes.add_patch(frame)
cells(axes, 10, 10, columns, [[blue, white, white, red]] * 9)
cells(axes, 0, 0, kernel.reshape(1, 9))
cells(axes, 10, 0, y.reshape(1, 4), [[blue, white, white, red]])
axes.text(4.5, 8.2, "image", ha="center")
axes.text(12, 10.2, "windows as columns", ha="center")
axes.text(4.5, 0.2, "kernel as a row", ha="center")
axes.text(12, 0.2, "result", ha="center")
axes.set(xlim=(-0.2, 14.2), ylim=(-1.2, 11), aspect="equal")
axes.set_title("Convolution as a product: row times columns")
axes.axis("off")
plt.show()
# sphinx_gallery_end_ignore

# %%
# In the picture, the kernel as a row (bottom left) meets each column (top right), and
# below each column stands the result. Two of the windows are coloured.
#
# Backwards: two more products
# ----------------------------
#
# Let ``g`` be the gradient that arrives, one number for each of the four results. The
# result number ``p`` is ``y[p] = sum over r of k[r] * columns[r, p]``, so
#
# * the slope of ``y[p]`` in ``k[r]`` is ``columns[r, p]``: the kernel's gradient is
#   ``columns @ g``;
# * the slope of ``y[p]`` in ``columns[r, p]`` is ``k[r]``: the columns' gradient is the
#   table of all products ``k[r] * g[p]``.

g = np.array([1.0, 2.0, -1.0, 3.0])
kernel_gradient = (columns @ g).reshape(3, 3)
columns_gradient = np.outer(kernel.ravel(), g)  # 9 x 4

# %%
# One step is left: from the columns' gradient to the image's. A pixel that was copied
# into several columns gets the sum (lesson 4). So each column is *added* back into the
# window it came from:


def col2im(columns, shape, size):
    """Each column added to the window it came from."""
    height, width = shape[0] - size + 1, shape[1] - size + 1
    image = np.zeros(shape)
    for i in range(size):
        for j in range(size):
            part = columns[i * size + j].reshape(height, width)
            image[i : i + height, j : j + width] += part
    return image


image_gradient = col2im(columns_gradient, image.shape, 3)
print(image_gradient)

# %%
# minitorch's ``conv2d`` says the same, forwards and backwards. (It takes batches of
# images with channels, so the shapes get two more dimensions of size 1.)

x = minitorch.tensor(image[None, None], requires_grad=True)
w = minitorch.tensor(kernel[None, None], requires_grad=True)
out = F.conv2d(x, w)
out.backward(minitorch.tensor(g.reshape(1, 1, 2, 2)))

assert np.array_equal(out.detach().numpy()[0, 0], by_loops)
assert np.array_equal(w.grad.numpy()[0, 0], kernel_gradient)
assert np.array_equal(x.grad.numpy()[0, 0], image_gradient)

# %%
# The scatter is the transpose of the gather
# ------------------------------------------
#
# Each result is a weighted sum of the 16 pixels. So the whole convolution is a matrix
# ``A`` of 4 rows and 16 columns: ``y = A @ image.ravel()``. A column of ``A`` is what a
# single lit pixel gives. And the way back is nothing but ``A.T @ g``: rows and columns
# change their places.

pixels = np.eye(16).reshape(16, 4, 4)  # sixteen images, in each a single lit pixel
A = np.array([kernel.ravel() @ im2col(pixel, 3) for pixel in pixels]).T

assert A.shape == (4, 16)
assert np.array_equal(A @ image.ravel(), y)
assert np.array_equal((A.T @ g).reshape(4, 4), image_gradient)

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 2.4), layout="constrained")
axes.imshow(A, cmap="RdBu", vmin=-3, vmax=3)
for (row, column), value in np.ndenumerate(A):
    axes.text(column, row, f"{value:g}" if value else "·", ha="center", va="center")
axes.set(xlabel="pixel of the image, counted line by line", xticks=range(16))
axes.set(ylabel="result", yticks=range(4))
axes.set_title("A: the kernel, laid at each of its four places")
plt.show()
# sphinx_gallery_end_ignore

# %%
# Read a line of ``A`` from left to right: which pixels make this result? That is
# forward. Read a column from top to bottom: which results did this pixel take part in?
# That is backward. ``A`` is mostly zeros, so nobody stores it; ``im2col`` and
# ``col2im`` do what it says.
#
# That the two are each other's transpose can be tested without any matrix: ``M`` and its
# transpose satisfy ``sum of (M x) * c = sum of x * (M.T c)`` for all ``x`` and ``c``, and
# no other pair does. So take ``x`` and ``c`` at random:

draws = np.random.default_rng(0)
some_image, some_columns = draws.normal(size=(4, 4)), draws.normal(size=(9, 4))
there = (im2col(some_image, 3) * some_columns).sum()
back = (some_image * col2im(some_columns, (4, 4), 3)).sum()
print(there, back)
assert np.isclose(there, back)

# %%
# With channels and batches
# -------------------------
#
# With 3 channels a column has 3 * 9 = 27 numbers. With 8 kernels the row becomes 8
# rows. It stays one product: (8 x 27) times (27 x places). ``F.unfold`` is minitorch's
# im2col.

images, kernels = minitorch.randn(5, 3, 10, 10), minitorch.randn(8, 3, 3, 3)
product = kernels.reshape(8, 27) @ F.unfold(images, 3)  # (8, 27) @ (5, 27, 64)
difference = product.reshape(5, 8, 8, 8) - F.conv2d(images, kernels)
assert difference.abs().max().item() < 1e-4

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. What is the shape of ``im2col`` of an image of 6 x 6 for a kernel of 3 x 3?
# 2. In that image, how many windows contain the pixel in line 2, column 2 (counting
#    from 0)? (What would ``col2im`` of a table of ones say?)

answer_1 = None  # (..., ...)
answer_2 = None  # a number

if answer_1 is not None:
    assert answer_1 == im2col(np.ones((6, 6)), 3).shape
if answer_2 is not None:
    assert answer_2 == col2im(np.ones((9, 16)), (6, 6), 3)[2, 2]

# %%
# To watch the window move, forwards and backwards, and to change any number, see
# :doc:`/convolution`.
#
# Where in the source: ``minitorch/kernels/conv.py`` has the products (``conv``,
# ``conv_input``, ``conv_weight``), ``minitorch/kernels/_windows.py`` the gather and the
# scatter. ``Convolution`` in ``minitorch/ops/nn/conv.py`` has the gradient; each of the
# three products leads to the other two.
