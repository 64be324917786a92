"""A typical use of entmax, with everything printed that it computes."""

import torch
from entmax import (
    SparsemaxLoss,
    entmax15,
    entmax15_loss,
    entmax_bisect,
    sparsemax,
    sparsemax_loss,
)

torch.manual_seed(0)
x = torch.randn(3, 5, requires_grad=True)
t = torch.tensor([0, 2, 4])
for f in (sparsemax, entmax15, lambda a, dim: entmax_bisect(a, 1.3, dim)):
    y = f(x, dim=-1)
    (g,) = torch.autograd.grad((y * torch.arange(5.0)).sum(), x)
    print(y, g)
print(sparsemax_loss(x, t), entmax15_loss(x, t))
loss = SparsemaxLoss()(x, t)
loss.backward()
print(loss, x.grad)
