"""
13. The same seed, the same run
===============================

Random numbers decide with which weights a net starts and in which order it sees the data. They are
not random at all: a short recipe computes them from one number, the seed. We follow it from the
seed to a tensor, and to a whole run.
"""

import matplotlib.pyplot as plt
import numpy as np

import minitorch
from minitorch import nn

# %%
# From a seed to words
# --------------------
#
# The recipe is the Mersenne Twister (Matsumoto and Nishimura, 1998). Its state is 624 numbers of 32
# bits, which the seed fills; each time they are used up, they are stirred into 624 new ones. Every
# word that comes out is a whole number from 0 to 2³²-1. NumPy has the same engine:

engine = np.random.RandomState(0)
words = engine.randint(0, 2**32, size=6, dtype=np.uint32)
print(words)

# %%
# From words to numbers
# ---------------------
#
# A float32 between 0 and 1 is made of the last 24 bits of a word, since float32 has 24 bits of
# precision: divide them by 2²⁴. Done by hand, that is what ``rand`` returns.

by_hand = (words & (2**24 - 1)) / 2**24
minitorch.manual_seed(0)
drawn = minitorch.rand(6)
print(by_hand.astype(np.float32))
print(drawn)

assert (drawn.numpy() == by_hand).all()

# %%
# PyTorch's ``torch.manual_seed(0); torch.rand(6)`` begins with 0.4963, 0.7682 as well: it uses the
# same engine, and the same 24 bits. minitorch follows PyTorch's recipe for every kind of draw, so
# that a seed means the same run in both.
#
# From words to a shuffle
# -----------------------
#
# A shuffle goes through the places from the first to the last, and swaps what is there with a place
# that is drawn among those not yet settled: one word a place, and the remainder of a division.


def shuffle_by_hand(n, seed):
    """Return 0..n-1 in the order that a seed gives."""
    engine = np.random.RandomState(seed)
    order = list(range(n))
    for i in range(n - 1):
        word = int(engine.randint(0, 2**32, dtype=np.uint32))
        j = i + word % (n - i)
        order[i], order[j] = order[j], order[i]
    return order


print(shuffle_by_hand(10, seed=7))
minitorch.manual_seed(7)
assert shuffle_by_hand(10, seed=7) == minitorch.randperm(10).tolist()

# %%
# One stream for everything
# -------------------------
#
# ``manual_seed`` fills one state, and everything draws from it in turn: weights, shuffles, dropout
# masks. So a run is fixed by the seed *and by the order of the draws*. We train a small net to
# follow a noisy sine, and change one thing at a time.


def train(seed, extra_draw=False):
    """Return the loss of every step."""
    minitorch.manual_seed(seed)
    if extra_draw:
        minitorch.rand(1)  # used for nothing
    net = nn.Sequential(nn.Linear(1, 16), nn.Tanh(), nn.Linear(16, 1))
    x = minitorch.linspace(-3, 3, 256).unsqueeze(1)
    y = x.sin() + 0.2 * minitorch.randn(256, 1)
    optimizer = minitorch.optim.SGD(net.parameters(), lr=0.1)
    losses = []
    for _ in range(8):
        for batch in minitorch.randperm(256).split(32):
            loss = nn.functional.mse_loss(net(x[batch]), y[batch])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
    return losses


runs = {
    "seed 0": train(0),
    "seed 0 again": train(0),
    "seed 1": train(1),
    "seed 0, one draw more at the start": train(0, extra_draw=True),
}
for name, losses in runs.items():
    print(f"{name:36} first {losses[0]:.6f}  last {losses[-1]:.6f}")

assert runs["seed 0"] == runs["seed 0 again"]  # every bit of every loss
assert runs["seed 0"] != runs["seed 1"]
assert runs["seed 0"] != runs["seed 0, one draw more at the start"]

# %%
# One number drawn and thrown away, and the run is another: all later draws have moved on by a
# place. That is the usual reason why "the same seed" gives two results: a layer added before the
# others, a plot that shuffles, an evaluation in between.

figure, axes = plt.subplots(figsize=(7, 3.6), layout="constrained")
styles = [
    ("tab:blue", "-", 5),
    ("white", "-", 1.2),
    ("tab:orange", "-", 1.5),
    ("tab:green", "-", 1.5),
]
for (name, losses), (color, line, width) in zip(runs.items(), styles, strict=True):
    axes.plot(losses, line, color=color, linewidth=width, label=name)
axes.set(xlabel="step", ylabel="loss")
axes.set_title("The same seed and the same draws: the same run")
axes.legend(facecolor="0.85")
plt.show()

# %%
# A stream of one's own
# ---------------------
#
# What shall not be moved by other draws gets a ``Generator``: a state of its own. Here the order of
# the data stays, whatever else is drawn.

data = minitorch.utils.data.TensorDataset(minitorch.arange(8))


def first_epoch(others):
    """Return the order of the data after some other numbers have been drawn."""
    minitorch.manual_seed(0)
    minitorch.rand(others)
    own = minitorch.Generator().manual_seed(5)
    loader = minitorch.utils.data.DataLoader(data, shuffle=True, generator=own)
    return [int(x) for (x,) in loader]


print(first_epoch(others=0), first_epoch(others=100))
assert first_epoch(others=0) == first_epoch(others=100)

# %%
# Or the state is put back after a digression, to the byte:

minitorch.manual_seed(0)
state = minitorch.get_rng_state()
ahead = minitorch.rand(3)
minitorch.set_rng_state(state)
assert minitorch.equal(minitorch.rand(3), ahead)

with minitorch.random.fork_rng():  # puts it back by itself
    minitorch.rand(1000)

# %%
# What a seed does not fix
# ------------------------
#
# The draws are fixed; the arithmetic after them rounds. A sum in another order, on another number
# of threads or by another library, may differ in the last digit, as lesson 12 showed. On one
# machine, with one version and the same number of threads, every bit is the same.
#
# Exercises
# ---------
#
# Replace each ``None`` by your answer and run the block.
#
# 1. ``rand`` makes a float32 of 24 bits. What is the largest number that it can return?
# 2. Drawing ``rand(2)`` and then ``rand(3)``: the same numbers as ``rand(5)``, or others?

answer_1 = None  # a number
answer_2 = None  # "the same" or "others"

if answer_1 is not None:
    assert answer_1 == ((2**32 - 1) & (2**24 - 1)) / 2**24
if answer_2 is not None:
    minitorch.manual_seed(0)
    parts = minitorch.cat([minitorch.rand(2), minitorch.rand(3)])
    minitorch.manual_seed(0)
    assert (answer_2 == "the same") == minitorch.equal(parts, minitorch.rand(5))

# %%
# Where in the source: ``minitorch/kernels/random.py`` has PyTorch's recipes, bit by bit.
# ``minitorch/random.py`` has ``Generator`` and ``manual_seed``.
