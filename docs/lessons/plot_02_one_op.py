"""
2. One operation by hand
========================

An operation that can go backward is a small class with two methods: ``forward``
computes the result, ``backward`` computes how the result's gradient becomes the
input's. We write one from scratch, check it, break it, and see the check notice.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.autograd import Function, gradcheck, gradcheck_report, gradgradcheck

# %%
# The formula first
# -----------------
#
# Our operation is the bell-shaped curve
#
# .. code-block:: text
#
#     y = 1 / (1 + x²)
#
# School calculus (chain rule on ``1/u`` with ``u = 1 + x²``) gives its slope:
#
# .. code-block:: text
#
#     dy/dx = -1/u² · 2x = -2 · x · y²      since 1/u = y
#
# So ``backward`` will need ``x`` and ``y``. It receives ``grad``, the derivative of the
# loss with respect to ``y``, and owes the derivative with respect to ``x``. The chain
# rule joins the two by a product: ``grad * slope``.


class Bell(Function):
    """y = 1 / (1 + x * x)."""

    def forward(self, x):  # NumPy arrays in, a NumPy array out
        y = 1 / (1 + x * x)
        self.save(x, y)
        return y

    def backward(self, grad):  # tensors in, a tensor out
        x, y = self.saved
        return grad * (-2 * x * y * y)


# %%
# That is all. ``forward`` works on arrays and leaves no trace: the class *is* the
# trace. ``backward`` is written with tensors, so that it leaves a trace itself and can
# be differentiated again (lesson 11).
#
# Calling it
# ----------
#
# ``apply`` runs ``forward`` and records the operation.

x = minitorch.tensor([0.0, 1.0, 2.0], requires_grad=True)
y = Bell.apply(x)
print("y      ", y)

y.sum().backward()  # the sum sends grad = 1 to each element
print("x.grad ", x.grad)

# By hand: at x = 1, y = 1/2 and the slope is -2 * 1 * 1/4 = -0.5.
# At x = 2, y = 1/5 and the slope is -2 * 2 * 1/25 = -0.16.
assert np.allclose(x.grad.numpy(), [0, -0.5, -0.16])

# %%
# Nothing has to be said about the rest of the program. ``Bell`` can stand anywhere in
# it, since all it needs is ``grad``, whatever comes after:

x = minitorch.tensor(1.0, requires_grad=True)
y = 10 * Bell.apply(3 * x)
y.backward()

# Bell receives grad = 10; its slope at 3 is -2 * 3 * (1/10)² = -0.06; and 3 * x adds a 3.
assert np.isclose(x.grad.item(), 10 * -0.06 * 3)

# %%
# Checking it
# -----------
#
# A slope can be measured without any calculus: step a little to the right, a little to
# the left, and divide the rise by the run.


def bell(x):
    """Our forward once more, as a plain function of a number or an array."""
    return 1 / (1 + x * x)


h = 1e-5
measured = (bell(2 + h) - bell(2 - h)) / (2 * h)
print("measured at 2:", measured, "  by formula:", -2 * 2 * (1 / 5) ** 2)

assert abs(measured - -0.16) < 1e-9

# %%
# ``gradcheck`` does this for every element, with step sizes that it chooses itself.
# ``gradgradcheck`` does it for the gradient of the gradient.

points = minitorch.linspace(-3, 3, 7, dtype=minitorch.float64, requires_grad=True)
assert gradcheck(Bell.apply, points)
assert gradgradcheck(Bell.apply, points)

# %%
# In a picture: the line is ``backward``, the dots are measured rises over runs. They
# have to meet.

grid = minitorch.linspace(-4, 4, 201, dtype=minitorch.float64, requires_grad=True)
curve = Bell.apply(grid)
(slope,) = minitorch.autograd.grad(curve.sum(), grid)
spots = grid.detach().numpy()[::10]
rises = (bell(spots + h) - bell(spots - h)) / (2 * h)

assert np.allclose(rises, slope[::10].numpy(), atol=1e-9)

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
axes.axhline(0, color="0.8", linewidth=1)
axes.plot(grid.detach(), curve.detach(), label="forward: y = 1 / (1 + x²)")
axes.plot(grid.detach(), slope, label="backward: -2 x y²", color="tab:red")
axes.plot(spots, rises, "o", label="measured: rise / run", color="black", markersize=4)
axes.set_xlabel("x")
axes.set_title("A hand-written gradient, and the measurement that confirms it")
axes.legend()
plt.show()
# sphinx_gallery_end_ignore

# %%
# Breaking it
# -----------
#
# A check that never fails is worth nothing. Here is ``Bell`` with a sign forgotten.


class WrongBell(Bell):
    """The same curve with a mistake in backward."""

    def backward(self, grad):
        x, y = self.saved
        return grad * (2 * x * y * y)


assert not gradcheck(WrongBell.apply, points, raise_exception=False)
report = gradcheck_report(WrongBell.apply, points, orders=(1,))
print("\n".join(str(report).splitlines()[:8]))

# %%
# The same operation in PyTorch's form
# ------------------------------------
#
# PyTorch writes both methods as static ones that share a ``ctx``. minitorch takes that
# form as well, so this class runs unchanged under both.


class BellForBoth(Function):
    """y = 1 / (1 + x * x), as one writes it for PyTorch."""

    @staticmethod
    def forward(ctx, x):
        y = 1 / (1 + x * x)
        ctx.save_for_backward(x, y)
        return y

    @staticmethod
    def backward(ctx, grad):
        x, y = ctx.saved_tensors
        return grad * (-2 * x * y * y)


assert gradcheck(BellForBoth.apply, points)

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. ``Bell`` sends ``grad`` through at ``x = -1``. If ``grad`` is 4, what does it send
#    on?
# 2. Write the ``backward`` of ``y = x / (1 + x²)``, as a function of ``grad`` and
#    ``x``.

answer_1 = None  # a number
answer_2 = None  # lambda grad, x: ...

if answer_1 is not None:
    x = minitorch.tensor(-1.0, requires_grad=True)
    (4 * Bell.apply(x)).backward()
    assert answer_1 == x.grad.item()
if answer_2 is not None:

    class Yours(Function):
        """y = x / (1 + x * x), with the answer as its backward."""

        def forward(self, x):
            self.save(x)
            return x / (1 + x * x)

        def backward(self, grad):
            return answer_2(grad, *self.saved)

    assert gradcheck(Yours.apply, points)

# %%
# Where in the source: ``minitorch/autograd/function.py`` is ``Function``. The
# operations of ``minitorch/ops/math/pointwise.py`` are written like ``Bell``; what most of them
# would repeat, saving and unpacking, stands once in ``OfInput`` and ``OfOutput``.
