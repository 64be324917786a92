"""Learn to draw digits: a small generative adversarial network on scikit-learn's 8x8 digits.

    python examples/gan.py                        # with PyTorch
    python -m minitorch run examples/gan.py       # with minitorch: the same numbers

The generator turns noise into images; the discriminator tells them from real ones; each is trained
against the other.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn, optim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=100)
parser.add_argument("--digit", type=int, help="learn this digit only")
parser.add_argument("--plot", metavar="FILE", help="save a picture of samples (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

# Two networks that chase each other soon tell rounding errors apart; float64 has few.
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

digits = load_digits()
images = torch.tensor(digits.data) / 8 - 1  # (N, 64), from -1 to 1
if options.digit is not None:
    images = images[torch.tensor(digits.target) == options.digit]

noise_size, batch_size = 16, 64
generator = nn.Sequential(
    nn.Linear(noise_size, 128),
    nn.ReLU(),
    nn.Linear(128, 64),
    nn.Tanh(),
)
discriminator = nn.Sequential(
    nn.Linear(64, 128),
    nn.ReLU(),
    nn.Dropout(0.3),
    nn.Linear(128, 1),
)
forger = optim.Adam(generator.parameters(), lr=1e-3, betas=(0.5, 0.999))
detective = optim.Adam(discriminator.parameters(), lr=1e-3, betas=(0.5, 0.999))
criterion = nn.MSELoss()  # to 1 for real, to 0 for forged: a least-squares GAN

epochs = range(1, options.epochs + 1)
if options.bar:
    from tqdm import tqdm

    epochs = tqdm(epochs, leave=False)

report = max(options.epochs // 10, 1)
print(f"{'epoch':>6} {'detective':>10} {'forger':>8} {'real found':>11} {'fake found':>11}")
for epoch in epochs:
    sums, batches = torch.zeros(4), 0
    for batch in torch.randperm(len(images)).split(batch_size):
        real = images[batch]
        ones, zeros = torch.ones(len(real), 1), torch.zeros(len(real), 1)
        fake = generator(torch.randn(len(real), noise_size))

        # The detective should call the real ones real, and the forged ones forged.
        on_real, on_fake = discriminator(real), discriminator(fake.detach())
        found = criterion(on_real, ones) + criterion(on_fake, zeros)
        detective.zero_grad()
        found.backward()
        detective.step()

        # The forger wants its images to be called real.
        forged = criterion(discriminator(fake), ones)
        forger.zero_grad()
        forged.backward()
        forger.step()

        with torch.no_grad():
            right = [(on_real > 0.5).double().mean(), (on_fake < 0.5).double().mean()]
            sums += torch.stack([found, forged, *right])
        batches += 1
    if epoch % report == 0:
        mean = (sums / batches).tolist()
        print(f"{epoch:6d} {mean[0]:10.3f} {mean[1]:8.3f} {mean[2]:11.1%} {mean[3]:11.1%}")

if options.plot:
    from matplotlib import pyplot

    generator.eval()
    with torch.no_grad():
        drawn = generator(torch.randn(40, noise_size)).reshape(40, 8, 8)
    figure, panels = pyplot.subplots(4, 10, figsize=(8, 3.4))
    for image, axes in zip(drawn, panels.flat, strict=True):
        axes.imshow(image, cmap="gray_r")
        axes.axis("off")
    figure.savefig(options.plot, dpi=150, bbox_inches="tight")
