"""A typical use of higher, with everything printed that it computes."""

import higher
import torch

torch.manual_seed(0)
m = torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1))
x = torch.randn(10, 4)
y = torch.randn(10, 1)
for opt in (
    torch.optim.SGD(m.parameters(), lr=0.1, momentum=0.9),
    torch.optim.Adam(m.parameters(), lr=0.01),
):
    m.zero_grad()
    with higher.innerloop_ctx(m, opt, copy_initial_weights=False) as (fm, do):
        for _ in range(3):
            do.step(((fm(x) - y) ** 2).mean())
        loss = ((fm(x) - y) ** 2).mean()
        loss.backward()
    print(loss.item(), [round(p.grad.double().abs().sum().item(), 5) for p in m.parameters()])
