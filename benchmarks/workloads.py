"""What is timed: each workload is written once, and is given the framework as `torch`.

A workload is a function that seeds, builds model and data, and returns a `step` without arguments.
The step does the work of one iteration and returns a tensor, from which the harness checks that
both frameworks have computed the same thing. The docstring's first line is its title in the table.
"""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import cycle
from typing import Any

Torch = Any  # the module `torch`, or `minitorch`
Step = Callable[[], Any]


@dataclass(frozen=True)
class Workload:
    """A workload, and how many steps make a short round of it."""

    build: Callable[[Torch], Step]
    steps: int

    @property
    def title(self) -> str:
        """What the table calls it."""
        return (self.build.__doc__ or self.build.__name__).partition("\n")[0].rstrip(".")


def digits_data(torch: Torch) -> tuple[Any, Any, Any, Any]:
    """Load scikit-learn's digits as the example does: images and labels, twice."""
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    digits = load_digits()
    images = digits.images.astype("float32")[:, None] / 16.0
    train, val, train_labels, val_labels = train_test_split(
        images, digits.target, test_size=0.2, random_state=42, stratify=digits.target
    )
    return (
        torch.tensor(train),
        torch.tensor(train_labels),
        torch.tensor(val),
        torch.tensor(val_labels),
    )


def digits_net(torch: Torch) -> Any:
    nn = torch.nn
    return nn.Sequential(
        nn.Conv2d(1, 8, kernel_size=3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(8 * 4 * 4, 10),
    )


def training(torch: Torch, model: Any, batches: list[tuple[Any, Any]], lr: float) -> Step:
    """Return the step of a training loop: a batch forward, backward, and an update by SGD."""
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr)
    following = cycle(batches)

    def step() -> Any:
        x, y = next(following)
        loss = criterion(model(x), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def digits_step(torch: Torch) -> Step:
    """Digits net, training step, batch 64."""
    images, labels, _, _ = digits_data(torch)
    torch.manual_seed(0)
    model = digits_net(torch)
    order = torch.randperm(len(images))[: 64 * (len(images) // 64)].split(64)
    return training(torch, model, [(images[batch], labels[batch]) for batch in order], lr=0.1)


def digits_inference(torch: Torch) -> Step:
    """Digits net, inference, 360 images."""
    _, _, images, _ = digits_data(torch)
    torch.manual_seed(0)
    model = digits_net(torch).eval()

    def step() -> Any:
        with torch.no_grad():
            return model(images)

    return step


def mlp_step(torch: Torch) -> Step:
    """MLP 64-32-32-10, training step, batch 32."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 32), nn.ReLU(), nn.Linear(32, 10)
    )
    batches = [(torch.randn(32, 64), torch.randint(0, 10, (32,))) for _ in range(8)]
    return training(torch, model, batches, lr=0.05)


def lenet_step(torch: Torch) -> Step:
    """LeNet at 28x28, training step, batch 128."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(1, 6, kernel_size=5, padding=2),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(6, 16, kernel_size=5),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16 * 5 * 5, 120),
        nn.ReLU(),
        nn.Linear(120, 84),
        nn.ReLU(),
        nn.Linear(84, 10),
    )
    batches = [(torch.randn(128, 1, 28, 28), torch.randint(0, 10, (128,))) for _ in range(4)]
    return training(torch, model, batches, lr=0.05)


def scalar_chain(torch: Torch) -> Step:
    """Chain of 200 scalar operations, forward and backward."""
    x = torch.tensor(0.5, requires_grad=True)

    def step() -> Any:
        x.grad = None
        y = x
        for _ in range(50):
            y = (y.sin() + x) * 0.9 - 0.1
        y.backward()
        return x.grad

    return step


WORKLOADS = {
    "digits": Workload(digits_step, steps=200),
    "inference": Workload(digits_inference, steps=100),
    "mlp": Workload(mlp_step, steps=500),
    "lenet": Workload(lenet_step, steps=15),
    "scalar": Workload(scalar_chain, steps=50),
}
