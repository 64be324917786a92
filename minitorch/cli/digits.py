"""``minitorch digits``: train a small convolutional net on scikit-learn's digits.

Conv2d, ReLU, MaxPool2d, Linear and cross entropy, the five layers that the project began with, on
1,797 handwritten digits of 8x8 pixels. The draws are in the order of the plain PyTorch program
(seed, weights, then one permutation an epoch), so the same seed prints the same table there.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

import minitorch
from minitorch import nn, optim
from minitorch._extras import MissingExtra, require
from minitorch.cli import arguments

EXTRA = "digits"
CLASSES = 10


@dataclass
class Data:
    """The digits as tensors: images (N, 1, 8, 8) in 0..1, and the digits they show (N,)."""

    train_images: Any
    train_labels: Any
    val_images: Any
    val_labels: Any


@dataclass
class Record:
    """Result of training: the model, and two numbers for every epoch."""

    model: ConvNet
    losses: list[float] = field(default_factory=list)
    accuracies: list[float] = field(default_factory=list)


class ConvNet(nn.Module):
    """Conv2d, ReLU, MaxPool2d, Linear.

    Shape: (N, 1, 8, 8) to (N, 10).
    """

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=3, padding=1)  # (N, 8, 8, 8)
        self.relu = nn.ReLU()
        self.pool = nn.MaxPool2d(kernel_size=2)  # (N, 8, 4, 4)
        self.fc = nn.Linear(8 * 4 * 4, CLASSES)

    def forward(self, images: Any) -> Any:
        features = self.pool(self.relu(self.conv(images)))
        return self.fc(features.reshape(len(features), -1))


def load_data() -> Data:
    """Load the digits and keep a fifth for validation, the same fifth on every run."""
    datasets = require("sklearn.datasets", wanted_for="minitorch digits", extra=EXTRA)
    selection = require("sklearn.model_selection", wanted_for="minitorch digits", extra=EXTRA)
    digits = datasets.load_digits()
    images = digits.images.astype(np.float32)[:, np.newaxis] / 16.0  # (N, 1, 8, 8)
    train_images, val_images, train_labels, val_labels = selection.train_test_split(
        images, digits.target, test_size=0.2, random_state=42, stratify=digits.target
    )
    return Data(
        minitorch.tensor(train_images),
        minitorch.tensor(train_labels, dtype=minitorch.long),
        minitorch.tensor(val_images),
        minitorch.tensor(val_labels, dtype=minitorch.long),
    )


def train(
    data: Data,
    *,
    epochs: int,
    lr: float,
    batch_size: int,
    seed: int,
    watch: Callable[[float], object] = lambda loss: None,
) -> Iterator[Record]:
    """Train and yield the one Record after every epoch, so that the caller may print it.

    `watch` is called with the loss of every step: that is where a progress bar goes.
    """
    minitorch.manual_seed(seed)
    model = ConvNet()
    criterion = nn.CrossEntropyLoss()
    optimizer = optim.SGD(model.parameters(), lr=lr)
    record = Record(model)
    count = len(data.train_images)

    for _ in range(epochs):
        order = minitorch.randperm(count)
        model.train()
        total = 0.0
        for start in range(0, count, batch_size):
            batch = order[start : start + batch_size]
            loss = criterion(model(data.train_images[batch]), data.train_labels[batch])
            value = loss.item()
            total += value
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            watch(value)

        correct = predict(model, data.val_images).argmax(1) == data.val_labels
        # The sum over batches, scaled as if the last, smaller batch were a whole one.
        record.losses.append(total / count * batch_size)
        record.accuracies.append(correct.float().mean().item())
        yield record


def predict(model: nn.Module, images: Any) -> Any:
    """Return the scores of `images` (N, 1, 8, 8) for each class (N, 10), with no graph."""
    model.eval()
    with minitorch.no_grad():
        return model(images)


def add_command(commands: argparse._SubParsersAction[arguments.Parser]) -> None:
    """Add ``digits`` to the commands of the parser."""
    command = commands.add_parser(
        "digits",
        help="train a small convolutional net on handwritten digits",
        description="Train a convolutional net on scikit-learn's digits: a few seconds, one line "
        "an epoch, and the very table that PyTorch prints from the same seed.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add, count = command.add_argument, arguments.positive_int
    add("--seed", type=arguments.seed, default=0, metavar="N", help="random seed")
    add("--epochs", type=count, default=10, metavar="N", help="passes over the data")
    add("--lr", type=arguments.learning_rate, default=0.1, metavar="X", help="SGD's learning rate")
    add("--batch-size", type=count, default=64, metavar="N", help="images a step")
    add(
        "--plot",
        type=arguments.plot_path,
        default=argparse.SUPPRESS,
        metavar="FILE",
        help="draw the run into a .png, .svg or .pdf: curves, kernels, confusions, mistakes",
    )
    add(
        "--progress",
        action=argparse.BooleanOptionalAction,
        default=argparse.SUPPRESS,
        help="a progress bar on stderr, with the time left (by default, if that is a terminal)",
    )
    command.set_defaults(command=main)


def main(options: argparse.Namespace) -> int:
    """Run the command and return its exit code."""
    plot = getattr(options, "plot", None)
    try:
        # All that can be missing is looked for before the training, not after it.
        if plot is not None:
            require("matplotlib", wanted_for="minitorch digits --plot", extra=EXTRA)
        data = load_data()
        steps = options.epochs * math.ceil(len(data.train_images) / options.batch_size)
        bar = None
        if getattr(options, "progress", sys.stderr.isatty()):
            tqdm = require("tqdm", wanted_for="the progress bar", extra=EXTRA).tqdm
            bar = tqdm(total=steps, desc="digits", unit="step", leave=False, file=sys.stderr)
    except MissingExtra as error:
        return arguments.failed("digits", error, 1)

    def watch(loss: float) -> None:
        if bar is not None:
            bar.set_postfix(loss=f"{loss:.4f}", refresh=False)
            bar.update()

    chosen = {name: getattr(options, name) for name in ("epochs", "lr", "batch_size", "seed")}
    records = train(data, **chosen, watch=watch)
    done, record, kept = 0, None, {}
    try:
        with bar or nullcontext():
            for done, record in enumerate(records, start=1):
                loss, accuracy = record.losses[-1], record.accuracies[-1]
                with bar.external_write_mode(sys.stdout) if bar is not None else nullcontext():
                    scores = f"loss={loss:.4f} val_acc={accuracy:.4f}"
                    print(f"Epoch {done}/{options.epochs} {scores}", flush=True)
                kept = deepcopy(record.model.state_dict())
    finally:  # also after Ctrl-C: of the epochs that are done
        if plot is not None and record is not None:
            record.model.load_state_dict(kept)
            save_plot(plot, data, record.model, record.losses[:done], record.accuracies[:done])
    return 0


def save_plot(
    path: Path, data: Data, model: ConvNet, losses: list[float], accuracies: list[float]
) -> None:
    """Draw the run into `path`."""
    from minitorch.cli.figure import draw

    with arguments.writing("digits", path):
        draw(
            path,
            losses=losses,
            accuracies=accuracies,
            kernels=model.conv.weight.detach().numpy()[:, 0],
            images=data.val_images.numpy()[:, 0],
            labels=data.val_labels.numpy(),
            logits=predict(model, data.val_images).numpy(),
        )
