"""The MNIST example that everyone knows, on torchvision's MNIST, read from IDX files."""

import argparse
import gzip
import struct
from pathlib import Path

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
import torch.optim as optim
from torch.optim.lr_scheduler import StepLR
from torchvision import datasets, transforms
from torchvision.utils import make_grid, save_image


class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 8, 3, 1)
        self.conv2 = nn.Conv2d(8, 16, 3, 1)
        self.dropout1 = nn.Dropout(0.25)
        self.dropout2 = nn.Dropout(0.5)
        self.fc1 = nn.Linear(2304, 32)
        self.fc2 = nn.Linear(32, 10)

    def forward(self, x):
        x = F.relu(self.conv1(x))
        x = F.relu(self.conv2(x))
        x = self.dropout1(F.max_pool2d(x, 2))
        x = torch.flatten(x, 1)
        x = self.dropout2(F.relu(self.fc1(x)))
        return F.log_softmax(self.fc2(x), dim=1)


def train(args, model, device, train_loader, optimizer, epoch):
    model.train()
    for batch_idx, (data, target) in enumerate(train_loader):
        data, target = data.to(device), target.to(device)
        optimizer.zero_grad()
        output = model(data)
        loss = F.nll_loss(output, target)
        loss.backward()
        optimizer.step()
        if batch_idx % args.log_interval == 0:
            done = f"{batch_idx * len(data)}/{len(train_loader.dataset)}"
            percent = f"{100.0 * batch_idx / len(train_loader):.0f}%"
            print(f"Train Epoch: {epoch} [{done} ({percent})]\tLoss: {loss.item():.3f}")


def test(model, device, test_loader):
    model.eval()
    test_loss = correct = 0
    with torch.no_grad():
        for data, target in test_loader:
            data, target = data.to(device), target.to(device)
            output = model(data)
            test_loss += F.nll_loss(output, target, reduction="sum").item()
            pred = output.argmax(dim=1, keepdim=True)
            correct += pred.eq(target.view_as(pred)).sum().item()
    test_loss /= len(test_loader.dataset)
    print(f"\nTest set: Average loss: {test_loss:.3f}, Accuracy: {correct}\n")


def write_digits(root):
    """Digits as IDX files: a blurred shape of its own for each class, moved about."""
    rng = np.random.default_rng(0)
    shapes = np.kron(rng.random((10, 5, 5)) > 0.5, np.ones((4, 4)))
    folder = Path(root) / "MNIST" / "raw"
    folder.mkdir(parents=True)
    for name, count in (("train", 320), ("t10k", 100)):
        labels = rng.integers(0, 10, count).astype(np.uint8)
        images = np.zeros((count, 28, 28))
        for k, (i, j) in enumerate(rng.integers(2, 6, (count, 2))):
            images[k, i : i + 20, j : j + 20] = 200 * shapes[labels[k]]
        images = np.clip(images + rng.integers(0, 50, images.shape), 0, 255).astype(np.uint8)
        for kind, head, array in (
            ("images-idx3", struct.pack(">IIII", 2051, count, 28, 28), images),
            ("labels-idx1", struct.pack(">II", 2049, count), labels),
        ):
            (folder / f"{name}-{kind}-ubyte").write_bytes(head + array.tobytes())
            with gzip.open(folder / f"{name}-{kind}-ubyte.gz", "wb") as packed:
                packed.write(head + array.tobytes())


def main():
    parser = argparse.ArgumentParser(description="PyTorch MNIST Example")
    parser.add_argument("--batch-size", type=int, default=32, metavar="N")
    parser.add_argument("--test-batch-size", type=int, default=50, metavar="N")
    parser.add_argument("--epochs", type=int, default=2, metavar="N")
    parser.add_argument("--lr", type=float, default=1.0, metavar="LR")
    parser.add_argument("--gamma", type=float, default=0.7, metavar="M")
    parser.add_argument("--no-accel", action="store_true")
    parser.add_argument("--seed", type=int, default=1, metavar="S")
    parser.add_argument("--log-interval", type=int, default=4, metavar="N")
    parser.add_argument("--save-model", action="store_true", default=True)
    args = parser.parse_args()

    use_accel = not args.no_accel and torch.accelerator.is_available()
    torch.manual_seed(args.seed)
    device = torch.accelerator.current_accelerator() if use_accel else torch.device("cpu")
    train_kwargs = {"batch_size": args.batch_size, "shuffle": True}
    test_kwargs = {"batch_size": args.test_batch_size}
    if use_accel:
        for kwargs in (train_kwargs, test_kwargs):
            kwargs.update({"num_workers": 1, "persistent_workers": True, "pin_memory": True})

    write_digits("data")
    transform = transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.1307,), (0.3081,))]
    )
    dataset1 = datasets.MNIST("data", train=True, download=True, transform=transform)
    dataset2 = datasets.MNIST("data", train=False, transform=transform)
    print(dataset1, dataset2.data.shape, dataset2.targets[:10], dataset1.class_to_idx["3 - three"])
    train_loader = torch.utils.data.DataLoader(dataset1, **train_kwargs)
    test_loader = torch.utils.data.DataLoader(dataset2, **test_kwargs)

    model = Net().to(device)
    optimizer = optim.Adadelta(model.parameters(), lr=args.lr)
    scheduler = StepLR(optimizer, step_size=1, gamma=args.gamma)
    for epoch in range(1, args.epochs + 1):
        train(args, model, device, train_loader, optimizer, epoch)
        test(model, device, test_loader)
        scheduler.step()
        print([f"{rate:.3f}" for rate in scheduler.get_last_lr()])

    if args.save_model:
        torch.save(model.state_dict(), "mnist_cnn.pt")
        again = Net()
        again.load_state_dict(torch.load("mnist_cnn.pt", weights_only=True))
        test(again, device, test_loader)
    images, labels = next(iter(test_loader))
    grid = make_grid(images[:16], nrow=4, normalize=True, pad_value=0.5)
    save_image(grid, "grid.png")
    save_image(images[:6] * 0.3081 + 0.1307, "row.png", nrow=6, padding=0)
    print(grid.shape, f"{grid.mean():.4f}", labels[:16].tolist())
    print(Path("grid.png").read_bytes()[:8], Path("row.png").stat().st_size)
    augment = transforms.Compose(
        [
            transforms.RandomRotation(10),
            transforms.RandomCrop(28, padding=2),
            transforms.RandomHorizontalFlip(),
            transforms.ToTensor(),
            transforms.RandomErasing(p=0.5),
        ]
    )
    dataset1.transform = augment
    print([f"{dataset1[i][0].sum().item():.2f}" for i in range(6)])


if __name__ == "__main__":
    main()
