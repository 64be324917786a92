"""Read digits with a residual network, on scikit-learn's 8x8 digits.

    python examples/resnet.py                        # with PyTorch
    python -m minitorch run examples/resnet.py       # with minitorch: the same numbers

Each block adds what its convolutions find to what it was given, so that gradients have a straight
way down (He, Zhang, Ren and Sun, 2015, https://arxiv.org/abs/1512.03385).
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn, optim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=10)
parser.add_argument("--width", type=int, default=16, help="channels of the first block")
parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

# Step by step, rounding errors grow until they show in what is printed; float64 has few.
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

digits = load_digits()
images = torch.tensor(digits.images).unsqueeze(1) / 16  # (N, 1, 8, 8), from 0 to 1
labels = torch.tensor(digits.target)
order = torch.randperm(len(images))
test, train = order[:360], order[360:]


class Block(nn.Module):
    """Two convolutions, and a way around them."""

    def __init__(self, channels_in, channels, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(channels_in, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Identity()
        if stride != 1 or channels_in != channels:
            self.shortcut = nn.Sequential(
                nn.Conv2d(channels_in, channels, 1, stride, bias=False),
                nn.BatchNorm2d(channels),
            )

    def forward(self, x):
        found = self.bn1(self.conv1(x)).relu()
        found = self.bn2(self.conv2(found))
        return (found + self.shortcut(x)).relu()


class ResNet(nn.Module):
    def __init__(self, width):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()
        )
        self.blocks = nn.Sequential(
            Block(width, width, stride=1),  # 8x8
            Block(width, 2 * width, stride=2),  # 4x4
            Block(2 * width, 4 * width, stride=2),  # 2x2
        )
        self.head = nn.Linear(4 * width, 10)

    def forward(self, x):
        return self.head(self.blocks(self.stem(x)).mean((2, 3)))


model = ResNet(options.width)
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=5e-4)
batch_size = 64
steps = options.epochs * -(-len(train) // batch_size)
schedule = optim.lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=steps)

epochs = range(1, options.epochs + 1)
if options.bar:
    from tqdm import tqdm

    epochs = tqdm(epochs, leave=False)

losses, accuracies = [], []
print(f"{'epoch':>6} {'loss':>8} {'read right':>11}")
for epoch in epochs:
    model.train()
    total = 0.0
    for batch in train[torch.randperm(len(train))].split(batch_size):
        loss = criterion(model(images[batch]), labels[batch])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
        total += loss.item() * len(batch)

    model.eval()
    with torch.no_grad():
        read = model(images[test]).argmax(1)
    losses.append(total / len(train))
    accuracies.append((read == labels[test]).double().mean().item())
    print(f"{epoch:6d} {losses[-1]:8.4f} {accuracies[-1]:11.1%}")

if options.plot:
    from matplotlib import pyplot

    figure = pyplot.figure(figsize=(10, 3.8), layout="constrained")
    left, right = figure.subfigures(1, 2, wspace=0.05)
    passes = range(1, options.epochs + 1)
    axes = left.subplots()
    axes.plot(passes, losses, "o-", color="tab:blue")
    axes.set(xlabel="epoch", ylim=(0, None))
    axes.set_ylabel("loss", color="tab:blue")
    axes = axes.twinx()
    axes.plot(passes, accuracies, "s-", color="tab:orange")
    axes.set_ylim(None, 1)
    axes.set_ylabel("test images read right", color="tab:orange")

    # The test images that it likes least to read as what they are.
    with torch.no_grad():
        chances = model(images[test]).softmax(1)
    in_truth = chances[torch.arange(len(test)), labels[test]]
    for index, panel in zip(in_truth.argsort()[:10], right.subplots(2, 5).flat, strict=True):
        label, read = labels[test[index]].item(), chances[index].argmax().item()
        panel.imshow(images[test[index], 0], cmap="gray_r")
        colour = "tab:green" if read == label else "tab:red"
        panel.set_title(f"{label} read as {read}", color=colour, fontsize=9)
        panel.axis("off")
    right.suptitle("the hardest test images")
    figure.savefig(options.plot, dpi=100)
