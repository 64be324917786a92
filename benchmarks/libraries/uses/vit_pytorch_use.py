"""A typical use of vit_pytorch, with everything printed that it computes."""

import torch
from vit_pytorch import SimpleViT, ViT
from vit_pytorch.cait import CaiT
from vit_pytorch.cct import CCT
from vit_pytorch.deepvit import DeepViT

torch.manual_seed(0)
v = ViT(
    image_size=32,
    patch_size=8,
    num_classes=10,
    dim=32,
    depth=2,
    heads=2,
    mlp_dim=64,
    dropout=0.1,
    emb_dropout=0.1,
)
x = torch.randn(2, 3, 32, 32)
y = v(x)
y.sum().backward()
print(
    round(y.sum().item(), 5),
    round(sum(p.grad.double().abs().sum().item() for p in v.parameters()), 3),
)
s = SimpleViT(image_size=32, patch_size=8, num_classes=10, dim=32, depth=1, heads=2, mlp_dim=64)
print(round(s(x).sum().item(), 5))
c = CaiT(
    image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, cls_depth=1, heads=2, mlp_dim=64
)
print(round(c(x).sum().item(), 5))

m = DeepViT(image_size=32, patch_size=8, num_classes=10, dim=32, depth=2, heads=2, mlp_dim=64)
loss = m(x).sum()
loss.backward()
print(round(loss.item(), 5))
m = CCT(
    img_size=32,
    embedding_dim=32,
    n_conv_layers=1,
    num_layers=2,
    num_heads=2,
    mlp_ratio=2.0,
    num_classes=10,
)
loss = m(x).sum()
loss.backward()
print(round(loss.item(), 5))
