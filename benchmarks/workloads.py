"""What is timed: each workload is written once, and is given the framework as `torch`.

A workload is a function that seeds, builds model and data, and returns a `step` without arguments.
The step does the work of one iteration and returns a tensor, or several, from which the harness
checks that all frameworks have computed the same. The docstring's first line is its title in the
table.
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


def parts_of(result: Any) -> tuple[Any, ...]:
    """The tensors that a step has returned."""
    return result if isinstance(result, tuple) else (result,)


def size_of(result: Any) -> float:
    """The root mean square of a step's result, of each tensor in it: of a loss, the loss itself."""
    sizes = [part.detach().pow(2).mean().sqrt().item() for part in parts_of(result)]
    return float(sum(sizes))


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


def training(
    torch: Torch,
    model: Any,
    batches: list[tuple[Any, Any]],
    lr: float,
    momentum: float = 0.0,
    adam: bool = False,
) -> Step:
    """Return the step of a training loop: a batch forward, backward, and an update by SGD."""
    criterion = torch.nn.CrossEntropyLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=lr, momentum=momentum)
    if adam:  # with a larger eps, for gradients near zero, whose last digits would decide
        optimizer = torch.optim.Adam(model.parameters(), lr=lr, eps=1e-6)
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


def wide_mlp(torch: Torch) -> tuple[Any, list[tuple[Any, Any]]]:
    """Model and batches, whose products take most of the time."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Linear(784, 1024), nn.ReLU(), nn.Linear(1024, 1024), nn.ReLU(), nn.Linear(1024, 10)
    )
    batches = [(torch.randn(128, 784), torch.randint(0, 10, (128,))) for _ in range(4)]
    return model, batches


def wide_mlp_step(torch: Torch) -> Step:
    """MLP 784-1024-1024-10, training step with momentum, batch 128."""
    return training(torch, *wide_mlp(torch), lr=0.01, momentum=0.9)


def wide_mlp_adam_step(torch: Torch) -> Step:
    """MLP 784-1024-1024-10, training step with Adam, batch 128."""
    return training(torch, *wide_mlp(torch), lr=1e-4, adam=True)


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


def vgg_step(torch: Torch) -> Step:
    """VGG block of four convolutions at 32x32, training step, batch 32."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 32, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(32, 32, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3, padding=1),
        nn.ReLU(),
        nn.Conv2d(64, 64, 3, padding=1),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * 8 * 8, 10),
    )
    batches = [(torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))) for _ in range(2)]
    return training(torch, model, batches, lr=0.01)


def resnet_step(torch: Torch) -> Step:
    """Small ResNet with BatchNorm at 32x32, training step, batch 32."""
    nn = torch.nn

    class Residual(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self, channels: int) -> None:
            super().__init__()
            self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
            self.norm1, self.norm2 = nn.BatchNorm2d(channels), nn.BatchNorm2d(channels)

        def forward(self, x: Any) -> Any:
            y = self.norm1(self.conv1(x)).relu()
            return (x + self.norm2(self.conv2(y))).relu()

    torch.manual_seed(0)
    model = nn.Sequential(
        nn.Conv2d(3, 16, 3, padding=1, bias=False),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        Residual(16),
        nn.Conv2d(16, 32, 3, stride=2, padding=1, bias=False),
        nn.BatchNorm2d(32),
        nn.ReLU(),
        Residual(32),
        nn.AvgPool2d(16),
        nn.Flatten(),
        nn.Linear(32, 10),
    )
    batches = [(torch.randn(32, 3, 32, 32), torch.randint(0, 10, (32,))) for _ in range(2)]
    return training(torch, model, batches, lr=0.01)


def gpt_step(torch: Torch) -> Step:
    """GPT of two layers (E 64, T 32), training step with AdamW, batch 16."""
    nn, F = torch.nn, torch.nn.functional
    E, T, N, heads, letters = 64, 32, 16, 4, 65

    class Block(nn.Module):  # type: ignore[name-defined, misc]
        def __init__(self) -> None:
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(E), nn.LayerNorm(E)
            self.qkv, self.join = nn.Linear(E, 3 * E), nn.Linear(E, E)
            self.wide, self.narrow = nn.Linear(E, 4 * E), nn.Linear(4 * E, E)

        def forward(self, x: Any) -> Any:
            q, k, v = (
                part.view(N, T, heads, E // heads).transpose(1, 2)
                for part in self.qkv(self.norm1(x)).chunk(3, dim=-1)
            )
            y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
            x = x + self.join(y.transpose(1, 2).reshape(N, T, E))
            return x + self.narrow(F.gelu(self.wide(self.norm2(x))))

    torch.manual_seed(0)
    letter, place = nn.Embedding(letters, E), nn.Embedding(T, E)
    body = nn.Sequential(Block(), Block(), nn.LayerNorm(E), nn.Linear(E, letters))
    model = nn.ModuleList([letter, place, body])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-3, eps=1e-6)
    texts = cycle([torch.randint(0, letters, (N, T + 1)) for _ in range(4)])
    places = torch.arange(T)

    def step() -> Any:
        text = next(texts)
        scores = body(letter(text[:, :-1]) + place(places))
        loss = F.cross_entropy(scores.flatten(0, 1), text[:, 1:].flatten())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def lstm_step(torch: Torch) -> Step:
    """LSTM 32 to 64 features, 24 steps, batch 16, forward and backward."""
    torch.manual_seed(0)
    model = torch.nn.LSTM(32, 64)
    x = torch.randn(24, 16, 32)

    def step() -> Any:
        model.zero_grad()
        y, _ = model(x)
        loss = (y * y).mean()
        loss.backward()
        return loss

    return step


def double_backward(torch: Torch) -> Step:
    """Double backward through an MLP 2-16-1, batch 32."""
    nn = torch.nn
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 16), nn.Tanh(), nn.Linear(16, 1))
    x = torch.randn(32, 2, requires_grad=True)

    def step() -> Any:
        model.zero_grad()
        (slope,) = torch.autograd.grad(model(x).sum(), x, create_graph=True)
        loss = (slope * slope).mean()
        loss.backward()
        return loss

    return step


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


def gradient_penalty(torch: Torch) -> Step:
    """Gradient penalty of a WGAN, critic 64-128-128-1, forward and backward, batch 64."""
    nn = torch.nn
    torch.manual_seed(0)
    critic = nn.Sequential(
        nn.Linear(64, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 128),
        nn.LeakyReLU(0.2),
        nn.Linear(128, 1),
    )
    real, fake, share = torch.randn(64, 64), torch.randn(64, 64) + 1, torch.rand(64, 1)

    def step() -> Any:
        critic.zero_grad()
        mixed = (share * real + (1 - share) * fake).requires_grad_()
        (slope,) = torch.autograd.grad(critic(mixed).sum(), mixed, create_graph=True)
        penalty = ((slope.norm(2, dim=1) - 1) ** 2).mean()
        loss = critic(fake).mean() - critic(real).mean() + 10 * penalty
        loss.backward()
        return loss

    return step


def broadcast_chain(torch: Torch) -> Step:
    """Broadcast (64, 1, 32) by (48, 1), tanh, exp and mean, forward and backward."""
    torch.manual_seed(0)
    a, b = torch.randn(64, 1, 32, requires_grad=True), torch.randn(48, 1, requires_grad=True)

    def step() -> Any:
        a.grad = b.grad = None
        y = (a * b + a).tanh().exp().mean(dim=(0, 2))
        y.sum().backward()
        return y, a.grad, b.grad

    return step


def bigrams(torch: Torch) -> Step:
    """Bigrams as in makemore: 200 counted one by one, and their probabilities read."""
    torch.manual_seed(0)
    pairs = torch.randint(0, 27, (200, 2)).tolist()

    def step() -> Any:
        N = torch.zeros((27, 27), dtype=torch.int32)
        for i, j in pairs:
            N[i, j] += 1
        P = (N + 1).float()
        P /= P.sum(1, keepdim=True)
        log_likelihood = 0.0
        for i, j in pairs:
            log_likelihood += torch.log(P[i, j])
        return -log_likelihood / len(pairs)

    return step


def conv_layer(
    before: int, after: int, side: int, stride: int = 1, groups: int = 1
) -> Callable[[Torch], Step]:
    """A 3x3 convolution by itself: its result, and the gradients of its input and weight."""

    def build(torch: Torch) -> Step:
        torch.manual_seed(0)
        x = torch.randn(32, before, side, side, requires_grad=True)
        weight = torch.randn(after, before // groups, 3, 3)
        weight = (weight / (9 * before // groups) ** 0.5).requires_grad_()
        out = side // stride  # such that a weight's gradient is of the order of 1
        grad = torch.randn(32, after, out, out) / (32 * out * out) ** 0.5
        conv2d = torch.nn.functional.conv2d

        def step() -> Any:
            x.grad = weight.grad = None
            y = conv2d(x, weight, stride=stride, padding=1, groups=groups)
            y.backward(grad)
            return y, x.grad, weight.grad

        return step

    kind = f"{before} channels" if before == after else f"{before} to {after} channels"
    kind = f"depthwise, {kind}" if groups > 1 else kind
    at = f"{side}x{side}" + (f", stride {stride}" if stride > 1 else "")
    build.__doc__ = f"Convolution 3x3, {kind} at {at}, forward and backward, batch 32."
    return build


WORKLOADS = {
    "digits": Workload(digits_step, steps=200),
    "inference": Workload(digits_inference, steps=100),
    "mlp": Workload(mlp_step, steps=500),
    "wide": Workload(wide_mlp_step, steps=15),
    "adam": Workload(wide_mlp_adam_step, steps=10),
    "lenet": Workload(lenet_step, steps=15),
    "vgg": Workload(vgg_step, steps=4),
    "resnet": Workload(resnet_step, steps=4),
    "gpt": Workload(gpt_step, steps=20),
    "lstm": Workload(lstm_step, steps=50),
    "double": Workload(double_backward, steps=200),
    "penalty": Workload(gradient_penalty, steps=40),
    "scalar": Workload(scalar_chain, steps=50),
    "broadcast": Workload(broadcast_chain, steps=20),
    "bigrams": Workload(bigrams, steps=10),
    "conv16": Workload(conv_layer(16, 16, side=32), steps=6),
    "conv32": Workload(conv_layer(32, 32, side=16), steps=12),
    "conv64": Workload(conv_layer(64, 64, side=16), steps=6),
    "conv128": Workload(conv_layer(128, 128, side=8), steps=8),
    "conv256": Workload(conv_layer(256, 256, side=8), steps=3),
    "strided": Workload(conv_layer(16, 32, side=32, stride=2), steps=12),
    "depthwise": Workload(conv_layer(64, 64, side=16, groups=64), steps=8),
}
