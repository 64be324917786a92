"""Low-rank adapters, put on by parametrizations and by wrapping, taken off and merged."""

import torch
from torch import nn
from torch.nn.utils import parametrize


class LoRA(nn.Module):
    def __init__(self, rows, columns, rank=2, alpha=4):
        super().__init__()
        self.A = nn.Parameter(torch.empty(rank, columns))
        self.B = nn.Parameter(torch.zeros(rows, rank))
        nn.init.kaiming_uniform_(self.A, a=5**0.5)
        self.scale = alpha / rank

    def forward(self, weight):
        return weight + self.scale * (self.B @ self.A)


def adapt(model, rank=2):
    for module in list(model.modules()):
        if isinstance(module, nn.Linear):
            module.weight.requires_grad_(False)
            parametrize.register_parametrization(
                module, "weight", LoRA(*module.weight.shape, rank=rank)
            )
    return model


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Linear(8, 2))
x, y = torch.randn(6, 4), torch.randn(6, 2)
before = model(x)
adapt(model)
print(model, torch.equal(model(x), before))
learned = [(name, tuple(p.shape)) for name, p in model.named_parameters() if p.requires_grad]
print(learned, list(model.state_dict()), type(model[0]).__name__)
optimizer = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=0.05)
for _ in range(5):
    optimizer.zero_grad()
    loss = nn.functional.mse_loss(model(x), y)
    loss.backward()
    optimizer.step()
    print(f"{loss.item():.4f}")
with parametrize.cached():
    print(model[0].weight is model[0].weight)
after = model(x)
for layer in (model[0], model[2]):
    print(parametrize.is_parametrized(layer, "weight"), layer.parametrizations.weight[0].scale)
    parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)
print(torch.allclose(model(x), after, atol=1e-5), list(model.state_dict()), type(model[0]).__name__)
try:
    parametrize.register_parametrization(model[0], "nothing", LoRA(1, 1))
except ValueError as error:
    print(type(error).__name__)
