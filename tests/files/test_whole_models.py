"""Whole models in files: written and read in either framework, and refused unless trusted."""

from __future__ import annotations

import io
import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import minitorch as mt

serialization = mt.serialization


class Net(mt.nn.Module):
    """A model of the program's own."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = mt.nn.ModuleList([mt.nn.Linear(3, 4), mt.nn.BatchNorm1d(4)])
        self.act = mt.nn.functional.relu
        self.register_buffer("scale", mt.full((1,), 2.0))
        self.note = {"size": (3, 4)}

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = self.act(layer(x))
        return x * self.scale


class Plain:
    """An object that counts how often its state is set."""

    def __init__(self, value: Any) -> None:
        self.value = value


class Marked(mt.Tensor):
    """A tensor of a class of its own."""


def through(save: Callable[..., Any], load: Callable[..., Any], value: Any, **options: Any) -> Any:
    file = io.BytesIO()
    save(value, file)
    file.seek(0)
    return load(file, **options)


def copied(value: Any, **options: Any) -> Any:
    return through(mt.save, mt.load, value, **options)


def test_own_model_goes_through_a_file() -> None:
    net = Net()
    x = mt.randn(5, 3)
    net(x)
    twin = copied(net, weights_only=False)
    assert type(twin) is Net and repr(twin) == repr(net) and twin.note == net.note
    assert twin.act is mt.nn.functional.relu
    np.testing.assert_array_equal(twin.eval()(x).detach(), net.eval()(x).detach())
    assert all(type(p) is mt.nn.Parameter for p in twin.parameters())
    twin.layers[0].weight.data.zero_()
    assert net.layers[0].weight.abs().sum() > 0


CROSSING: dict[str, tuple[Callable[[Any], Any], tuple[int, ...]]] = {
    "convolutions": (
        lambda nn: nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            nn.BatchNorm2d(4),
            nn.ReLU(),
            nn.MaxPool2d(2),
            nn.ConvTranspose2d(4, 2, 3),
            nn.Upsample(scale_factor=2),
            nn.Flatten(),
            nn.Dropout(0.1),
            nn.Linear(288, 8),
            nn.GELU(),
            nn.LayerNorm(8),
        ),
        (2, 1, 8, 8),
    ),
    "normalisations": (
        lambda nn: nn.Sequential(nn.InstanceNorm2d(4, affine=True), nn.GroupNorm(2, 4), nn.Tanh()),
        (2, 4, 3, 3),
    ),
    "transformer": (
        lambda nn: nn.TransformerEncoderLayer(8, 2, 16, activation="gelu", batch_first=True),
        (2, 3, 8),
    ),
    "encoder": (
        lambda nn: nn.TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16), 2),
        (2, 3, 8),
    ),
    "lstm": (lambda nn: nn.LSTM(3, 4, 2, bidirectional=True), (5, 2, 3)),
    "projected lstm": (lambda nn: nn.LSTM(3, 4, proj_size=2, batch_first=True), (5, 2, 3)),
    "gru": (lambda nn: nn.GRU(3, 4), (5, 2, 3)),
    "rnn": (lambda nn: nn.RNN(3, 4, nonlinearity="relu", bias=False), (5, 2, 3)),
    "gru cell": (lambda nn: nn.GRUCell(3, 4), (2, 3)),
    "circular": (
        lambda nn: nn.Conv2d(2, 4, 3, padding=(1, 2), padding_mode="circular", groups=2),
        (1, 2, 5, 5),
    ),
    "reflected": (lambda nn: nn.Conv1d(2, 4, 3, padding="same", padding_mode="reflect"), (1, 2, 5)),
    "weight norm": (lambda nn: nn.utils.weight_norm(nn.Linear(3, 2)), (2, 3)),
    "spectral norm": (lambda nn: nn.utils.spectral_norm(nn.Linear(3, 2)), (2, 3)),
    "hooks": (lambda nn: hooked(nn.Linear(3, 2)), (2, 3)),
}


def doubling(module: Any, args: Any, result: Any) -> Any:
    return result * 2


def shifting(module: Any, args: Any, kwargs: Any) -> Any:
    return (args[0] + 1,), kwargs


def hooked(module: Any) -> Any:
    """The module with a hook before it that takes keyword arguments, and one after it."""
    module.register_forward_hook(doubling, always_call=True)
    module.register_forward_pre_hook(shifting, with_kwargs=True)
    return module


def first(result: Any) -> Any:
    return (result[0] if isinstance(result, tuple) else result).detach().numpy()


@pytest.mark.parametrize("case", CROSSING)
@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore:enable_nested", "ignore:LSTM with")
def test_layers_cross_in_either_direction(case: str, torch: Any) -> None:
    make, shape = CROSSING[case]
    x = np.random.default_rng(0).normal(size=shape).astype("float32")
    for m, n in ((mt, torch), (torch, mt)):
        net = make(m.nn).eval()
        twin = through(m.save, n.load, net, weights_only=False)
        assert type(twin) is type(make(n.nn))
        wanted, got = net(m.from_numpy(x.copy())), twin(n.from_numpy(x.copy()))
        np.testing.assert_allclose(first(got), first(wanted), 1e-4, 1e-5)
        again = through(n.save, m.load, twin, weights_only=False)
        np.testing.assert_allclose(first(again(m.from_numpy(x.copy()))), first(wanted), 1e-4, 1e-5)


def test_other_objects_cross_in_either_direction(torch: Any) -> None:
    for m, n in ((mt, torch), (torch, mt), (mt, mt)):
        weight = m.nn.Parameter(m.ones(2))
        optimizer = m.optim.SGD([weight], lr=0.1, momentum=0.9)
        weight.sum().backward()
        optimizer.step()
        schedule = m.optim.lr_scheduler.StepLR(optimizer, 2)
        value = [optimizer, schedule, m.distributions.Normal(m.zeros(1), m.ones(1)), m.float32]
        value += [m.nn.functional.gelu, m.relu, m.nn.Linear, m.Size([2]), m.utils.data.Dataset]
        got = through(m.save, n.load, value, weights_only=False)
        assert type(got[0]) is n.optim.SGD and type(got[1]) is n.optim.lr_scheduler.StepLR
        assert got[1].optimizer is got[0]
        got[0].step()
        assert got[2].mean == 0 and got[3] is n.float32
        assert got[4](n.ones(1)).item() == pytest.approx(0.8413447)
        assert got[5](-n.ones(1)) == 0 and got[6] is n.nn.Linear and got[7] == n.Size([2])


def test_tensors_of_a_class_of_their_own() -> None:
    made = mt.ones(2).as_subclass(Marked)
    made.label = "a"
    got = copied(made, weights_only=False)
    assert type(got) is Marked and got.label == "a" and got.tolist() == [1, 1]
    with pytest.raises(pickle.UnpicklingError, match="Marked was not an allowed global"):
        copied(made)
    with serialization.safe_globals([Marked]):
        assert type(copied(made)) is Marked


def test_safe_globals_are_made_and_nothing_else() -> None:
    net = Net()
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL \S*Net was not an allowed global"):
        copied(net)
    kinds = [Net, mt.nn.ModuleList, mt.nn.Linear, mt.nn.BatchNorm1d, mt.nn.functional.relu]
    with serialization.safe_globals(kinds):
        assert serialization.get_safe_globals() == kinds
        assert repr(copied(net)) == repr(net)
        with pytest.raises(pickle.UnpicklingError, match="Plain was not an allowed global"):
            copied([net, Plain(1)])
    assert serialization.get_safe_globals() == []
    serialization.add_safe_globals([(Plain, f"{__name__}.Plain")])
    assert copied(Plain(3)).value == 3
    serialization.clear_safe_globals()
    with pytest.raises(pickle.UnpicklingError, match="was not an allowed global"):
        copied(Plain(3))
    for wrong, error in (((Plain, "a", "b"), ValueError), ((Plain, 1), TypeError)):
        with serialization.safe_globals([wrong]), pytest.raises(error, match="Expected"):
            copied(Plain(1))


def test_refusals_are_in_pytorchs_words(torch: Any) -> None:
    for value, name in ((mt.nn.ReLU(), torch.nn.ReLU()), (Plain(1), Plain(1))):
        with pytest.raises(pickle.UnpicklingError) as theirs:
            through(torch.save, torch.load, name)
        with pytest.raises(pickle.UnpicklingError) as ours:
            copied(value)
        assert str(ours.value) == str(theirs.value)


def test_what_is_blocked_is_never_safe() -> None:
    with (
        serialization.safe_globals([sys.exit]),
        pytest.raises(pickle.UnpicklingError, match=r"sys\.exit whose module sys is blocked"),
    ):
        copied(sys.exit)


def test_arguments_of_load(monkeypatch: Any) -> None:
    class Shouting(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            return super().find_class(module, name)

    class Module:
        Unpickler = Shouting

    assert copied(Plain(1), pickle_module=pickle).value == 1
    assert copied(Plain(1), pickle_module=Module, weights_only=False).value == 1
    with pytest.raises(RuntimeError, match="explicit pickle_module"):
        copied(1, pickle_module=pickle, weights_only=True)
    with pytest.warns(UserWarning, match="pickle_load_args only works"):
        assert copied(1, encoding="ascii") == 1
    monkeypatch.setenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD", "1")
    with pytest.warns(UserWarning, match="forcing weights_only=False"):
        assert copied(Plain(1)).value == 1
    with pytest.raises(pickle.UnpicklingError):
        copied(Plain(1), weights_only=True)
    monkeypatch.setenv("TORCH_FORCE_WEIGHTS_ONLY_LOAD", "1")
    with pytest.raises(RuntimeError, match="Only one of"):
        copied(1)
    monkeypatch.delenv("TORCH_FORCE_NO_WEIGHTS_ONLY_LOAD")
    with pytest.raises(pickle.UnpicklingError):
        copied(Plain(1), weights_only=False)


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_protocols(protocol: int) -> None:
    value = {"a": mt.ones(2), "b": b"x", "c": "text"}
    assert repr(through(lambda v, f: mt.save(v, f, pickle_protocol=protocol), mt.load, value)) == (
        repr(value)
    )


def test_lazy_layer_goes_through_a_file() -> None:
    twin = copied(mt.nn.LazyLinear(2), weights_only=False)
    twin(mt.ones(1, 3))
    assert repr(twin) == "Linear(in_features=3, out_features=2, bias=True)"
    assert not twin._forward_pre_hooks


def test_program_under_pytorchs_name(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        "import torch\n"
        "class Net(torch.nn.Module):\n"
        "    def __init__(self):\n"
        "        super().__init__()\n"
        "        self.fc = torch.nn.Linear(2, 1)\n"
        "    def forward(self, x):\n"
        "        return self.fc(x)\n"
        "if __name__ == '__main__':\n"
        "    net = Net()\n"
        "    torch.save(net, 'net.pt')\n"
        "    twin = torch.load('net.pt', weights_only=False)\n"
        "    print(type(twin) is Net, torch.equal(twin(torch.ones(2)), net(torch.ones(2))))\n"
    )
    command = [sys.executable, "-m", "minitorch", "run", str(program)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.stdout == "True True\n", done.stderr
