"""A running average of a model's weights: a deep copy that follows."""

from copy import deepcopy

import torch
from torch import nn


class ModelEma(nn.Module):
    def __init__(self, model, decay=0.9, device=None):
        super().__init__()
        self.module = deepcopy(model)
        self.module.eval()
        for p in self.module.parameters():
            p.requires_grad_(False)
        self.decay, self.device = decay, device

    @torch.no_grad()
    def update(self, model):
        pairs = zip(self.module.state_dict().values(), model.state_dict().values(), strict=True)
        for mine, theirs in pairs:
            if mine.dtype.is_floating_point:
                mine.copy_(self.decay * mine + (1.0 - self.decay) * theirs)
            else:
                mine.copy_(theirs)

    def forward(self, *args, **kwargs):
        return self.module(*args, **kwargs)


torch.manual_seed(0)
model = nn.Sequential(nn.Linear(3, 4), nn.BatchNorm1d(4), nn.Tanh(), nn.Linear(4, 1))
model[0].weight.tag = "first"
model[0].register_forward_hook(lambda module, args, out: out * 1.5)
ema = ModelEma(model)
averaged = torch.optim.swa_utils.AveragedModel(
    model, multi_avg_fn=torch.optim.swa_utils.get_ema_multi_avg_fn(0.9)
)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
x, y = torch.randn(8, 3), torch.randn(8, 1)
for _ in range(4):
    optimizer.zero_grad()
    nn.functional.mse_loss(model(x), y).backward()
    optimizer.step()
    ema.update(model)
    averaged.update_parameters(model)
model.eval(), averaged.eval()
for name, net in (("model", model), ("ema", ema), ("averaged", averaged)):
    print(name, [f"{value:.4f}" for value in net(x).flatten().tolist()])
print([p.requires_grad for p in ema.parameters()], ema.module[1].num_batches_tracked)
print(hasattr(ema.module[0].weight, "tag"), ema.module[0].weight.grad, len(list(ema.buffers())))
print(sorted(ema.state_dict())[:3], averaged.n_averaged, ema.module[0] is model[0])
