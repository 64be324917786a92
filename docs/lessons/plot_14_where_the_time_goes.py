"""
14. Where the time goes
=======================

Before making a program faster, measure it. A training step of the digits net is taken apart here:
which operation takes how long, forwards and backwards, and how much of that is arithmetic. The
numbers are those of the machine that built this page.
"""

import timeit
from time import perf_counter

import matplotlib.pyplot as plt
import numpy as np
from sklearn.datasets import load_digits

import minitorch
from minitorch import nn

# %%
# How to measure
# --------------
#
# A computer does other things too, and they only ever add time. So a short piece of code is run
# many times, and the *shortest* time is kept: it has the least of the others in it. The mean
# measures the machine's mood.


def best(function, repeat=30, number=3):
    """Return the shortest time of a call, in microseconds."""
    return min(timeit.repeat(function, repeat=repeat, number=number)) / number * 1e6


digits = load_digits()
images = minitorch.tensor(digits.images[:64].astype(np.float32)).unsqueeze(1) / 16
labels = minitorch.tensor(digits.target[:64])

minitorch.manual_seed(0)
conv, fc = nn.Conv2d(1, 8, 3, padding=1), nn.Linear(128, 10)
parameters = [*conv.parameters(), *fc.parameters()]
optimizer = minitorch.optim.SGD(parameters, lr=0.1)

stages = {
    "conv": conv,
    "relu": minitorch.relu,
    "max_pool": lambda x: nn.functional.max_pool2d(x, 2),
    "flatten": lambda x: x.flatten(1),
    "linear": fc,
    "loss": lambda x: nn.functional.cross_entropy(x, labels),
}


def forward():
    """Return the loss of the 64 images."""
    x = images
    for stage in stages.values():
        x = stage(x)
    return x


def step():
    """One step of training."""
    loss = forward()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


for _ in range(20):
    step()  # the first calls are slower: caches are cold, memory is not yet taken
whole = best(step)
print(f"one step of 64 images: {whole:.0f} µs")

# %%
# Forwards
# --------
#
# Each stage is timed by itself, on what the stage before hands to it.

times, x = {}, images
for name, stage in stages.items():
    times[name] = best(lambda stage=stage, x=x: stage(x))
    x = stage(x)
for name, time in times.items():
    print(f"{name:10} {time:7.1f} µs")

# %%
# Backwards
# ---------
#
# The operations of the graph are the nodes of ``loss.grad_fn``; each can be asked to call us before
# and after it works. The time between is that node's.


def nodes(last):
    """Return the nodes of a graph, each once."""
    found, waiting = [], [last]
    while waiting:
        node = waiting.pop()
        if node is not None and node not in found:
            found.append(node)
            waiting += [before for before, _ in node.next_functions]
    return found


def backward_times():
    """Return how long each node took, by its name."""
    loss, took, started = forward(), {}, {}
    for node in nodes(loss.grad_fn):
        if hasattr(node, "variable"):
            continue  # the end of a path, where a gradient is handed to its parameter
        name = node.name().removesuffix("0").removesuffix("Backward")

        def before(grads, name=name):
            started[name] = perf_counter()

        def after(made, given, name=name):
            took[name] = took.get(name, 0) + (perf_counter() - started[name]) * 1e6

        node.register_prehook(before)
        node.register_hook(after)
    loss.backward()
    return took


rounds = [backward_times() for _ in range(40)]
backward = {name: min(took[name] for took in rounds) for name in rounds[0]}
for name, time in backward.items():
    print(f"{name:18} {time:7.1f} µs")

assert len(backward) >= 5

# %%
# And what is left of a step: forgetting the old gradients, and moving the weights.

around = {"zero_grad": best(optimizer.zero_grad), "optimizer": best(optimizer.step)}

figure, axes = plt.subplots(figsize=(8, 4.6), layout="constrained")
groups = {
    "forward": (times, "tab:blue"),
    "backward": (backward, "tab:red"),
    "": (around, "0.5"),
}
rows = [
    (f"{group} {name}", time, color)
    for group, (part, color) in groups.items()
    for name, time in part.items()
]
names, lengths, colors = zip(*reversed(rows), strict=True)
bars = axes.barh([name.strip() for name in names], lengths, color=colors)
axes.bar_label(bars, fmt="%.0f", padding=3)
axes.set(xlabel="µs", title=f"A step of the digits net: {whole:.0f} µs on this machine")
plt.show()

# %%
# How much of it is arithmetic?
# -----------------------------
#
# An operation costs twice: the numbers have to be computed (by NumPy, whose loops are compiled),
# and Python has to get there: look at the arguments, make a node, remember the inputs. The second
# does not depend on the size. Adding two arrays, small and large, shows both.

sizes = [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000]
plain, unrecorded, recorded = [], [], []
for size in sizes:
    number = 200 if size < 10_000 else 3
    a, b = np.ones(size, np.float32), np.ones(size, np.float32)
    s, t = minitorch.tensor(a), minitorch.tensor(b)
    r = minitorch.tensor(a).requires_grad_()
    plain.append(best(lambda a=a, b=b: a + b, number=number))
    unrecorded.append(best(lambda s=s, t=t: s + t, number=number))
    recorded.append(best(lambda r=r, t=t: r + t, number=number))

print(f"{'elements':>10} {'NumPy':>9} {'tensors':>9} {'recorded':>9}   (µs)")
for row in zip(sizes, plain, unrecorded, recorded, strict=True):
    print("{:10,} {:9.2f} {:9.2f} {:9.2f}".format(*row))

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
axes.loglog(sizes, plain, "o-", color="0.5", label="NumPy arrays")
axes.loglog(sizes, unrecorded, "s-", label="tensors")
axes.loglog(sizes, recorded, "^-", color="tab:red", label="tensors, recorded")
axes.set(xlabel="elements", ylabel="µs for a + b")
axes.set_title("A fixed price for each call, then the work")
axes.legend()
plt.show()

# %%
# On the left the price of a call is all there is, on the right it is lost in the work. That is why
# training in batches is quick, and why a loop over single numbers is slow in every framework that
# is called from Python: a step on 64 images calls as many operations as a step on one.


def gradients(images, labels):
    """Forwards and backwards once, without moving the weights."""
    x = nn.functional.max_pool2d(conv(images).relu(), 2).flatten(1)
    nn.functional.cross_entropy(fc(x), labels).backward()


for batch in (1, 8, 64):
    time = best(lambda batch=batch: gradients(images[:batch], labels[:batch]))
    print(f"{batch:3} images: {time:6.0f} µs, {time / batch:6.1f} µs an image")

# %%
# What to do with it
# ------------------
#
# - Most of the time in one bar: look at that operation's kernel.
# - Many bars of the same few microseconds: fewer, larger operations. ``cross_entropy`` is one node
#   in place of four, and a layer over a batch is one call in place of 64.
# - Nothing to train: ``with minitorch.no_grad()`` records nothing.
#
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. A call costs 2 µs and a million additions cost 400 µs. How long do 100 additions take as 100
#    calls on one number each, in µs, if their arithmetic is not counted?
# 2. How many nodes does the graph of this net's loss have, without those of the parameters?

answer_1 = None  # a number
answer_2 = None  # a number

if answer_1 is not None:
    assert answer_1 == 100 * 2
if answer_2 is not None:
    found = nodes(forward().grad_fn)
    assert answer_2 == sum(not hasattr(node, "variable") for node in found)

# %%
# Where in the source: ``Function.apply`` in ``minitorch/autograd/function.py`` is the price of a
# call, ``minitorch/autograd/engine.py`` that of the way back; the kernels lie in
# ``minitorch/kernels/conv.py`` and beside it.
