"""
6. Saving, and versions
=======================

To go back, an operation needs some of the numbers that it saw on the way forward, so it
keeps them. If somebody overwrites those numbers in between, the gradient would be
wrong, and nothing would look wrong. This lesson shows what is kept, how overwriting is
noticed, and the two ways around the check that you should know.
"""

import textwrap

import matplotlib.pyplot as plt
import numpy as np

import minitorch

# %%
# What is kept
# ------------
#
# It depends on the formula of the slope. ``saved`` on the operation shows it.
#
# ============  ======================  ===================
# operation     slope                   has to keep
# ============  ======================  ===================
# ``x + x``     1 and 1                 nothing
# ``x * x``     the other factor        both inputs
# ``x.exp()``   ``exp(x)``: the output  the output
# ``x.relu()``  1 where x > 0, else 0   yes or no for each
# ============  ======================  ===================

x = minitorch.tensor([-1.0, 0.0, 1.0, 2.0], requires_grad=True)
kept = {
    "x + x": (x + x).grad_fn.saved,
    "x * x": (x * x).grad_fn.saved,
    "x.exp()": x.exp().grad_fn.saved,
    "x.relu()": x.relu().grad_fn.saved,
}
for operation, tensors in kept.items():
    print(f"{operation:9} keeps", [tensor.tolist() for tensor in tensors])

assert [len(tensors) for tensors in kept.values()] == [0, 2, 1, 1]
assert kept["x.relu()"][0].dtype == minitorch.bool  # a byte each, not four

# %%
# Inputs and outputs are not copied: the operation keeps the very array that you hold.
# That costs no time and no memory of its own. But whoever overwrites that array
# overwrites what was kept.
#
# In-place operations are counted
# -------------------------------
#
# ``y.add_(1)`` (all of PyTorch's names that end in ``_``) and ``y += 1`` write into the
# array that is there. Each such write adds 1 to the tensor's version.

y = minitorch.ones(3)
versions = [y._version]
for change in (lambda: y.add_(1), lambda: y.mul_(2), lambda: y[0:1].zero_()):
    change()
    versions.append(y._version)
print("versions:", versions)

assert versions == [0, 1, 2, 3]

# %%
# The third write went through ``y[0:1]``, a *view* of the same memory. It counts for
# ``y`` as well.
#
# The trap, and the error
# -----------------------
#
# ``exp`` keeps its output, at version 0. We overwrite it. Going back, ``exp`` finds
# version 1 and refuses.

x = minitorch.tensor([0.0, 1.0], requires_grad=True)
y = x.exp()
y.add_(1)  # y is exp(x) + 1 now, and exp(x) is gone
try:
    y.sum().backward()
except RuntimeError as problem:
    print(textwrap.fill(str(problem), 80))
    message = str(problem)

assert "version 1; expected version 0" in message

# sphinx_gallery_start_ignore
events = ["y = x.exp()", "y.add_(1)", "backward()"]
figure, axes = plt.subplots(figsize=(6.4, 2.9), layout="constrained")
axes.step([0, 1, 2.6], [0, 1, 1], where="post", color="tab:blue", linewidth=2)
axes.annotate(
    "exp keeps y, at version 0",
    (0, 0),
    (-0.12, 0.4),
    arrowprops={"arrowstyle": "->", "color": "0.4"},
)
axes.annotate("the write makes it 1", (1, 1), (0.42, 1.1), color="tab:blue")
axes.annotate(
    "exp looks: 1 is not 0, refuse",
    (2, 1),
    (1.45, 0.4),
    color="tab:red",
    arrowprops={"arrowstyle": "->", "color": "tab:red"},
)
axes.set(xlim=(-0.3, 2.7), ylim=(-0.25, 1.4), yticks=[0, 1], ylabel="version of y")
axes.set_xticks(range(3), events)
axes.set_title("How an overwritten number is noticed")
axes.grid(axis="y", color="0.9")
plt.show()
# sphinx_gallery_end_ignore

# %%
# Without the check, the slope would be read from the overwritten array: ``exp(x) + 1``
# instead of ``exp(x)``. At ``x = 0`` that is 2 instead of 1. Training would go on, just
# worse.
#
# Not every write is harmful. ``add`` keeps nothing, so its result may be overwritten:

x = minitorch.tensor([0.0, 1.0], requires_grad=True)
y = x + 1
y.mul_(10)
y.sum().backward()
assert x.grad.tolist() == [10, 10]

# %%
# A weight that is updated too early
# ----------------------------------
#
# The same trap in real life: an optimizer's step overwrites the weights *in place*. If
# it comes between forward and backward, the walk would use the new weights for the old
# loss.

w = minitorch.tensor([2.0], requires_grad=True)
optimizer = minitorch.optim.SGD([w], lr=0.1)
loss = (w * w).sum()
w.grad = minitorch.ones(1)
optimizer.step()  # too early
try:
    loss.backward()
except RuntimeError as problem:
    print(str(problem)[:98], "...")
else:
    raise AssertionError("the weight was changed under the loss, and nobody noticed")

# %%
# Outside ``no_grad()``, a leaf that wants a gradient may not be overwritten at all: the
# gradient would belong to a value that is gone. This is refused *before* anything
# changes:

w = minitorch.tensor([2.0], requires_grad=True)
try:
    w.add_(1)
except RuntimeError as problem:
    print(textwrap.fill(str(problem), 80))
assert w.tolist() == [2.0]

# %%
# Two ways around the check
# -------------------------
#
# The count belongs to the tensor. Who writes through NumPy, or through ``.data``, is
# not seen. (So it is in PyTorch.) Do not do this between forward and backward:

x = minitorch.tensor([0.0, 1.0], requires_grad=True)
y = x.exp()
y.detach().numpy()[:] = 0  # the same memory, written behind the tensor's back
assert y._version == 0
y.sum().backward()
print("a wrong gradient:", x.grad)
assert x.grad.tolist() == [0, 0]  # should be [1, 2.718]

# %%
# ``detach()`` alone is safe: it shares memory *and* count. And ``clone()`` is the way
# out of all of this: a copy with a memory of its own.

x = minitorch.tensor([0.0, 1.0], requires_grad=True)
y = x.exp()
y.clone().add_(1)
y.sum().backward()
assert np.allclose(x.grad.numpy(), np.exp([0, 1]))

# %%
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. ``y = x * 3; y.add_(1); y.sum().backward()``: does it raise? (``True`` or
#    ``False``. What does the multiplication by a plain number have to keep?)
# 2. ``y`` is made, then ``z = y.view(-1)``, ``y.add_(1)``, ``z.add_(1)``,
#    ``z.clone().add_(1)``. What is ``y._version``?

answer_1 = None  # True or False
answer_2 = None  # a number

if answer_1 is not None:
    x = minitorch.tensor([0.0, 1.0], requires_grad=True)
    y = x * 3
    y.add_(1)
    try:
        y.sum().backward()
        raised = False
    except RuntimeError:
        raised = True
    assert answer_1 == raised
if answer_2 is not None:
    y = minitorch.zeros(2, 2)
    z = y.view(-1)
    y.add_(1)
    z.add_(1)
    z.clone().add_(1)
    assert answer_2 == y._version

# %%
# Where in the source: ``SavedArray`` in ``minitorch/autograd/saved.py`` notes the
# version and compares it; ``Storage`` in ``minitorch/autograd/base.py`` holds the
# count; the checks before a write are in ``minitorch/ops/support/inplace.py``.
