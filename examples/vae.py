"""Squeeze digits through two numbers: a variational autoencoder on scikit-learn's 8x8 digits.

    python examples/vae.py                        # with PyTorch
    python -m minitorch run examples/vae.py       # with minitorch: the same numbers

The encoder says where on a plane an image lies, and how sure it is of that; the decoder draws the
image that lies at a place of the plane. What is lost is measured twice (Kingma and Welling, 2014,
https://arxiv.org/abs/1312.6114): by how far the drawing is from the image, and by how far the
places are from a standard normal distribution, which makes the plane a map without holes.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn, optim
from torch.nn import functional as F

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=150)
parser.add_argument("--width", type=int, default=128)
parser.add_argument("--plot", metavar="FILE", help="save a picture (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

# At first all digits lie in one heap, and it takes little to tip them this way or that: float64
# keeps rounding from doing so.
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

digits = load_digits()
images = torch.tensor(digits.data) / 16  # (N, 64), from 0 to 1


class VAE(nn.Module):
    def __init__(self, width, latent=2):
        super().__init__()
        self.encoder = nn.Sequential(nn.Linear(64, width), nn.ReLU(), nn.Linear(width, width))
        self.mean = nn.Linear(width, latent)
        self.log_variance = nn.Linear(width, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, width),
            nn.ReLU(),
            nn.Linear(width, width),
            nn.ReLU(),
            nn.Linear(width, 64),
        )

    def encode(self, x):
        hidden = self.encoder(x).relu()
        return self.mean(hidden), self.log_variance(hidden)

    def forward(self, x):
        mean, log_variance = self.encode(x)
        # A draw from the normal distribution, written so that gradients reach its mean and width.
        z = mean + torch.randn_like(mean) * torch.exp(log_variance / 2)
        return self.decoder(z), mean, log_variance


model = VAE(options.width)
optimizer = optim.Adam(model.parameters(), lr=2e-3)

epochs = range(1, options.epochs + 1)
if options.bar:
    from tqdm import tqdm

    epochs = tqdm(epochs, leave=False)

report = max(options.epochs // 10, 1)
print(f"{'epoch':>6} {'reconstruction':>15} {'divergence':>11}")
for epoch in epochs:
    sums = torch.zeros(2)
    for batch in torch.randperm(len(images)).split(64):
        x = images[batch]
        logits, mean, log_variance = model(x)
        drawn = F.binary_cross_entropy_with_logits(logits, x, reduction="sum")
        # KL divergence of N(mean, variance) from N(0, 1), in closed form.
        strayed = 0.5 * (mean**2 + log_variance.exp() - log_variance - 1).sum()
        loss = (drawn + strayed) / len(x)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        sums += torch.stack([drawn, strayed]).detach()
    if epoch % report == 0:
        reconstruction, divergence = (sums / len(images)).tolist()
        print(f"{epoch:6d} {reconstruction:15.2f} {divergence:11.2f}")

if options.plot:
    from matplotlib import pyplot

    count, edge = 13, 2.6
    steps = torch.linspace(-edge, edge, count)
    with torch.no_grad():
        places, _ = model.encode(images)
        grid = torch.stack(torch.meshgrid(steps.flip(0), steps, indexing="ij"), dim=-1)
        drawn = model.decoder(grid.flip(-1).reshape(-1, 2)).sigmoid()
    framed = F.pad(drawn.reshape(count, count, 8, 8), (1, 1, 1, 1))
    sheet = framed.transpose(1, 2).reshape(count * 10, count * 10)
    figure, (left, right) = pyplot.subplots(1, 2, figsize=(10, 4.7), layout="constrained")
    dots = left.scatter(*places.T, c=digits.target, cmap="tab10", s=6, vmin=-0.5, vmax=9.5)
    figure.colorbar(dots, ax=left, ticks=range(10))
    left.set(xlim=(-edge, edge), ylim=(-edge, edge), aspect="equal")
    left.set_title("where the digits lie on the plane")
    right.imshow(sheet, cmap="gray_r", extent=(-edge, edge, -edge, edge))
    right.set_title("what is drawn at each place")
    figure.savefig(options.plot, dpi=100)
