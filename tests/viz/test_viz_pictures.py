"""`viz.pictures`: what is drawn is what was computed."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import minitorch
from minitorch import nn, viz

pytest.importorskip("matplotlib")
pictures = viz.pictures


def net() -> nn.Sequential:
    minitorch.manual_seed(0)
    return nn.Sequential(nn.Conv2d(1, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 3))


def tiles(figure: Any) -> list[Any]:
    figure.canvas.draw()
    return [np.asarray(image.get_array()) for axes in figure.axes for image in axes.images]


def test_kernels_on_one_scale() -> None:
    conv = net()[0]
    figure = pictures.kernels(conv)
    drawn = tiles(figure)
    np.testing.assert_allclose(drawn, conv.weight.detach().numpy()[:, 0])
    bound = np.abs(conv.weight.detach().numpy()).max()
    for axes in figure.axes[:4]:
        assert axes.images[0].get_clim() == pytest.approx((-bound, bound))
    assert figure.get_suptitle() == "4 kernels of 1 x 3 x 3"


def test_kernels_of_several_channels_and_in_colour() -> None:
    weight = minitorch.rand(3, 2, 5, 5)
    np.testing.assert_allclose(tiles(pictures.kernels(weight)), weight.numpy().reshape(6, 5, 5))
    coloured = tiles(pictures.kernels(nn.Conv2d(3, 2, 3)))
    assert [tile.shape for tile in coloured] == [(3, 3, 3)] * 2
    assert all(tile.min() == 0 and tile.max() == 1 for tile in coloured)
    assert "the first 5 tiles" in pictures.kernels(nn.Conv2d(1, 9, 3), most=5).get_suptitle()
    with pytest.raises(ValueError, match="2-d convolution"):
        pictures.kernels(nn.Linear(2, 2))


def test_feature_maps_of_a_layer() -> None:
    model, image = net(), minitorch.rand(1, 8, 8)
    first = tiles(pictures.feature_maps(model, image))
    np.testing.assert_allclose(first, model[0](image.unsqueeze(0))[0].detach().numpy())
    for layer in ("1", model[1]):
        after = tiles(pictures.feature_maps(model, image, layer))
        np.testing.assert_allclose(after, np.maximum(first, 0))
    assert not any(module._forward_hooks for module in model.modules())
    with pytest.raises(ValueError, match="no output of shape"):
        pictures.feature_maps(model, image, "3")
    with pytest.raises(ValueError, match="no module of the model"):
        pictures.feature_maps(model, image, nn.ReLU())


def test_saliency_is_the_gradient_of_the_score() -> None:
    model, image = net(), minitorch.rand(1, 8, 8)
    slope, chosen = pictures.input_gradient(model, image)
    leaf = image.unsqueeze(0).requires_grad_()
    scores = model(leaf)
    assert chosen == int(scores.argmax())
    scores[0, chosen].backward()
    np.testing.assert_array_equal(slope.numpy(), leaf.grad[0].numpy())
    drawn = tiles(pictures.saliency(model, image.detach(), chosen))
    np.testing.assert_allclose(drawn[1], np.abs(slope.numpy()[0]))
    other = net()
    pictures.saliency(other, image.detach(), 2)
    assert all(p.grad is None for p in other.parameters())
    with pytest.raises(ValueError, match="one image"):
        pictures.saliency(model, minitorch.rand(2, 1, 8, 8))
    with pytest.raises(ValueError, match=r"scores \(N, classes\)"):
        pictures.saliency(model[:2], image.detach())


def test_loss_curves() -> None:
    figure = pictures.losses({"train": [3, 2, 1], "validation": [3.5, 2.5, 2]}, log=True)
    lines = figure.axes[0].lines
    np.testing.assert_array_equal(lines[0].get_ydata(), [3, 2, 1])
    np.testing.assert_array_equal(lines[1].get_xdata(), [1, 2, 3])
    assert figure.axes[0].get_yscale() == "log"
    smooth = pictures.losses([4.0, 0.0, 4.0, 0.0], smooth=0.9).axes[0].lines
    assert len(smooth) == 2 and np.ptp(smooth[1].get_ydata()) < 4
    assert smooth[1].get_ydata()[0] == 4
    pictures.losses([]).canvas.draw()
    with pytest.raises(ValueError, match="smooth"):
        pictures.losses([1], smooth=1)


def test_without_matplotlib_the_error_names_the_extra() -> None:
    program = (
        "import sys; sys.modules['matplotlib'] = None\n"
        "import minitorch\nfrom minitorch import nn, viz\n"
        "try: viz.pictures.kernels(nn.Conv2d(1, 1, 3))\n"
        "except ImportError as error: print(error)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert 'pip install "minitorch-numpy[viz]"' in done.stdout, done.stderr
