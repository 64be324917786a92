"""A typical use of opt_einsum, with everything printed that it computes."""

import opt_einsum as oe
import torch
from opt_einsum import shared_intermediates

torch.manual_seed(0)
a, b, c = torch.randn(3, 4), torch.randn(4, 5), torch.randn(5, 3)
a.requires_grad_()
y = oe.contract("ij,jk,kl->il", a, b, c)
y.sum().backward()
print(y, a.grad)
e = oe.contract_expression("ij,jk->ik", (3, 4), (4, 5))
print(e(a.detach(), b).sum())
print(oe.contract_path("ij,jk,kl->il", a, b, c)[0])

with shared_intermediates():
    print(oe.contract("ij,jk,kl->", a, b, c, backend="torch"))
