"""What the pages show of ``minitorch.viz``, made anew with every build, in docs/_made/."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import minitorch
from minitorch import nn, viz
from minitorch.cli import digits

MADE = Path(__file__).parent.parent / "_made"


def make(app: Any, config: Any) -> None:
    """Write all that the pages show."""
    MADE.mkdir(exist_ok=True)
    viz.convolution(MADE / "window.html")
    viz.filters(MADE / "filters.png")
    graphs()
    pictures()


def graphs() -> None:
    """Write the graph of a formula, its replay, and the page of a small residual network."""
    x = minitorch.tensor([1.0, 2.0], requires_grad=True)
    w = minitorch.tensor(-3.0, requires_grad=True)
    with viz.record():
        y = (x * w).sigmoid()
        loss = (y + x).sum()
    names = {"x": x, "w": w, "y": y, "loss": loss}
    (MADE / "formula.svg").write_text(viz.graph(loss, params=names).svg(), encoding="utf-8")
    viz.replay(loss, params=names).html(MADE / "replay.html")

    minitorch.manual_seed(0)
    net = nn.Sequential(nn.Conv2d(1, 4, 3), Residual(4), nn.Flatten(), nn.Linear(144, 10))
    images, labels = minitorch.rand(2, 1, 8, 8), minitorch.tensor([3, 8])
    with viz.record(net):
        loss = nn.functional.cross_entropy(net(images), labels)
        loss.backward(retain_graph=True)
    names = {"loss": loss, "images": images, "labels": labels}
    viz.graph(loss, module=net, params=names).html(MADE / "graph.html")


class Residual(nn.Module):
    """x + relu(norm(conv(x)))."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, channels, 3, padding=1)
        self.norm = nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        return x + self.norm(self.conv(x)).relu()


def pictures() -> None:
    """Write what the digits net has learned after three epochs."""
    data = digits.load_data()
    *_, record = digits.train(data, epochs=3, lr=0.1, batch_size=64, seed=0)
    image = data.val_images[3]
    for name, figure in {
        "kernels": viz.pictures.kernels(record.model.conv),
        "saliency": viz.pictures.saliency(record.model, image),
    }.items():
        figure.savefig(MADE / f"{name}.png", dpi=160)


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    app.connect("config-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
