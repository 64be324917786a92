"""Learn to draw digits by convolution: a DCGAN on scikit-learn's 8x8 digits.

    python examples/dcgan.py                        # with PyTorch
    python -m minitorch run examples/dcgan.py       # with minitorch: the same numbers

As gan.py, with the layers and the first weights of Radford, Metz and Chintala (2015,
https://arxiv.org/abs/1511.06434): the generator unfolds noise by transposed convolutions, the
discriminator folds images up by strided ones, and both are normalised batch by batch.
"""

import argparse

import torch
from sklearn.datasets import load_digits
from torch import nn, optim

parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
parser.add_argument("--epochs", type=int, default=40)
parser.add_argument("--width", type=int, default=16, help="channels of the largest images")
parser.add_argument("--plot", metavar="FILE", help="save a picture of samples (needs matplotlib)")
parser.add_argument("--bar", action="store_true", help="show a progress bar (needs tqdm)")
options = parser.parse_args()

# Two networks that chase each other soon tell rounding errors apart; float64 has few.
torch.set_default_dtype(torch.float64)
torch.manual_seed(0)

images = torch.tensor(load_digits().images).unsqueeze(1) / 8 - 1  # (N, 1, 8, 8), from -1 to 1
noise_size, batch_size, width = 32, 64, options.width

generator = nn.Sequential(
    nn.ConvTranspose2d(noise_size, 4 * width, 2, bias=False),  # 1x1 to 2x2
    nn.BatchNorm2d(4 * width),
    nn.ReLU(),
    nn.ConvTranspose2d(4 * width, 2 * width, 4, stride=2, padding=1, bias=False),  # 4x4
    nn.BatchNorm2d(2 * width),
    nn.ReLU(),
    nn.ConvTranspose2d(2 * width, 1, 4, stride=2, padding=1),  # 8x8
    nn.Tanh(),
)
discriminator = nn.Sequential(
    nn.Conv2d(1, width, 4, stride=2, padding=1),  # 8x8 to 4x4
    nn.LeakyReLU(0.2),
    nn.Conv2d(width, 2 * width, 4, stride=2, padding=1, bias=False),  # 2x2
    nn.BatchNorm2d(2 * width),
    nn.LeakyReLU(0.2),
    nn.Conv2d(2 * width, 1, 2),  # 1x1
    nn.Flatten(),
)


def set_first_weights(layer):
    if isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(layer.weight, 0.0, 0.02)
    elif isinstance(layer, nn.BatchNorm2d):
        nn.init.normal_(layer.weight, 1.0, 0.02)


generator.apply(set_first_weights)
discriminator.apply(set_first_weights)
forger = optim.Adam(generator.parameters(), lr=5e-4, betas=(0.5, 0.999))
detective = optim.Adam(discriminator.parameters(), lr=5e-4, betas=(0.5, 0.999))
criterion = nn.BCEWithLogitsLoss()

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
        fake = generator(torch.randn(len(real), noise_size, 1, 1))

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
            right = [(on_real > 0).double().mean(), (on_fake < 0).double().mean()]
            sums += torch.stack([found, forged, *right])
        batches += 1
    if epoch % report == 0:
        mean = (sums / batches).tolist()
        print(f"{epoch:6d} {mean[0]:10.3f} {mean[1]:8.3f} {mean[2]:11.1%} {mean[3]:11.1%}")

if options.plot:
    from matplotlib import pyplot

    generator.eval()
    with torch.no_grad():
        drawn = generator(torch.randn(48, noise_size, 1, 1))[:, 0]
    figure, panels = pyplot.subplots(4, 12, figsize=(9, 3.1))
    for image, axes in zip(drawn, panels.flat, strict=True):
        axes.imshow(image, cmap="gray_r", vmin=-1, vmax=1)
        axes.axis("off")
    figure.savefig(options.plot, dpi=100, bbox_inches="tight")
