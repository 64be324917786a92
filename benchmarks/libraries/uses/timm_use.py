"""A typical use of timm, with everything printed that it computes."""

import numpy as np
import timm
import torch
from timm.data import Mixup
from timm.loss import LabelSmoothingCrossEntropy
from timm.optim import create_optimizer_v2
from timm.scheduler import create_scheduler_v2

torch.manual_seed(0)
for n in [
    "resnet18",
    "vit_tiny_patch16_224",
    "mobilenetv3_small_050",
    "convnext_atto",
    "efficientnet_lite0",
    "mixer_s32_224",
    "swin_tiny_patch4_window7_224",
    "regnetx_002",
    "deit_tiny_patch16_224",
]:
    torch.manual_seed(0)
    s = 224 if any(k in n for k in ("vit", "mixer", "swin", "deit")) else 64
    m = timm.create_model(n, num_classes=10, pretrained=False)
    x = torch.randn(1, 3, s, s)
    m.eval()
    y = m(x)
    y.sum().backward()
    print(
        n,
        round(y.double().sum().item(), 3),
        len(m.state_dict()),
        round(
            sum(p.grad.double().abs().sum().item() for p in m.parameters() if p.grad is not None), 0
        ).__format__(".3e"),
    )

m = torch.nn.Linear(4, 3)
for o in [
    "adamw",
    "sgd",
    "lamb",
    "radam",
    "adabelief",
    "adafactor",
    "novograd",
    "lion",
    "adan",
    "lars",
    "madgrad",
    "nadamw",
    "adopt",
]:
    torch.manual_seed(0)
    m = torch.nn.Linear(4, 3)
    opt = create_optimizer_v2(m, opt=o, lr=0.1, weight_decay=0.01)
    x = torch.randn(8, 4)
    t = torch.randint(0, 3, (8,))
    for _i in range(5):
        loss = LabelSmoothingCrossEntropy(0.1)(m(x), t)
        opt.zero_grad()
        loss.backward()
        opt.step()
    print(o, round(loss.item(), 5))
sch, _ = create_scheduler_v2(opt, sched="cosine", num_epochs=10, warmup_epochs=2)
print([round(sch._get_lr(i)[0], 5) for i in range(10)] if hasattr(sch, "_get_lr") else 0)
torch.manual_seed(0)

np.random.seed(0)
mx = Mixup(mixup_alpha=0.8, cutmix_alpha=1.0, num_classes=3)
a, b = mx(torch.randn(4, 3, 8, 8), torch.randint(0, 3, (4,)))
print(round(a.sum().item(), 4), b)
