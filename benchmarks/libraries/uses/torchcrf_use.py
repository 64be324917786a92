"""A typical use of torchcrf, with everything printed that it computes."""

import torch
from torchcrf import CRF

torch.manual_seed(0)
m = CRF(5)
e = torch.randn(3, 2, 5, requires_grad=True)
t = torch.tensor([[0, 1], [2, 4], [3, 1]])
k = torch.tensor([[1, 1], [1, 1], [1, 0]], dtype=torch.uint8)
loss = m(e, t, mask=k)
(-loss).backward()
print(loss, e.grad.sum(), m.decode(e, mask=k), m)
