"""A variational autoencoder as notebooks write it, saved whole; and its twin in distributions."""

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F
from torch.distributions import Bernoulli, Independent, Normal, kl_divergence
from torch.utils.data import DataLoader, TensorDataset

torch.manual_seed(0)
device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
rng = np.random.default_rng(0)
centres = rng.random((4, 64)) > 0.5
images = np.clip(centres[rng.integers(0, 4, 256)] + 0.1 * rng.standard_normal((256, 64)), 0, 1)
data = torch.from_numpy(images.astype(np.float32)).view(-1, 1, 8, 8)
loader = DataLoader(TensorDataset(data), batch_size=32, shuffle=True, drop_last=True)


class VAE(nn.Module):
    def __init__(self, hidden=32, latent=4):
        super().__init__()
        self.encoder = nn.Sequential(
            nn.Conv2d(1, 8, 3, stride=2, padding=1),
            nn.BatchNorm2d(8),
            nn.LeakyReLU(0.2, inplace=True),
            nn.Flatten(),
            nn.Linear(128, hidden),
            nn.ReLU(),
        )
        self.fc_mu = nn.Linear(hidden, latent)
        self.fc_logvar = nn.Linear(hidden, latent)
        self.decoder = nn.Sequential(
            nn.Linear(latent, 128),
            nn.Unflatten(1, (8, 4, 4)),
            nn.ConvTranspose2d(8, 1, 4, stride=2, padding=1),
            nn.Sigmoid(),
        )

    def reparameterize(self, mu, logvar):
        std = torch.exp(0.5 * logvar)
        eps = torch.randn_like(std)
        return mu + eps * std

    def forward(self, x):
        h = self.encoder(x)
        mu, logvar = self.fc_mu(h), self.fc_logvar(h)
        return self.decoder(self.reparameterize(mu, logvar)), mu, logvar


def loss_function(recon_x, x, mu, logvar):
    BCE = F.binary_cross_entropy(recon_x.view(-1, 64), x.view(-1, 64), reduction="sum")
    KLD = -0.5 * torch.sum(1 + logvar - mu.pow(2) - logvar.exp())
    return BCE + KLD, BCE.item(), KLD.item()


model = VAE().to(device)
print(model)
print(sum(p.numel() for p in model.parameters() if p.requires_grad))
optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
for epoch in range(3):
    model.train()
    total = 0.0
    for batch_idx, (x,) in enumerate(loader):
        x = x.to(device, non_blocking=True)
        optimizer.zero_grad(set_to_none=True)
        recon, mu, logvar = model(x)
        loss, bce, kld = loss_function(recon, x, mu, logvar)
        loss.backward()
        total += loss.item()
        optimizer.step()
        if batch_idx % 4 == 0:
            print(f"epoch {epoch} [{batch_idx}] {loss.item() / len(x):.3f} {bce:.2f} {kld:.3f}")
    print(f"====> {total / len(loader.dataset):.3f}")

torch.save(model, "vae.pt")
torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict()}, "vae.ckpt")
try:
    torch.load("vae.pt")  # weights_only is True
except Exception as error:
    print(type(error).__name__)
whole = torch.load("vae.pt", map_location=device, weights_only=False).eval()
again = VAE().to(device)
print(again.load_state_dict(torch.load("vae.ckpt", weights_only=True)["model"]))
again.eval()
with torch.inference_mode():
    torch.manual_seed(1)
    z = torch.randn(6, 4, device=device)
    samples = whole.decoder(z).cpu()
    print(torch.equal(samples, again.decoder(z)), samples.shape)
    print(np.round(samples.mean((1, 2, 3)).numpy(), 3).tolist())
    a, b = whole.fc_mu(whole.encoder(data[:2]))
    path = torch.stack([torch.lerp(a, b, float(t)) for t in np.linspace(0, 1, 5)])
    print(whole.decoder(path).flatten(1).sum(1).mul(10).round().int().tolist())


class ProbabilisticVAE(VAE):
    def forward(self, x):
        h = self.encoder(x)
        posterior = Independent(Normal(self.fc_mu(h), F.softplus(self.fc_logvar(h)) + 1e-4), 1)
        z = posterior.rsample()
        return posterior, Independent(Bernoulli(probs=self.decoder(z), validate_args=False), 3)


torch.manual_seed(2)
model = ProbabilisticVAE()
prior = Independent(Normal(torch.zeros(4), torch.ones(4)), 1)
optimizer = torch.optim.AdamW(model.parameters(), lr=3e-3)
scheduler = torch.optim.lr_scheduler.OneCycleLR(optimizer, 1e-2, total_steps=2 * len(loader))
for _ in range(2):
    for (x,) in loader:
        posterior, likelihood = model(x)
        elbo = likelihood.log_prob(x) - kl_divergence(posterior, prior.expand(x.shape[:1]))
        optimizer.zero_grad()
        (-elbo.mean()).backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
        scheduler.step()
    print(f"{elbo.mean():.3f} {norm:.2f} {scheduler.get_last_lr()[0]:.6f}")
print(posterior.base_dist.loc.shape, likelihood.event_shape, likelihood)
