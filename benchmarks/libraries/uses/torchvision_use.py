"""A typical use of torchvision, with everything printed that it computes."""

import os
import struct
import tempfile
from pathlib import Path

import numpy as np
import torch
import torchvision
from PIL import Image
from torchvision import datasets, models, transforms as T, tv_tensors, utils
from torchvision.models._utils import IntermediateLayerGetter
from torchvision.transforms import v2

torch.manual_seed(0)
np.random.seed(0)
img = Image.fromarray(np.random.randint(0, 255, (40, 30, 3), dtype=np.uint8))
t = T.Compose(
    [
        T.Resize(32),
        T.RandomCrop(24, padding=2),
        T.RandomHorizontalFlip(),
        T.ColorJitter(0.2, 0.2, 0.2, 0.1),
        T.ToTensor(),
        T.Normalize((0.5,) * 3, (0.2,) * 3),
        T.RandomErasing(p=1.0),
    ]
)
print(t(img).shape, round(t(img).sum().item(), 4))
x = torch.randint(0, 256, (3, 40, 30), dtype=torch.uint8)
t2 = v2.Compose(
    [
        v2.ToImage(),
        v2.RandomResizedCrop(24, antialias=True),
        v2.RandomHorizontalFlip(0.5),
        v2.ToDtype(torch.float32, scale=True),
        v2.Normalize([0.5] * 3, [0.2] * 3),
    ]
)
print(round(t2(img).sum().item(), 4), round(t2(x).sum().item(), 3))
for f in (
    T.RandomRotation(30),
    T.RandomAffine(20, translate=(0.1, 0.1), scale=(0.8, 1.2)),
    T.RandomPerspective(p=1.0),
    T.GaussianBlur(3),
    T.Grayscale(3),
    T.RandomInvert(1.0),
    T.RandomSolarize(100, 1.0),
    T.RandomAutocontrast(1.0),
    T.RandomEqualize(1.0),
    T.RandomPosterize(3, 1.0),
    T.AutoAugment(),
    T.RandAugment(),
    T.TrivialAugmentWide(),
    T.AugMix(),
    T.FiveCrop(16),
    T.Pad(3),
    T.CenterCrop(20),
):
    torch.manual_seed(1)
    try:
        y = f(x)
        y = torch.stack(list(y)) if isinstance(y, tuple) else y
        print(type(f).__name__, tuple(y.shape), y.double().sum().item())
    except Exception as e:
        print(type(f).__name__, "FAIL", type(e).__name__, str(e)[:150])
g = utils.make_grid(torch.rand(6, 3, 8, 8), nrow=3)
print(g.shape, round(g.sum().item(), 4))
utils.save_image(g, "grid.png")
print(os.path.getsize("grid.png") > 0)
d = tempfile.mkdtemp()
r = d + "/MNIST/raw"
os.makedirs(r)
for n, k in (("train", 20), ("t10k", 5)):
    Path(f"{r}/{n}-images-idx3-ubyte").write_bytes(
        struct.pack(">IIII", 2051, k, 28, 28)
        + np.random.randint(0, 255, (k, 28, 28), dtype=np.uint8).tobytes()
    )
    Path(f"{r}/{n}-labels-idx1-ubyte").write_bytes(
        struct.pack(">II", 2049, k) + np.random.randint(0, 10, k, dtype=np.uint8).tobytes()
    )
ds = datasets.MNIST(d, train=True, transform=T.ToTensor())
dl = torch.utils.data.DataLoader(ds, 4, shuffle=True)
xb, yb = next(iter(dl))
print(len(ds), xb.shape, round(xb.sum().item(), 3), yb)
c = d + "/f/cat"
os.makedirs(c)
img.save(c + "/a.png")
os.makedirs(d + "/f/dog")
img.save(d + "/f/dog/b.png")
im = datasets.ImageFolder(d + "/f", T.ToTensor())
print(im.classes, len(im), im[1][0].shape)
fk = datasets.FakeData(4, (3, 8, 8), 3, T.ToTensor())
print(fk[0][0].sum().item(), fk[0][1])
m = models.resnet18(num_classes=5)
m.load_state_dict(m.state_dict())
m.eval()
print(round(m(torch.rand(1, 3, 32, 32)).sum().item(), 4))
try:
    torchvision.ops.nms(torch.rand(3, 4), torch.rand(3), 0.5)
except Exception as e:
    print(type(e).__name__)
print(
    torchvision.ops.box_iou(torch.tensor([[0, 0, 2, 2.0]]), torch.tensor([[1, 1, 3, 3.0]])),
    torchvision.ops.sigmoid_focal_loss(torch.randn(4), torch.ones(4)).sum(),
)


print(list(IntermediateLayerGetter(m, {"layer1": "a"})(torch.rand(1, 3, 32, 32))["a"].shape))

b = tv_tensors.BoundingBoxes(torch.tensor([[1, 2, 10, 12]]), format="XYXY", canvas_size=(40, 30))
o = v2.Resize(20)(b)
print(type(o).__name__, o)
