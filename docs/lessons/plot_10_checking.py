"""
10. Checking a gradient
=======================

A gradient can be measured: step a little to both sides, divide the rise by the run,
compare. The idea takes one line. But how little is a little, what happens at a kink,
and when are two numbers equal? This lesson measures the measuring.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.autograd import Function, gradcheck, gradcheck_report

# %%
# Two ways to measure
# -------------------
#
# We take ``sin`` at ``x = 1``. Its slope is ``cos(1) = 0.5403...``, so we can see every
# error.


def one_sided(f, x, h):
    """The rise over a step to the right."""
    return (f(x + h) - f(x)) / h


def central(f, x, h):
    """The rise from a step to the left to a step to the right."""
    return (f(x + h) - f(x - h)) / (2 * h)


true = np.cos(1.0)
for h in (0.1, 0.01, 0.001):
    errors = [abs(measure(np.sin, 1.0, h) - true) for measure in (one_sided, central)]
    print(f"h = {h:5}: one-sided off by {errors[0]:.1e}, central by {errors[1]:.1e}")

# %%
# With ``h`` ten times smaller, the one-sided error gets ten times smaller, the central
# one a hundred times: the first goes with ``h``, the second with ``h²``. (In the
# central one, the bend of the curve to the left and to the right cancels.) So take
# ``h`` tiny?
#
# The valley
# ----------
#
# No. A computer keeps about 16 digits. ``sin(1.0000001)`` and ``sin(0.9999999)`` agree
# in their first 6 digits, and subtracting takes these away: what is left has only 10.
# The smaller the step, the fewer digits are left. So there are two errors: that of the
# *formula*, which falls with ``h``, and that of *rounding*, which grows as ``1 / h``.

steps = 10.0 ** np.arange(-15, 0.1, 0.25)
one, small = np.float32(1), steps.astype(np.float32)
errors = {
    "one-sided": abs(one_sided(np.sin, 1.0, steps) - true),
    "central": abs(central(np.sin, 1.0, steps) - true),
    "central, in float32": abs(central(np.sin, one, small) - true),
}
for name, error in errors.items():
    best = error.argmin()
    print(f"{name:20} best at h = {steps[best]:.0e}, off by {error[best]:.0e}")

assert 1e-7 < steps[errors["central"].argmin()] < 1e-3
assert errors["central"].min() < 1e-10 < 1e-8 < errors["central, in float32"].min()

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 4.2), layout="constrained")
for name, error in errors.items():
    axes.loglog(steps, error, ".-", label=name)
axes.loglog(steps[steps > 1e-6], steps[steps > 1e-6] ** 2 / 11, "--", color="0.4")
axes.loglog(steps[steps < 1e-4], 1e-16 / steps[steps < 1e-4], "--", color="0.4")
axes.text(3e-4, 1e-11, "formula: h²", color="0.3")
axes.text(2e-10, 3e-6, "rounding: 1 / h", color="0.3")
axes.set(xlabel="step h", ylabel="error of the measured slope", ylim=(1e-13, 3))
axes.set_title("Too large a step is wrong, too small a step is wrong")
axes.legend(loc="lower left")
plt.show()
# sphinx_gallery_end_ignore

# %%
# In float64 the bottom of the central valley is near ``h = 1e-5``, with about 11 digits
# right. In float32 it is near ``3e-3``, with 5 digits or so, too few to tell a small
# mistake from rounding; and below 1e-8 the step does nothing at all, since ``1 + h`` is
# rounded to 1. So ``gradcheck`` measures in float64, even if your tensors are float32.
#
# And where is the bottom for *your* function? For ``sin(1000 x)`` it is elsewhere, and
# for an ``x`` of a million elsewhere again. Any one step is wrong for somebody.
#
# Error bars instead of tolerances
# --------------------------------
#
# The way out: use many steps. If halving the step divides the error by four, then
#
# .. code-block:: text
#
#     (4 · central(h / 2) - central(h)) / 3
#
# cancels the error (Richardson, 1911). And *how much two estimates differ* tells how
# far they can be trusted. That difference is the error bar.

for h in (0.1, 0.01):
    coarse, fine = central(np.sin, 1.0, h), central(np.sin, 1.0, h / 2)
    better = (4 * fine - coarse) / 3
    bar = abs(better - fine)
    print(f"h = {h:4}   central is off by {abs(fine - true):.0e}", end="   ")
    print(f"combined {abs(better - true):.0e}   error bar {bar:.0e}")
    assert abs(better - true) < bar  # the bar is honest: the truth lies within

# %%
# ``gradcheck`` does this for a ladder of steps that fits each element, and takes the
# estimate with the smallest bar that no smaller step contradicts. Is it honest too? For
# eight functions at seven points each, we know the true slope, so we can compare the
# error that was made with the error that was admitted.

pairs = {
    "sin": np.cos,
    "exp": np.exp,
    "tanh": lambda x: 1 - np.tanh(x) ** 2,
    "sqrt": lambda x: 0.5 / np.sqrt(x),
    "log": lambda x: 1 / x,
    "reciprocal": lambda x: -1 / x**2,
    "square": lambda x: 2 * x,
    "atan": lambda x: 1 / (1 + x**2),
}
points = minitorch.tensor(np.geomspace(1e-3, 20, 7), requires_grad=True)
made, admitted = [], []
for name, slope in pairs.items():
    report = gradcheck_report(getattr(minitorch, name), points, orders=(1,))
    jacobian = report.jacobians[0]
    made += list(abs(np.diag(jacobian.numerical) - slope(points.detach().numpy())))
    admitted += list(np.diag(jacobian.bars))
made, admitted = np.array(made), np.array(admitted)

print("error bars too short:", (made > admitted).sum(), "of", made.size)
assert (made <= admitted).all()

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 4), layout="constrained")
axes.loglog(admitted, np.maximum(made, 1e-17), "o", color="tab:blue", markersize=4)
axes.loglog([1e-16, 1], [1e-16, 1], color="black", linewidth=1)
axes.text(2e-15, 1e-5, "above the line, a bar would be too short")
axes.set(xlabel="error bar (error admitted)", ylabel="error made")
axes.set_title("56 measured slopes and their error bars")
plt.show()
# sphinx_gallery_end_ignore

# %%
# With a bar for each element, no tolerance is needed: a gradient fails if it lies
# outside. The same wrong gradient, off by a factor of two, at three sizes. A check with
# a fixed tolerance of 1e-6 passes the tiny one; ``gradcheck`` does not.


class TwiceTooLarge(Function):
    """y = sin(x), with a slope of 2 cos(x)."""

    def forward(self, x):
        self.save(x)
        return np.sin(x)

    def backward(self, grad):
        (x,) = self.saved
        return grad * 2 * x.cos()


x = minitorch.tensor(1.0, dtype=minitorch.float64, requires_grad=True)
for size in (1.0, 1e-4, 1e-12):

    def scaled(x, size=size):
        """The wrong sine, times size."""
        return size * TwiceTooLarge.apply(x)

    (slope,) = minitorch.autograd.grad(scaled(x), x)
    fixed = abs(slope.item() - size * central(np.sin, 1.0, 1e-5)) < 1e-6
    barred = gradcheck(scaled, x, raise_exception=False)
    print(f"size {size:6}: a fixed tolerance says {fixed!s:5}  gradcheck says {barred}")
    assert not barred
assert fixed

# %%
# Kinks
# -----
#
# ReLU has slope 0 to the left of 0 and slope 1 to the right. At 0 the central quotient
# says 0.5, and a naive check calls ReLU's 0 a mistake. ``gradcheck`` measures each side
# by itself, too. If they differ by more than their bars, this is a kink, and any slope
# between the two is accepted (lesson 8).


def relu(x):
    """The function of a number."""
    return max(x, 0.0)


print("to the left: ", (relu(0.0) - relu(-1e-5)) / 1e-5)
print("to the right:", one_sided(relu, 0.0, 1e-5))
print("central:     ", central(relu, 0.0, 1e-5))

x = minitorch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
report = gradcheck_report(minitorch.relu, x, orders=(1,))
print(report.summary())
assert report and "1 at a kink" in report.summary()

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. What does ``central`` say for ``abs`` at 0?
# 2. Write the ``backward`` of ``y = x * abs(x)``, as a function of ``grad`` and ``x``.
#    (It is checked at negative numbers, too.)

answer_1 = None  # a number
answer_2 = None  # lambda grad, x: ...

if answer_1 is not None:
    assert answer_1 == central(abs, 0.0, 1e-5)
if answer_2 is not None:

    class Yours(Function):
        """y = x * abs(x), with the answer as its backward."""

        def forward(self, x):
            self.save(x)
            return x * abs(x)

        def backward(self, grad):
            return answer_2(grad, *self.saved)

    assert gradcheck(Yours.apply, minitorch.linspace(-2, 2, 6, requires_grad=True))

# %%
# Where in the source: ``minitorch/autograd/gradcheck/numeric.py`` measures,
# ``minitorch/autograd/gradcheck/verdict.py`` judges,
# ``minitorch/autograd/gradcheck/patterns.py`` guesses what kind of mistake it was.
