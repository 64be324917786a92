"""`viz.summary` against numbers worked out by hand, and published ones."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch import nn, viz


class BasicBlock(nn.Module):
    def __init__(self, came: int, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(came, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu = nn.ReLU(inplace=True)
        self.downsample = (
            nn.Sequential(
                nn.Conv2d(came, channels, 1, stride, bias=False), nn.BatchNorm2d(channels)
            )
            if stride != 1
            else None
        )

    def forward(self, x: Any) -> Any:
        y = self.bn2(self.conv2(self.relu(self.bn1(self.conv1(x)))))
        return self.relu(y + (x if self.downsample is None else self.downsample(x)))


def resnet18() -> nn.Sequential:
    blocks = [
        BasicBlock(came, channels, stride)
        for came, channels, stride in [
            *((64, 64, 1), (64, 64, 1), (64, 128, 2), (128, 128, 1)),
            *((128, 256, 2), (256, 256, 1), (256, 512, 2), (512, 512, 1)),
        ]
    ]
    stem = [
        nn.Conv2d(3, 64, 7, 2, padding=3, bias=False),
        nn.BatchNorm2d(64),
        nn.ReLU(inplace=True),
        nn.MaxPool2d(3, 2, padding=1),
    ]
    head = [nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(512, 1000)]
    return nn.Sequential(*stem, *blocks, *head)


def vgg16_features() -> nn.Sequential:
    layers: list[nn.Module] = []
    came = 3
    for width in [64, 64, 0, 128, 128, 0, 256, 256, 256, 0, 512, 512, 512, 0, 512, 512, 512, 0]:
        if width:
            layers += [nn.Conv2d(came, width, 3, padding=1), nn.ReLU(inplace=True)]
            came = width
        else:
            layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers)


def rows(found: viz.Summary) -> dict[str, Any]:
    return {row.path: row for row in found.rows}


def test_lenet_by_hand() -> None:
    net = nn.Sequential(
        nn.Conv2d(1, 6, 5, padding=2),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Conv2d(6, 16, 5),
        nn.Tanh(),
        nn.AvgPool2d(2),
        nn.Flatten(),
        nn.Linear(400, 120),
        nn.Linear(120, 84),
        nn.Linear(84, 10),
    )
    found = viz.summary(net, input_size=(1, 1, 28, 28))
    by = rows(found)
    assert found.parameters == found.trainable == 61_706
    assert [by[n].parameters for n in "03789"] == [156, 2_416, 48_120, 10_164, 850]
    assert [by[n].multiply_adds for n in "03789"] == [117_600, 240_000, 48_000, 10_080, 840]
    assert found.multiply_adds == 416_520
    assert [by[n].sees for n in "0235"] == [(5, 5), (6, 6), (14, 14), (16, 16)]
    assert by["5"].outputs == [(1, 16, 5, 5)]
    sizes = [6 * 28 * 28] * 2 + [6 * 14 * 14] + [16 * 100] * 2 + [400] * 2 + [120, 84, 10]
    assert found.output_bytes == 4 * sum(sizes)
    assert by["7"].saved == 400 * 4 and by["1"].saved == 6 * 28 * 28 * 4
    assert str(viz.summary(net, (1, 1, 28, 28))) == str(found)
    assert viz.summary(net, [(1, 1, 28, 28)]).multiply_adds == 416_520
    # Twice as many images: twice the work, as many parameters.
    twice = viz.summary(net, minitorch.rand(2, 1, 28, 28))
    assert twice.multiply_adds == 2 * 416_520 and twice.parameters == 61_706


def test_resnet18_has_the_published_numbers() -> None:
    found = viz.summary(resnet18(), input_size=(1, 3, 32, 32))
    assert found.parameters == 11_689_512
    # 1,814,073,344 at 224 x 224, all convolutions a 49th of it at 32 x 32.
    assert found.multiply_adds == (1_814_073_344 - 512_000) // 49 + 512_000
    assert found.buffers == 9_620
    by = rows(found)
    assert by["11"].sees == (435, 435)
    assert by["6.downsample.0"].multiply_adds == 4 * 4 * 128 * 64
    again = [row for row in found.rows if row.path == "4.relu" and row.again]
    assert len(again) == 1 and again[0].parameters == 0


def test_vgg16_has_the_published_numbers() -> None:
    found = viz.summary(vgg16_features(), input_size=(1, 3, 32, 32))
    assert found.parameters == 14_714_688
    assert found.multiply_adds == 15_346_630_656 // 49
    assert rows(found)["28"].sees == (196, 196) and rows(found)["30"].sees == (212, 212)


def test_recurrent_layers_attention_and_transposed_convolutions() -> None:
    lstm = viz.summary(nn.LSTM(24, 64, num_layers=2, batch_first=True), input_size=(32, 16, 24))
    assert lstm.multiply_adds == 32 * 16 * 4 * 64 * ((24 + 64) + (64 + 64))
    assert lstm.parameters == 4 * 64 * (24 + 64 + 2) + 4 * 64 * (64 + 64 + 2)
    x = minitorch.rand(2, 5, 8)
    attention = viz.summary(nn.MultiheadAttention(8, 2, batch_first=True), [x, x, x])
    projections = 4 * 2 * 5 * 8 * 8
    assert attention.multiply_adds == projections + 2 * (2 * 5 * 5 * 8)
    assert rows(attention)["out_proj"].outputs == []  # its weight is used, it is not called
    assert attention.parameters == 4 * 8 * 8 + 4 * 8
    up = viz.summary(nn.ConvTranspose2d(4, 6, 3, stride=2), input_size=(1, 4, 5, 5))
    assert up.multiply_adds == 5 * 5 * 4 * 6 * 9
    grouped = viz.summary(nn.Conv1d(4, 8, 3, groups=2, dilation=2), input_size=(1, 4, 10))
    assert grouped.multiply_adds == 6 * 8 * 2 * 3
    assert grouped.rows[0].sees == (5,)


class Two(nn.Module):
    """Two inputs, one layer used twice, and a product of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Embedding(10, 4)
        self.shared = nn.Linear(4, 4)
        self.scale = nn.Parameter(minitorch.ones(4))
        self.unused = nn.Linear(4, 4)

    def forward(self, words: Any, *, x: Any) -> dict[str, Any]:
        y = self.shared(self.shared(self.embed(words)) + x) * self.scale
        return {"y": y, "product": y @ y.transpose(-1, -2)}


def test_several_inputs_shared_modules_and_dicts() -> None:
    words, x = minitorch.tensor([[1, 2, 3]]), minitorch.rand(1, 3, 4)
    found = viz.summary(Two(), {"words": words, "x": x})
    top, embed, first, second, unused = found.rows
    assert top.outputs == [(1, 3, 4), (1, 3, 3)] and top.parameters == 4
    assert top.multiply_adds == 3 * 3 * 4
    assert embed.parameters == 40 and first.multiply_adds == second.multiply_adds == 3 * 16
    assert (first.parameters, second.parameters, second.again) == (20, 0, True)
    assert unused.outputs == [] and unused.parameters == 20
    assert found.parameters == 84 == top.total("parameters")
    assert "not called" in str(found) and "(again)" in str(found)
    assert found.inputs == [(1, 3), (1, 3, 4)]
    tied = nn.Sequential(nn.Linear(3, 3, bias=False), nn.Linear(3, 3, bias=False))
    tied[1].weight = tied[0].weight
    assert viz.summary(tied, input_size=(1, 3)).parameters == 9
    pair = viz.summary(
        nn.Bilinear(3, 4, 5), input_size=[(2, 3), (2, 4)], dtypes=[minitorch.float32] * 2
    )
    assert pair.inputs == [(2, 3), (2, 4)] and pair.multiply_adds > 0


def test_everything_is_left_as_it_was() -> None:
    net = nn.Sequential(nn.BatchNorm1d(3), nn.Dropout(), nn.ReLU(inplace=True), nn.Linear(3, 2))
    net[0].weight.requires_grad_(False)
    net[1].eval()
    x = minitorch.rand(4, 3)
    before = x.clone()
    state = {name: value.clone() for name, value in net.state_dict().items()}
    random = minitorch.get_rng_state()
    with minitorch.no_grad():
        found = viz.summary(net, x)
    assert found.trainable == found.parameters - 3 and "3 frozen" in str(found)
    assert found.multiply_adds == 4 * 6
    assert [module.training for module in net] == [True, False, True, True]
    assert [p.requires_grad for p in net.parameters()] == [False, True, True, True]
    assert all(p.grad is None for p in net.parameters()) and not x.requires_grad
    np.testing.assert_array_equal(x.numpy(), before.numpy())
    for name, value in net.state_dict().items():
        np.testing.assert_array_equal(value.numpy(), state[name].numpy())
    np.testing.assert_array_equal(minitorch.get_rng_state().numpy(), random.numpy())
    with pytest.raises(RuntimeError):
        viz.summary(net, minitorch.rand(4, 5))
    assert net.training and minitorch.autograd.mode.mode.observers == ()


def test_depth_adds_up_what_is_deeper() -> None:
    found = viz.summary(resnet18(), input_size=(1, 3, 32, 32), depth=1)
    lines = [line for line in str(found).splitlines() if "BasicBlock" in line]
    assert len(lines) == 8 and "conv1" not in str(found)
    assert f"{64 * 64 * 9 * 2 + 256:,}" in lines[0]
    assert viz.summary(resnet18(), input_size=(1, 3, 32, 32), depth=0).table()[1][2] == "11,689,512"
    assert found._repr_html_().count("<tr>") == len(found.table())


def test_errors_name_what_is_missing() -> None:
    net = nn.Linear(2, 2)
    with pytest.raises(TypeError, match="either an input or an input_size"):
        viz.summary(net)
    with pytest.raises(TypeError, match="either an input or an input_size"):
        viz.summary(net, minitorch.ones(1, 2), input_size=(1, 2))
    with pytest.raises(TypeError, match="expected a Module"):
        viz.summary(minitorch.ones(2), input_size=(1, 2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="1 sizes, but 2 dtypes"):
        viz.summary(net, input_size=(1, 2), dtypes=[minitorch.float32] * 2)
