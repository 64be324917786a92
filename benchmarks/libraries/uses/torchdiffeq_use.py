"""A typical use of torchdiffeq, with everything printed that it computes."""

import torch
from torchdiffeq import odeint, odeint_adjoint

torch.manual_seed(0)


class F(torch.nn.Module):
    def __init__(s):
        super().__init__()
        s.net = torch.nn.Sequential(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 2))

    def forward(s, t, y):
        return s.net(y**3)


f = F()
y0 = torch.tensor([[2.0, 0.0]], requires_grad=True)
t = torch.linspace(0, 2, 5)
for method in [
    "dopri5",
    "rk4",
    "euler",
    "midpoint",
    "dopri8",
    "bosh3",
    "adaptive_heun",
    "explicit_adams",
    "implicit_adams",
]:
    y = odeint(f, y0, t, method=method)
    print(method, y.sum().item())
    g = torch.autograd.grad(y.sum(), [y0, *f.parameters()])
    print(sum(a.double().abs().sum().item() for a in g))
y = odeint_adjoint(f, y0, t)
y.pow(2).sum().backward()
print(y0.grad, [round(p.grad.double().sum().item(), 5) for p in f.parameters()])
