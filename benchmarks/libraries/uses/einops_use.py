"""A typical use of einops, with everything printed that it computes."""

import torch
from einops import einsum, pack, rearrange, reduce, repeat, unpack
from einops.layers.torch import EinMix, Rearrange, Reduce

torch.manual_seed(0)
x = torch.randn(2, 6, 4, requires_grad=True)
y = rearrange(x, "b (h w) c -> b c h w", h=2)
print(y.shape, y.sum().item())
z = reduce(y, "b c (h h2) w -> b c h w", "max", h2=2)
z.pow(2).sum().backward()
print(x.grad.sum().item())
print(
    repeat(x, "b t c -> b t (r c)", r=3).shape, einsum(x, x, "b i c, b j c -> b i j").sum().item()
)
net = torch.nn.Sequential(
    Rearrange("b t c -> b (t c)"),
    torch.nn.Linear(24, 8),
    Rearrange("b (g c) -> b g c", g=2),
    Reduce("b g c -> b c", "mean"),
)
print(net(x).sum().item())
m = EinMix("b t c -> b t d", weight_shape="c d", bias_shape="d", c=4, d=5)
print(m(x).sum().item(), m)
p, ps = pack([x, x[:, :1]], "b * c")
print(p.shape, ps, [a.shape for a in unpack(p, ps, "b * c")])
