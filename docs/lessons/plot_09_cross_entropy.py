"""
9. Softmax and cross entropy in one
===================================

A classifier ends with a score for each class. Softmax makes probabilities of the
scores, cross entropy says how bad they are. Each is one line of code, and each breaks
on large scores. Taken together they do not break, and their gradient is as simple as a
gradient can be.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch.nn import functional as F

# %%
# From scores to a loss
# ---------------------
#
# Three classes, with the scores 2, 1 and -1. *Softmax*: take ``exp`` of each, so that
# all are positive, and divide by the sum, so that they add up to 1.

scores = np.array([2.0, 1.0, -1.0], dtype=np.float32)
powers = np.exp(scores)
p = powers / powers.sum()
print("exp(scores):  ", powers.round(3), " sum:", powers.sum().round(3))
print("probabilities:", p.round(3))

# %%
# *Cross entropy*: the loss is ``-log(p[target])``. A probability of 1 for the right
# class costs 0, a half costs 0.693, a thousandth costs 6.9, and 0 costs infinitely
# much.

target = 0
loss = -np.log(p[target])
print("loss:", loss.round(4))

library = F.cross_entropy(minitorch.tensor(scores), minitorch.tensor(target))
assert np.isclose(loss, library.item())

# %%
# The first break: exp of a large score
# -------------------------------------
#
# float32 ends at 3.4e38, and ``exp(89)`` is beyond. Then softmax divides infinity by
# infinity:

large = np.array([100.0, 99.0, 97.0], dtype=np.float32)  # the same scores plus 98
with np.errstate(over="ignore", invalid="ignore"):
    print("exp:    ", np.exp(large))
    print("softmax:", np.exp(large) / np.exp(large).sum())

# %%
# But only differences of scores matter: adding 98 to each multiplies every ``exp`` by
# the same number, which the division takes out again. So subtract the largest score
# first. The largest power is then ``exp(0) = 1``, and nothing overflows.

shifted = np.exp(large - large.max())
print("softmax:", (shifted / shifted.sum()).round(3))
assert np.allclose(shifted / shifted.sum(), p)

# %%
# The second break: log of a tiny probability
# -------------------------------------------
#
# At the other end float32 stops at 1.4e-45; ``exp(-104)`` is 0. So a right class whose
# score is 104 below the largest gets the probability 0, and the loss ``-log(0)`` is
# infinite. Yet the true loss is a harmless number, 104. So never compute the
# probability: put both formulas together and simplify first. With ``z`` for the scores:
#
# .. code-block:: text
#
#     loss = -log( exp(z[target]) / sum of exp(z[i]) )
#          =  log( sum of exp(z[i]) ) - z[target]
#          =  log( sum of exp(z[i] - m) ) + m - z[target]        where m is the largest z[i]
#
# Here no power is larger than 1, and the sum is at least 1, for the largest score
# contributes ``exp(0)``. So the logarithm gets neither infinity nor 0.


def naive(z, target):
    """exp, divide, log: as one would write it down."""
    return -np.log(np.exp(z[target]) / np.exp(z).sum())


def careful(z, target):
    """With the largest score subtracted, but still through the probability."""
    powers = np.exp(z - z.max())
    return -np.log(powers[target] / powers.sum())


def together(z, target):
    """The logarithm of a sum, minus a score."""
    return np.log(np.exp(z - z.max()).sum()) + z.max() - z[target]


# %%
# Let the right class fall behind the other by 0, 1, 2, ... 150:

gaps = np.arange(0, 151, dtype=np.float32)
curves = {}
with np.errstate(all="ignore"):
    for way in (naive, careful, together):
        losses = [way(np.array([0, gap], dtype=np.float32), 0) for gap in gaps]
        curves[way.__name__] = losses
        print(f"{way.__name__:9} finite up to {gaps[np.isfinite(losses)].max():.0f}")

assert np.isinf(curves["naive"][89:]).all()  # the sum of exp overflows
assert np.isinf(curves["careful"][104:]).all()  # the probability is 0
assert np.allclose(curves["together"][104:], gaps[104:])

# sphinx_gallery_start_ignore
figure, axes = plt.subplots(figsize=(6.4, 3.6), layout="constrained")
looks = {
    "naive": ("tab:red", 7, 1),
    "careful": ("tab:orange", 4, 2),
    "together": ("black", 1, 3),
}
for name, (color, width, order) in looks.items():
    look = {"color": color, "linewidth": width, "zorder": order}
    axes.plot(gaps, curves[name], label=name, **look)
for name, drop in [("naive", 65), ("careful", 40)]:
    end = int(np.isfinite(curves[name]).sum()) - 1
    axes.annotate(
        f"{name}: infinite from here",
        (gaps[end], curves[name][end]),
        (gaps[end] + 6, curves[name][end] - drop),
        arrowprops={"arrowstyle": "->", "color": "0.3"},
    )
axes.set(xlabel="how far the right class is behind", ylabel="loss")
axes.set(xlim=(-5, 180), title="Loss in float32")
axes.legend()
plt.show()
# sphinx_gallery_end_ignore

# %%
# The gradient: p minus y
# -----------------------
#
# The simplified formula is also easy to differentiate. The slope of
# ``log(sum of exp(z[i]))`` in ``z[j]`` is ``exp(z[j])`` divided by the sum (chain
# rule), and that is ``p[j]``. The slope of ``-z[target]`` is -1 at the target and 0
# elsewhere. So, with ``y`` = 1 at the target and 0 elsewhere,
#
# .. code-block:: text
#
#     gradient = p - y

z = minitorch.tensor(scores, requires_grad=True)
F.cross_entropy(z, minitorch.tensor(target)).backward()
y = np.array([1.0, 0.0, 0.0])
print("p     ", p.round(3))
print("p - y ", (p - y).round(3))
print("z.grad", z.grad)

assert np.allclose(z.grad.numpy(), p - y)

# sphinx_gallery_start_ignore
bars = {"p: what we said": p, "y: what is right": y, "gradient: p - y": z.grad.numpy()}
figure, panels = plt.subplots(1, 3, sharey=True, figsize=(6.4, 2.8), layout="tight")
for axes, (title, heights) in zip(panels, bars.items(), strict=True):
    color = "tab:red" if "gradient" in title else "tab:blue"
    axes.bar(["A", "B", "C"], heights, color=color)
    axes.bar_label(axes.containers[0], fmt="%.3f", padding=2)
    axes.axhline(0, color="black", linewidth=0.8)
    axes.set(title=title, xlabel="class", ylim=(-0.5, 1.2))
plt.show()
# sphinx_gallery_end_ignore

# %%
# Read it aloud: the gradient is what we said minus what was right. Descent takes from
# each wrong class what was claimed for it, and gives it all to the right one. The sum
# is 0.
#
# In pieces, the gradient breaks even before the loss does. The slope of ``1 / s`` is
# ``-1 / s²``, and ``exp(60)`` squared is beyond float32. So at 60 the loss is still
# right, and one half of the gradient is 0 instead of 1, without a word:

gradients = {}
for gap in (40.0, 60.0, 120.0):
    z = minitorch.tensor([0.0, gap], requires_grad=True)
    powers = z.exp()
    loss = -(powers[0] / powers.sum()).log()
    loss.backward()
    in_pieces, z.grad = z.grad.numpy(), None

    F.cross_entropy(z, minitorch.tensor(0)).backward()
    in_one = z.grad.numpy()
    print(f"{gap:5.0f}: loss in pieces {loss.item():3.0f}", end=", ")
    print("gradient", in_pieces, " in one", in_one)
    gradients[gap] = in_pieces
    assert np.allclose(in_one, [-1, 1])

assert gradients[60.0][1] == 0 and np.isnan(gradients[120.0]).all()

# %%
# That is why ``cross_entropy`` takes *scores*. If your network ends with a softmax,
# take it off.
#
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. Four classes, all scores 0, and the target is class 2. What is the gradient? (A
#    list.)
# 2. Write ``log(exp(a) + exp(b))`` so that it works for numbers of any size.

answer_1 = None  # [...]
answer_2 = None  # lambda a, b: ...

if answer_1 is not None:
    z = minitorch.zeros(4, requires_grad=True)
    F.cross_entropy(z, minitorch.tensor(2)).backward()
    assert np.allclose(answer_1, z.grad.numpy())
if answer_2 is not None:
    with np.errstate(all="ignore"):
        assert np.isclose(answer_2(0.0, 0.0), 0.693147)
        assert np.isclose(answer_2(2000.0, 1999.0), 2000.313262)
        assert np.isclose(answer_2(-2000.0, -3000.0), -2000.0)

# %%
# Where in the source: ``CrossEntropy`` in ``minitorch/ops/losses/classification.py``, ``Softmax``
# and ``LogSoftmax`` in ``minitorch/ops/nn/softmax.py``.
