"""
11. The second derivative
=========================

A gradient is computed by operations, so it can be differentiated like anything else.
All it takes is that the walk back leaves a trace itself. With that come Newton's
method, and the curvature of a function of a thousand variables without a table of a
million numbers.
"""

import math

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.autograd import grad

# %%
# A walk that leaves a trace
# --------------------------
#
# ``y = x³`` has the derivatives ``3x²``, ``6x``, 6. At ``x = 2`` they are 12, 12 and 6.
# ``grad(y, x)`` gives the derivative as a tensor (and leaves ``x.grad`` alone);
# ``create_graph=True`` records how it was computed.

x = minitorch.tensor(2.0, requires_grad=True)
y = x**3
(first,) = grad(y, x, create_graph=True)
(second,) = grad(first, x, create_graph=True)
(third,) = grad(second, x)
print(first)
print(second)
print(third)

assert (first.item(), second.item(), third.item()) == (12, 12, 6)

# %%
# ``first`` has a ``grad_fn``: the multiplication that ``backward`` of the power did.
# Without ``create_graph`` it has none, and the next step is refused. (So ``third`` is
# the end here.)

(plain,) = grad(x**3, x)
try:
    grad(plain, x)
except RuntimeError as problem:
    print(problem)
assert plain.grad_fn is None

# %%
# This is why ``backward`` in lesson 2 was written with tensors and not with arrays: the
# same lines serve every order.
#
# Newton's method
# ---------------
#
# To find the lowest point of a curve, gradient descent goes downhill by a fixed
# fraction of the slope. Newton asks more: at the point where it stands it lays a
# parabola on the curve, with the same height, slope ``f'`` and second derivative
# ``f''`` (the *curvature*). The parabola's lowest point can be computed; there it goes.
#
# .. code-block:: text
#
#     next x = x - f'(x) / f''(x)
#
# Our curve is ``f(x) = exp(x) - 2x``. Its slope ``exp(x) - 2`` is 0 at
# ``x = log(2) = 0.693...``, so we can see how far off we are. Beside it, gradient
# descent with a learning rate of 0.1.


def f(x):
    """The curve."""
    return x.exp() - 2 * x


def newton(x, steps):
    """x, f, f' and f'' at each step of Newton's method."""
    for _ in range(steps):
        x = minitorch.tensor(x, dtype=minitorch.float64, requires_grad=True)
        height = f(x)
        (slope,) = grad(height, x, create_graph=True)
        (curvature,) = grad(slope, x)
        yield x.item(), height.item(), slope.item(), curvature.item()
        x = x.item() - slope.item() / curvature.item()


x = 2.0
steps = list(newton(2.0, 7))
for number, step in enumerate(steps):
    off, slow = step[0] - math.log(2), x - math.log(2)
    print(f"step {number}: Newton is off by {off:.0e}, gradient descent by {slow:.0e}")
    x = x - 0.1 * (math.exp(x) - 2)

assert abs(off) < 1e-15 and slow > 0.1

# sphinx_gallery_start_ignore
grid = np.linspace(0, 2.4, 200)
figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
axes.plot(grid, np.exp(grid) - 2 * grid, "k", linewidth=2, label="f(x) = exp(x) - 2x")
for number, color in enumerate(["tab:red", "tab:blue"]):
    at, height, slope, curvature = steps[number]
    parabola = height + slope * (grid - at) + curvature / 2 * (grid - at) ** 2
    axes.plot(grid, parabola, "--", color=color, label=f"parabola at x = {at:.2f}")
    lowest = height - slope**2 / (2 * curvature)
    axes.plot([at], [height], "o", color=color)
    after, below = steps[number + 1][:2]
    axes.plot([after, after], [lowest, below], "v:", color=color)
axes.set(xlabel="x", ylabel="f(x)", ylim=(0, 5))
axes.set_title("Go to the lowest point of the parabola, lay the next one there")
axes.legend(loc="upper center")
plt.show()
# sphinx_gallery_end_ignore

# %%
# The picture shows the first two parabolas. Near the end Newton's error is *squared* at
# each step (and halved): 9e-3, 4e-5, 9e-10. The number of right digits doubles.
# Gradient descent takes away a fifth of its error each time.
#
# Many variables: the Hessian, and how to avoid it
# ------------------------------------------------
#
# With ``n`` variables there are ``n * n`` second derivatives: how the slope in variable
# ``i`` changes when variable ``j`` moves. Together they are called the *Hessian* matrix
# ``H``. For the million weights of a small network it would have a million million
# entries. But often only ``H @ v`` is needed: how the gradient changes when we move in
# the direction ``v``. And that is the gradient of *one number*: of the gradient's
# elements times those of ``v``, summed.


def hessian_times(function, x, v):
    """H @ v, without H."""
    (gradient,) = grad(function(x), x, create_graph=True)
    (product,) = grad((gradient * v).sum(), x)
    return product


# %%
# Two walks, whatever ``n`` is. Take a mean squared error of 50 weights (a linear
# regression), and compare: with the whole matrix, and with the difference of two
# gradients.

minitorch.manual_seed(0)
inputs = minitorch.randn(200, 50, dtype=minitorch.float64)
inputs *= minitorch.linspace(0.1, 2, 50)  # some inputs are larger than others
targets = minitorch.randn(200, dtype=minitorch.float64)


def loss(weights):
    """The mean squared error of a linear regression."""
    return ((inputs @ weights - targets) ** 2).mean()


weights = minitorch.randn(50, dtype=minitorch.float64, requires_grad=True)
v = minitorch.randn(50, dtype=minitorch.float64)
product = hessian_times(loss, weights, v)

H = minitorch.autograd.functional.hessian(loss, weights)
assert np.allclose(product.numpy(), (H @ v).numpy())

h = 1e-4
(ahead,) = grad(loss(weights + h * v), weights)
(behind,) = grad(loss(weights - h * v), weights)
assert np.allclose(product.numpy(), ((ahead - behind) / (2 * h)).numpy())

# %%
# What it is good for
# -------------------
#
# Which learning rate is too large? In a direction of curvature ``c``, a step of
# gradient descent multiplies the error by ``1 - rate * c``. The error grows if
# ``rate * c > 2``. So the largest curvature decides. It is the largest eigenvalue of
# ``H``: by how much ``H`` stretches the direction that it stretches most. Multiplying a
# vector by ``H`` again and again turns it into that direction (this is called power
# iteration):

v = minitorch.ones(50, dtype=minitorch.float64)
for _ in range(200):
    v = hessian_times(loss, weights, v)
    curvature = v.norm().item()
    v = v / curvature
print(f"largest curvature {curvature:.2f}: stay below the rate {2 / curvature:.3f}")

assert np.isclose(curvature, np.linalg.eigvalsh(H.numpy()).max())


def descend(rate):
    """The loss over sixty steps of gradient descent."""
    w = weights.detach().clone().requires_grad_()
    losses = []
    for _ in range(60):
        height = loss(w)
        losses.append(height.item())
        (slope,) = grad(height, w)
        w = (w - rate * slope).detach().requires_grad_()
    return losses


below, above = descend(1.9 / curvature), descend(2.1 / curvature)
print(f"a little below: the loss goes from {below[0]:.1f} to {below[-1]:.1f}")
print(f"a little above: the loss goes from {above[0]:.1f} to {above[-1]:.1f}")

assert below[-1] < below[0] / 10 and above[-1] > above[0]

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.4), layout="constrained")
axes.semilogy(above, color="tab:red", label="rate = 2.1 / curvature")
axes.semilogy(below, color="tab:blue", label="rate = 1.9 / curvature")
axes.set(xlabel="step", ylabel="loss")
axes.set_title("The largest rate, foretold by the second derivative")
axes.legend()
plt.show()
# sphinx_gallery_end_ignore

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. What is the second derivative of ``x * sin(x)`` at 0?
# 2. ``f = a² · b`` at ``a = 1``, ``b = 3``, and ``v = [1, 0]``. What is ``H @ v``? (A
#    list.)

answer_1 = None  # a number
answer_2 = None  # [..., ...]

if answer_1 is not None:
    x = minitorch.tensor(0.0, requires_grad=True)
    (first,) = grad(x * x.sin(), x, create_graph=True)
    assert answer_1 == grad(first, x)[0].item()
if answer_2 is not None:
    x = minitorch.tensor([1.0, 3.0], requires_grad=True)
    product = hessian_times(lambda x: x[0] ** 2 * x[1], x, minitorch.tensor([1.0, 0.0]))
    assert answer_2 == product.tolist()

# %%
# Where in the source: ``create_graph`` in ``minitorch/autograd/walk.py`` above all
# leaves recording switched on during the walk; ``hvp`` and ``hessian`` are in
# ``minitorch/autograd/functional.py``.
