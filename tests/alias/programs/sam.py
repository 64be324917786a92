"""Sharpness-aware minimization, with another optimizer inside."""

import torch
from torch import nn
from torch.optim import SGD, Optimizer


class SAM(Optimizer):
    def __init__(self, params, base, rho=0.05, adaptive=False, **kwargs):
        super().__init__(params, {"rho": rho, "adaptive": adaptive, **kwargs})
        self.base = base(self.param_groups, **kwargs)
        self.param_groups = self.base.param_groups
        self.defaults.update(self.base.defaults)

    def members(self):
        for group in self.param_groups:
            for p in group["params"]:
                if p.grad is not None:
                    yield group, p

    @torch.no_grad()
    def first_step(self, zero_grad=False):
        norms = [
            ((torch.abs(p) if group["adaptive"] else 1.0) * p.grad).norm(p=2)
            for group, p in self.members()
        ]
        norm = torch.norm(torch.stack(norms), p=2)
        for group, p in self.members():
            scale = group["rho"] / (norm + 1e-12)
            self.state[p]["old_p"] = p.data.clone()
            p.add_((torch.pow(p, 2) if group["adaptive"] else 1.0) * p.grad * scale.to(p))
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def second_step(self, zero_grad=False):
        for _, p in self.members():
            p.data = self.state[p]["old_p"]
        self.base.step()
        if zero_grad:
            self.zero_grad()

    @torch.no_grad()
    def step(self, closure=None):
        closure = torch.enable_grad()(closure)
        self.first_step(zero_grad=True)
        loss = closure()
        self.second_step()
        return loss

    def load_state_dict(self, state_dict):
        super().load_state_dict(state_dict)
        self.base.param_groups = self.param_groups


for adaptive in (False, True):
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(2, 4), nn.Tanh(), nn.Linear(4, 1))
    x, y = torch.randn(8, 2), torch.randn(8, 1)
    optimizer = SAM(model.parameters(), SGD, rho=0.1, adaptive=adaptive, lr=0.1, momentum=0.9)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 10)

    def closure(model=model, x=x, y=y):
        loss = nn.functional.mse_loss(model(x), y)
        loss.backward()
        return loss

    for _ in range(5):
        closure()
        loss = optimizer.step(closure)
        optimizer.zero_grad()
        scheduler.step()
        print(f"{loss:.5f} {optimizer.param_groups[0]['lr']:.5f}")
    told = optimizer.state_dict()
    print(sorted(told["param_groups"][0]), [sorted(state) for state in told["state"].values()])
    optimizer.load_state_dict(told)
    closure()
    optimizer.step(closure)
    print(f"{closure():.5f}", optimizer)
