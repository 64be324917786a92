"""
12. One net, three ways
=======================

The digits net is trained three times: with every gradient written by hand in NumPy, with
minitorch, and with PyTorch. The same first weights, the same batches: the same numbers have to come
out, down to the last digits of float32.
"""

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import minitorch

try:
    import torch
except ImportError:
    torch = None  # then two ways are compared

# %%
# The data
# --------
#
# 1,797 images of 8 by 8 pixels. A fifth is kept back for the test.

digits = load_digits()
images = digits.images.astype(np.float32) / 16
images = images[:, np.newaxis]  # (N, channels, height, width)
x_train, x_test, y_train, y_test = train_test_split(
    images, digits.target, test_size=0.2, random_state=42, stratify=digits.target
)
print("train", x_train.shape, "test", x_test.shape)

# %%
# What all three share
# --------------------
#
# The net is a convolution with eight 3x3 kernels, ReLU, pooling over 2x2 windows and a linear
# layer. Its first weights and the order of the images are drawn once, and given to all three.

EPOCHS, BATCH, RATE = 6, 64, 0.1

minitorch.manual_seed(0)
conv, fc = minitorch.nn.Conv2d(1, 8, 3, padding=1), minitorch.nn.Linear(8 * 4 * 4, 10)
parameters = (conv.weight, conv.bias, fc.weight, fc.bias)
first = [p.detach().numpy().copy() for p in parameters]
orders = [minitorch.randperm(len(x_train)).numpy() for _ in range(EPOCHS)]
starts = range(0, len(x_train), BATCH)
batches = [order[i : i + BATCH] for order in orders for i in starts]
print([w.shape for w in first], len(batches), "batches")

# %%
# First way: NumPy and nothing else
# ---------------------------------
#
# Each layer needs two functions. The convolution, written as its definition says, is a loop over
# images, kernels and pixels:


def convolve_by_loops(x, weight, bias):
    """The definition: each output is the sum of a window times a kernel."""
    N, _, H, W = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = np.empty((N, len(weight), H, W), x.dtype)
    for n in range(N):
        for o in range(len(weight)):
            for i in range(H):
                for j in range(W):
                    window = padded[n, :, i : i + 3, j : j + 3]
                    y[n, o, i, j] = (window * weight[o]).sum() + bias[o]
    return y


# %%
# That is 64 * 8 * 64 = 32,768 windows for one batch, each a few steps of Python. Turned inside out
# it is nine rounds instead: for each place (i, j) in the kernel, the whole image, shifted by (i,
# j), times one weight a kernel. Backwards the same nine shifts are walked again. (Lesson 7 has the
# reasons, and one more way to write it.)

SHIFTS = [(i, j) for i in range(3) for j in range(3)]


def convolve(x, weight, bias):
    """x (N, 1, 8, 8), weight (8, 1, 3, 3), bias (8,); returns (N, 8, 8, 8)."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    y = np.zeros((len(x), 8, 8, 8), np.float32) + bias[:, None, None]
    for i, j in SHIFTS:
        y += weight[:, 0, i, j, None, None] * padded[:, :, i : i + 8, j : j + 8]
    return y


def convolve_backward(dy, x):
    """The gradients of weight and bias; nobody asks for the images' own."""
    padded = np.pad(x, ((0, 0), (0, 0), (1, 1), (1, 1)))
    dweight = np.empty((8, 1, 3, 3), np.float32)
    for i, j in SHIFTS:
        dweight[:, 0, i, j] = (dy * padded[:, :, i : i + 8, j : j + 8]).sum((0, 2, 3))
    return dweight, dy.sum((0, 2, 3))


small = x_train[:2]
slow, quick = convolve_by_loops(small, *first[:2]), convolve(small, *first[:2])
assert np.allclose(slow, quick, atol=1e-6)

# %%
# Pooling takes the largest of each window, and remembers which it was. Backwards the gradient goes
# there, and nowhere else.


def pool(x):
    """(N, 8, 8, 8) to (N, 8, 4, 4), and which of the four of a window was the largest."""
    windows = x.reshape(-1, 8, 4, 2, 4, 2).swapaxes(3, 4).reshape(-1, 8, 4, 4, 4)
    winner = windows.argmax(-1)[..., None]
    return np.take_along_axis(windows, winner, -1)[..., 0], winner


def pool_backward(dy, winner):
    """Each gradient, put where the largest element was."""
    windows = np.zeros((*dy.shape, 4), np.float32)
    np.put_along_axis(windows, winner, dy[..., None], -1)
    return windows.reshape(-1, 8, 4, 4, 2, 2).swapaxes(3, 4).reshape(-1, 8, 8, 8)


# %%
# The rest is short. The backward half reads the forward half from bottom to top; the gradient of
# softmax and cross entropy together is *probabilities minus truth* (lesson 9).


def numpy_step(weights, x, target):
    """One step of gradient descent; returns the loss, and changes the weights."""
    w1, b1, w2, b2 = weights
    N = len(x)

    before = convolve(x, w1, b1)
    after = np.maximum(before, 0)
    pooled, winner = pool(after)
    flat = pooled.reshape(N, 128)
    scores = flat @ w2.T + b2
    shifted = scores - scores.max(1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(1, keepdims=True))
    loss = -log_p[np.arange(N), target].mean()

    dscores = np.exp(log_p)
    dscores[np.arange(N), target] -= 1
    dscores /= N
    dw2, db2 = dscores.T @ flat, dscores.sum(0)
    dpooled = (dscores @ w2).reshape(pooled.shape)
    dafter = pool_backward(dpooled, winner)
    dbefore = dafter * (before > 0)
    dw1, db1 = convolve_backward(dbefore, x)

    for weight, gradient in zip(weights, (dw1, db1, dw2, db2), strict=True):
        weight -= np.float32(RATE) * gradient
    return float(loss)


by_hand = [w.copy() for w in first]
losses = {"NumPy": [numpy_step(by_hand, x_train[b], y_train[b]) for b in batches]}
print("first loss", losses["NumPy"][0], " last loss", losses["NumPy"][-1])

# %%
# Second and third way: minitorch, and PyTorch
# --------------------------------------------
#
# One function serves both. What is given to it as ``torch`` is either of the two; all the backward
# code above has become ``loss.backward()``.


def train(torch):
    """Train with `torch`, which may be minitorch; returns the losses and the weights."""
    F = torch.nn.functional
    weights = [torch.tensor(w).requires_grad_() for w in first]
    w1, b1, w2, b2 = weights
    optimizer = torch.optim.SGD(weights, lr=RATE)
    losses = []
    for batch in batches:
        x, target = torch.tensor(x_train[batch]), torch.tensor(y_train[batch])
        x = F.conv2d(x, w1, b1, padding=1).relu()
        x = F.max_pool2d(x, 2).flatten(1)
        loss = F.cross_entropy(F.linear(x, w2, b2), target)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return losses, [w.detach().numpy() for w in weights]


trained = {"NumPy": by_hand}
losses["minitorch"], trained["minitorch"] = train(minitorch)
if torch is not None:
    losses["PyTorch"], trained["PyTorch"] = train(torch)

# %%
# The same numbers
# ----------------
#
# The mean loss of each epoch, and how many test images are read right at the end:


def right_answers(weights):
    """The share of test images that a trained net reads right, in NumPy."""
    w1, b1, w2, b2 = weights
    pooled, _ = pool(np.maximum(convolve(x_test, w1, b1), 0))
    return ((pooled.reshape(-1, 128) @ w2.T + b2).argmax(1) == y_test).mean()


print(f"{'epoch':>6}" + "".join(f"{name:>12}" for name in losses))
means = np.reshape(list(losses.values()), (len(losses), EPOCHS, -1)).mean(2)
for epoch in range(EPOCHS):
    print(f"{epoch + 1:6}" + "".join(f"{mean:12.6f}" for mean in means[:, epoch]))
print(f"{'right':>6}" + "".join(f"{right_answers(w):12.4f}" for w in trained.values()))

reference = list(losses)[-1]  # PyTorch where it is installed
for name in losses:
    assert np.allclose(losses[name], losses[reference], atol=1e-4)
    for ours, theirs in zip(trained[name], trained[reference], strict=True):
        assert np.allclose(ours, theirs, atol=1e-4)

# %%
# They are the same to rounding, and not to the last bit. A sum of 4,096 numbers depends on the
# order in which they are added, and each of the three adds in an order of its own. float32 keeps
# about seven digits, so the losses part somewhere behind the seventh, and training carries that on.

figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.4), layout="constrained")
for (name, values), width in zip(losses.items(), (6, 3.5, 1), strict=False):
    left.plot(values, linewidth=width, label=name)
left.set(xlabel="step", ylabel="loss", title=f"{len(losses)} curves, one line")
left.legend()
for name in list(losses)[:-1]:
    apart = np.abs(np.subtract(losses[name], losses[reference]))
    right.semilogy(np.maximum(apart, 1e-9), ".", label=f"{name} against {reference}")
unit = np.finfo(np.float32).eps
right.axhline(unit, color="0.6", linestyle="--", label="one rounding of 1.0")
right.set(xlabel="step", title="how far the losses are apart")
right.legend(fontsize="small")
plt.show()

# %%
# How much was to be written
# --------------------------
#
# By hand, every new layer asks for a new pair of functions and for its two lines in the backward
# half, in the right order. With autograd it asks for its line in the forward half.
#
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. How many numbers does this net learn?
# 2. Leaky ReLU lets a tenth of a negative number through: ``np.where(before > 0, before, before /
#    10)``. What does the line ``dbefore = ...`` become, as a function of ``dafter`` and ``before``?

answer_1 = None  # a number
answer_2 = None  # lambda dafter, before: ...

if answer_1 is not None:
    assert answer_1 == sum(w.size for w in first)
if answer_2 is not None:
    x = minitorch.tensor([-2.0, -0.5, 0.5, 2.0], requires_grad=True)
    grad = minitorch.tensor([1.0, 2.0, 3.0, 4.0])
    minitorch.nn.functional.leaky_relu(x, 0.1).backward(grad)
    assert np.allclose(answer_2(grad.numpy(), x.detach().numpy()), x.grad.numpy())

# %%
# Where in the source: ``examples/digits.py`` is this net as one would write it. The functions above
# are ``Conv2d`` in ``minitorch/ops/nn/conv.py``, ``MaxPool2d`` in ``minitorch/ops/nn/pool.py`` and
# ``CrossEntropy`` in ``minitorch/ops/losses/classification.py``.
