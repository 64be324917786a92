"""Train a small convolutional net on handwritten digits: the whole of it, top to bottom.

    pip install -e ".[digits]" && python examples/digits.py

But for the two imports of minitorch this is a PyTorch program. Write `torch` there, and PyTorch
prints the same table: the seed gives the same first weights and the same batches.
"""

import numpy as np
from sklearn.datasets import load_digits
from sklearn.model_selection import train_test_split

import minitorch as torch
from minitorch import nn, optim

# 1,797 grey images of 8x8 pixels, scaled from 0..16 to 0..1. A fifth is kept back for validation.
digits = load_digits()
images = digits.images.astype(np.float32)[:, np.newaxis] / 16.0  # (N, channels, height, width)
x_train, x_val, y_train, y_val = train_test_split(
    images, digits.target, test_size=0.2, random_state=42, stratify=digits.target
)
x_train, x_val = torch.tensor(x_train), torch.tensor(x_val)
y_train, y_val = torch.tensor(y_train), torch.tensor(y_val)


class ConvNet(nn.Module):
    """Eight 3x3 kernels look for strokes; a linear layer reads the digit off where they are."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 8, kernel_size=3, padding=1)
        self.fc = nn.Linear(8 * 4 * 4, 10)

    def forward(self, x):  # (N, 1, 8, 8)
        x = self.conv(x)  # (N, 8, 8, 8): padding 1 keeps the size
        x = x.relu()
        x = nn.functional.max_pool2d(x, 2)  # (N, 8, 4, 4): the strongest of each 2x2 window
        x = x.flatten(1)  # (N, 128)
        return self.fc(x)  # (N, 10): one score for each digit


torch.manual_seed(0)
model = ConvNet()
criterion = nn.CrossEntropyLoss()
optimizer = optim.SGD(model.parameters(), lr=0.1)

epochs, batch_size = 10, 64
for epoch in range(1, epochs + 1):
    # One pass over the training images, in a new random order, 64 at a time.
    total = 0.0
    for batch in torch.randperm(len(x_train)).split(batch_size):
        loss = criterion(model(x_train[batch]), y_train[batch])
        optimizer.zero_grad()  # forget the last batch's gradients,
        loss.backward()  # find by how much each weight moves the loss,
        optimizer.step()  # and move each a little the other way
        total += loss.item()

    # How many unseen digits does it read correctly? No gradients are needed for that.
    with torch.no_grad():
        accuracy = (model(x_val).argmax(1) == y_val).float().mean()
    mean = total / len(x_train) * batch_size
    print(f"Epoch {epoch}/{epochs} loss={mean:.4f} val_acc={accuracy.item():.4f}")
