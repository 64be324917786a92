"""Recurrent layers and packed sequences, against PyTorch with the same seed or parameters."""

from __future__ import annotations

import copy
import itertools
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import same, the_torch

import minitorch
from minitorch import nn
from minitorch.kernels.recurrent import LINE, _aligned

RNG = np.random.default_rng(0)
T, N, I, H = 4, 4, 3, 4  # noqa: E741 - steps, batch, input and hidden features

OPTIONS: dict[str, list[dict[str, Any]]] = {
    "RNN": [
        {},
        {"nonlinearity": "relu", "bias": False},
        {"num_layers": 2, "bidirectional": True, "batch_first": True},
    ],
    "LSTM": [
        {},
        {"proj_size": 2, "bias": False, "bidirectional": True, "num_layers": 2},
        {"num_layers": 2, "dropout": 0.5},
        {"bidirectional": True, "batch_first": True},
        {"proj_size": 3},
    ],
    "GRU": [
        {},
        {"bias": False, "bidirectional": True},
        {"num_layers": 3, "dropout": 0.25, "batch_first": True},
    ],
}
LAYERS = [(name, options) for name, several in OPTIONS.items() for options in several]
CELLS = [
    ("RNNCell", {}),
    ("RNNCell", {"nonlinearity": "relu", "bias": False}),
    ("LSTMCell", {}),
    ("LSTMCell", {"bias": False}),
    ("GRUCell", {}),
    ("GRUCell", {"bias": False}),
]


def layer(m: Any, name: str, options: dict[str, Any], dtype: str = "float64") -> Any:
    m.manual_seed(0)
    return getattr(m.nn, name)(I, H, **options, dtype=getattr(m, dtype))


def input_and_states(name: str, options: dict[str, Any]) -> list[Any]:
    x = RNG.standard_normal((N, T, I) if options.get("batch_first") else (T, N, I))
    layers = options.get("num_layers", 1) * (2 if options.get("bidirectional") else 1)
    h = RNG.standard_normal((layers, N, options.get("proj_size") or H))
    c = RNG.standard_normal((layers, N, H))
    return [x, h, c] if name == "LSTM" else [x, h]


@pytest.mark.parametrize(("name", "options"), LAYERS + CELLS)
def test_the_same_seed_gives_the_same_layer(name: str, options: dict[str, Any]) -> None:
    torch = the_torch()
    ours, theirs = (layer(m, name, options, "float32") for m in (minitorch, torch))
    assert repr(ours) == repr(theirs)
    held, expected = ours.state_dict(), theirs.state_dict()
    assert list(held) == list(expected)
    for key in held:
        np.testing.assert_array_equal(held[key].numpy(), expected[key].numpy())


@pytest.mark.parametrize(("name", "options"), LAYERS)
@pytest.mark.parametrize("given", [True, False], ids=["states", "zeros"])
def test_outputs_and_gradients(name: str, options: dict[str, Any], given: bool) -> None:
    def run(m: Any, x: Any, *states: Any) -> Any:
        model = layer(m, name, options)
        hx = None if not states else states if name == "LSTM" else states[0]
        y, last = model(x, hx)
        return y, last, [p.grad for p in _graded(model, y, last)]

    inputs = input_and_states(name, options)
    same(run, *(inputs if given else inputs[:1]))


@pytest.mark.parametrize(("name", "options"), LAYERS)
@pytest.mark.parametrize("batch", [2, 5], ids=["few sequences", "more"])  # two ways for the input
def test_what_is_not_recorded_is_the_same(name: str, options: dict[str, Any], batch: int) -> None:
    model = layer(minitorch, name, options, "float32").eval()
    lengths = minitorch.randint(1, 7, (batch,))
    x = minitorch.randn(batch, 6, I)
    packed = nn.utils.rnn.pack_padded_sequence(x, lengths, True, enforce_sorted=False)
    for given in (x, packed):
        expected, last = model(given)
        with minitorch.no_grad():
            made, state = model(given)
        pairs = [(made, expected)] if given is x else [(made.data, expected.data)]
        pairs += zip(state, last, strict=True) if isinstance(last, tuple) else [(state, last)]
        assert all(a.equal(b) for a, b in pairs)
        assert not any(a.requires_grad for a, _ in pairs)


def _graded(model: Any, y: Any, last: Any) -> list[Any]:
    """The parameters, with the gradients of a sum of squares."""
    states = last if isinstance(last, tuple) else (last,)
    sum((t * t).sum() for t in (y, *states)).backward(retain_graph=True)
    return list(model.parameters())


@pytest.mark.parametrize(("name", "options"), LAYERS)
def test_second_derivatives_in_the_parameters(name: str, options: dict[str, Any]) -> None:
    def run(m: Any, x: Any) -> Any:
        model = layer(m, name, options | {"dropout": 0.0})
        y, _ = model(x)
        parameters = list(model.parameters())
        grads = m.autograd.grad((y**3).sum(), [x, *parameters], create_graph=True)
        return m.autograd.grad(sum((g * g).sum() for g in grads), [x, *parameters])

    same(run, input_and_states(name, options)[0], gradients=False)


@pytest.mark.parametrize(("name", "options"), CELLS)
@pytest.mark.parametrize("shape", [(N, I), (I,), (0, I)])
def test_cells(name: str, options: dict[str, Any], shape: tuple[int, ...]) -> None:
    def run(m: Any, x: Any, *states: Any) -> Any:
        model = layer(m, name, options)
        return model(x, states if name == "LSTMCell" else states[0]), model(x)

    states = [RNG.standard_normal((*shape[:-1], H)) for _ in range(2 if "LSTM" in name else 1)]
    same(run, RNG.standard_normal(shape), *states)


@pytest.mark.parametrize("name", OPTIONS)
def test_unbatched(name: str) -> None:
    def run(m: Any, x: Any, *states: Any) -> Any:
        hx = None if not states else states if name == "LSTM" else states[0]
        return layer(m, name, {"bidirectional": True})(x, hx)

    x, states = RNG.standard_normal((T, I)), RNG.standard_normal((2, 2, H))
    same(run, x)
    same(run, x, *(states if name == "LSTM" else states[:1]))


@pytest.mark.parametrize("name", OPTIONS)
@pytest.mark.parametrize("enforce_sorted", [True, False])
@pytest.mark.parametrize("batch_first", [True, False])
def test_packed_sequences(name: str, enforce_sorted: bool, batch_first: bool) -> None:
    lengths = [4, 2, 2] if enforce_sorted else [2, 4, 1]

    def run(m: Any, x: Any, *states: Any) -> Any:
        tools = m.nn.utils.rnn
        model = layer(m, name, {"bidirectional": True, "num_layers": 2, "batch_first": batch_first})
        packed = tools.pack_padded_sequence(x, lengths, batch_first, enforce_sorted)
        hx = None if not states else states if name == "LSTM" else states[0]
        y, last = model(packed, hx)
        assert type(y).__name__ == "PackedSequence"
        return *y[:2], tools.pad_packed_sequence(y, batch_first), last

    x = RNG.standard_normal((N, T, I) if batch_first else (T, N, I))
    states = RNG.standard_normal((2, 4, N, H))
    same(run, x)
    same(run, x, *(states if name == "LSTM" else states[:1]))


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("optimizer", ["SGD", "Adam"])
def test_ten_steps_of_training(name: str, dtype: str, optimizer: str) -> None:
    torch, held = the_torch(), []
    x = RNG.standard_normal((T, N, I)).astype(dtype)
    for m in (minitorch, torch):
        model = layer(m, name, {"num_layers": 2, "dropout": 0.5}, dtype)
        steps = getattr(m.optim, optimizer)(model.parameters(), lr=0.1)
        for _ in range(10):
            steps.zero_grad()
            y, _ = model(m.tensor(x))
            (y - 0.5).square().mean().backward()
            steps.step()
        held.append([p.detach().numpy() for p in model.parameters()])
    close = 1e-9 if dtype == "float64" else 1e-5
    for ours, theirs in zip(*held, strict=True):
        np.testing.assert_allclose(ours, theirs, close, close * 10)


def test_dropout_masks_are_pytorchs() -> None:
    def run(m: Any, x: Any) -> Any:
        model = m.nn.LSTM(I, H, 3, dropout=0.5, batch_first=True, bidirectional=True)
        m.manual_seed(7)
        for parameter in model.parameters():
            m.nn.init.constant_(parameter, 0.3)
        return model(x)

    same(run, RNG.standard_normal((N, T, I)).astype("float32"), gradients=False)


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_gradcheck_at_both_orders(name: str) -> None:
    minitorch.manual_seed(0)
    options = {"proj_size": 1} if name == "LSTM" else {}
    model = getattr(nn, name)(2, 2, bidirectional=True, dtype=minitorch.float64, **options)
    x = minitorch.randn(2, 2, 2, dtype=minitorch.float64, requires_grad=True)
    inputs = (x, *model.parameters())

    def run(x: Any, *parameters: Any) -> Any:
        names = dict(zip(model.state_dict(), parameters, strict=True))
        model.__dict__["_parameters"].update(names)
        y, last = model(x)
        return y, *(last if isinstance(last, tuple) else (last,))

    assert minitorch.autograd.gradcheck(run, inputs)
    assert minitorch.autograd.gradgradcheck(run, inputs)


def test_states_that_share_a_history_with_the_weights() -> None:
    """The gradient through the first state is not mistaken for one through the weights."""

    def run(m: Any, x: Any) -> Any:
        model = layer(m, "GRU", {})
        h = (model.weight_hh_l0[:N] * x[0, :, :1]).unsqueeze(0)
        y, _ = model(x, h)
        return m.autograd.grad((y**2).sum(), [x, model.weight_hh_l0], create_graph=True)

    same(run, RNG.standard_normal((T, N, I)))


def test_writing_into_the_output_changes_no_gradient() -> None:
    for name in ("RNN", "LSTM", "GRU"):
        grads = []
        for write in (False, True):
            model = layer(minitorch, name, {})
            y, _ = model(minitorch.ones(T, N, I, dtype=minitorch.float64))
            (y.mul_(3) if write else y * 3).sum().backward()
            grads.append(model.weight_hh_l0.grad)
        assert minitorch.equal(*grads)


def test_a_weight_changed_before_backward_is_refused() -> None:
    model = nn.LSTM(I, H)
    y, _ = model(minitorch.ones(T, N, I))
    with minitorch.no_grad():
        model.weight_hh_l0.add_(1)
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        y.sum().backward()


def test_float16_is_computed_in_float32() -> None:
    def run(m: Any, x: Any) -> Any:
        return layer(m, "GRU", {}, "float16")(x)

    same(run, RNG.standard_normal((T, N, I)).astype("float16"), gradients=False)


def test_copies_pickles_and_all_weights() -> None:
    model = nn.GRU(I, H, 2, bidirectional=True)
    assert [len(weights) for weights in model.all_weights] == [4] * 4
    assert model.flatten_parameters() is None
    x = minitorch.ones(T, N, I)
    for twin in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        assert minitorch.equal(twin(x)[0], model(x)[0])
    assert model.double()(x.double())[0].dtype is minitorch.float64


MISTAKES: dict[str, Callable[[Any], Any]] = {
    "rank": lambda m: m.nn.LSTM(3, 4)(m.zeros(1, 2, 2, 3)),
    "size": lambda m: m.nn.LSTM(3, 4)(m.zeros(2, 2, 5)),
    "dtype": lambda m: m.nn.LSTM(3, 4)(m.zeros(2, 2, 3, dtype=m.float64)),
    "state dtype": lambda m: m.nn.GRU(3, 4)(m.zeros(2, 2, 3), m.zeros(1, 2, 4, dtype=m.float64)),
    "state rank": lambda m: m.nn.RNN(3, 4)(m.zeros(2, 2, 3), m.zeros(2, 4)),
    "state ranks": lambda m: m.nn.LSTM(3, 4)(m.zeros(2, 3), (m.zeros(1, 1, 4), m.zeros(1, 4))),
    "state size": lambda m: m.nn.GRU(3, 4)(m.zeros(2, 2, 3), m.zeros(1, 3, 4)),
    "cell size": lambda m: m.nn.LSTM(3, 4)(m.zeros(2, 2, 3), (m.zeros(1, 2, 4), m.zeros(1, 2, 5))),
    "one state": lambda m: m.nn.LSTM(3, 4)(m.zeros(2, 2, 3), m.zeros(1, 2, 4)),
    "no steps": lambda m: m.nn.LSTM(3, 4)(m.zeros(0, 2, 3)),
    "hidden_size": lambda m: m.nn.LSTM(3, 0),
    "input_size": lambda m: m.nn.LSTM(2.5, 1),
    "num_layers": lambda m: m.nn.LSTM(3, 4, 0),
    "bias": lambda m: m.nn.LSTM(3, 4, bias=1),
    "dropout": lambda m: m.nn.LSTM(3, 4, 2, dropout=1.5),
    "dropout type": lambda m: m.nn.LSTM(3, 4, 2, dropout=True),
    "proj_size": lambda m: m.nn.LSTM(3, 4, proj_size=4),
    "negative proj_size": lambda m: m.nn.LSTM(3, 4, proj_size=-1),
    "mode": lambda m: m.nn.RNNBase("X", 3, 4),
    "nonlinearity": lambda m: m.nn.RNN(3, 4, nonlinearity="sin"),
    "cell rank": lambda m: m.nn.LSTMCell(3, 4)(m.zeros(2, 2, 3)),
    "cell state rank": lambda m: m.nn.GRUCell(3, 4)(m.zeros(2, 3), m.zeros(1, 2, 4)),
    "cell input": lambda m: m.nn.RNNCell(3, 4)(m.zeros(2, 5)),
    "cell batch": lambda m: m.nn.RNNCell(3, 4)(m.zeros(2, 3), m.zeros(1, 4)),
    "cell state": lambda m: m.nn.LSTMCell(3, 4)(m.zeros(2, 3), (m.zeros(2, 4), m.zeros(2, 5))),
    "cell dtype": lambda m: m.nn.GRUCell(3, 4)(m.zeros(2, 3, dtype=m.float64)),
    "one cell state": lambda m: m.nn.LSTMCell(3, 4)(m.zeros(2, 3), m.zeros(2, 4)),
    "cell nonlinearity": lambda m: m.nn.RNNCell(3, 4, nonlinearity="sin")(m.zeros(2, 3)),
    "unsorted": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.zeros(4, 2), [1, 2]),
    "lengths": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.zeros(4, 3), [3, 2]),
    "a length of 0": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.zeros(4, 2), [3, 0]),
    "nothing to pack": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.zeros(4, 0), []),
    "one dimension": lambda m: m.nn.utils.rnn.pack_padded_sequence(m.zeros(4), [4]),
    "nothing to pad": lambda m: m.nn.utils.rnn.pad_sequence([]),
    "no sequences": lambda m: m.nn.utils.rnn.pad_sequence(3),
    "unlike": lambda m: m.nn.utils.rnn.pad_sequence([m.zeros(2, 3), m.zeros(3, 4)]),
    "a side": lambda m: m.nn.utils.rnn.pad_sequence([m.zeros(2, 3)], padding_side="top"),
    "total_length": lambda m: m.nn.utils.rnn.pad_packed_sequence(
        m.nn.utils.rnn.pack_sequence([m.zeros(3)]), total_length=2
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_mistakes_with_recurrent_layers_raise_as_in_pytorch(mistake: str) -> None:
    same(lambda m, _: MISTAKES[mistake](m), np.zeros(1))


def test_a_dropout_without_effect_is_warned_about() -> None:
    with pytest.warns(UserWarning, match="num_layers greater than 1"):
        nn.GRU(I, H, dropout=0.5)


# ---- nn.utils.rnn -------------------------------------------------------------------------------


@pytest.mark.parametrize("batch_first", [True, False])
@pytest.mark.parametrize("side", ["left", "right"])
@pytest.mark.parametrize("trailing", [(), (2,), (2, 3)])
def test_pad_and_unpad(batch_first: bool, side: str, trailing: tuple[int, ...]) -> None:
    def run(m: Any, *xs: Any) -> Any:
        tools = m.nn.utils.rnn
        padded = tools.pad_sequence(xs, batch_first, -1.5, side)
        lengths = m.tensor([len(x) for x in xs])
        return padded, tools.unpad_sequence(padded.clone(), lengths, batch_first)

    same(run, *(RNG.standard_normal((n, *trailing)) for n in (3, 1, 4)))


@pytest.mark.parametrize("enforce_sorted", [True, False])
def test_pack_and_unpack(enforce_sorted: bool) -> None:
    lengths = (4, 3, 3, 1) if enforce_sorted else (1, 3, 4, 3)

    def run(m: Any, *xs: Any) -> Any:
        tools = m.nn.utils.rnn
        packed = tools.pack_sequence(xs, enforce_sorted)
        padded = tools.pad_packed_sequence(packed, True, -1.0, total_length=6)
        indices = [x for x in packed[2:] if x is not None]
        return *packed[:2], *indices, padded, tools.unpack_sequence(packed)

    same(run, *(RNG.standard_normal((n, 2)) for n in lengths))


def test_packed_sequence_is_a_named_tuple() -> None:
    torch = the_torch()
    texts = []
    for m in (minitorch, torch):
        packed = m.nn.utils.rnn.pack_sequence([m.arange(3.0), m.arange(2.0)])
        assert packed._fields == ("data", "batch_sizes", "sorted_indices", "unsorted_indices")
        assert packed.to(m.float32) is packed and packed.cpu() is packed
        kinds = [packed.double(), packed.half(), packed.long(), packed.int(), packed.byte()]
        texts.append([repr(packed), packed.is_cuda, *(str(kind.data.dtype) for kind in kinds)])
        pair = m.nn.utils.rnn.PackedSequence((packed.data, packed.batch_sizes))
        assert repr(pair) == repr(packed)
    assert texts[0] == texts[1]


def test_lengths_beyond_the_input_are_refused() -> None:
    with pytest.raises(RuntimeError, match="longest of `lengths` is 5"):
        nn.utils.rnn.pack_padded_sequence(minitorch.zeros(4, 2), [5, 2])


@pytest.mark.parametrize("sizes", list(itertools.product((1, 2, 5), repeat=3)))
def test_a_packed_batch_is_each_sequence_alone(sizes: tuple[int, ...]) -> None:
    model = layer(minitorch, "LSTM", {"bidirectional": True})
    xs = [minitorch.randn(n, I, dtype=minitorch.float64) for n in sizes]
    packed, (h, c) = model(nn.utils.rnn.pack_sequence(xs, enforce_sorted=False))
    for at, (x, y) in enumerate(zip(xs, nn.utils.rnn.unpack_sequence(packed), strict=True)):
        alone, (h_alone, c_alone) = model(x)
        for ours, expected in ((y, alone), (h[:, at], h_alone), (c[:, at], c_alone)):
            agree_exactly(ours, expected)


def agree_exactly(ours: Any, expected: Any) -> None:
    np.testing.assert_allclose(ours.detach().numpy(), expected.detach().numpy(), 1e-12, 1e-13)


def test_a_relu_cell_passes_on_the_gradient_at_nan() -> None:
    x = np.array([[1.0, np.nan], [-2.0, 3.0]])

    got = []
    for m in (minitorch, the_torch()):
        h, w, u = (m.ones(2, 2, dtype=m.float64, requires_grad=True) for _ in range(3))
        y = m.rnn_relu_cell(m.tensor(x), h, w, u)
        y.backward(m.ones_like(y))
        got.append([t.grad.numpy() for t in (h, w, u)])
    for ours, theirs in zip(*got, strict=True):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("kind", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(3, 5), (2, 3, 7), (4, 0, 2), (1,)])
def test_memory_for_the_steps_starts_with_a_line_of_the_cache(
    shape: tuple[int, ...], kind: Any
) -> None:
    others = []  # hold on to them, so that each has a place of its own
    for _ in range(20):
        made = _aligned(shape, np.dtype(kind))
        assert (made.shape, made.dtype) == (shape, kind)
        assert made.flags.c_contiguous and made.flags.writeable
        assert made.size == 0 or made.ctypes.data % LINE == 0
        made[...] = len(others)
        others.append(made)
    for number, made in enumerate(others):
        assert (made == number).all()


@pytest.mark.parametrize("name", ["RNN", "LSTM", "GRU"])
def test_weights_in_the_flat_list_stand_in_for_the_parameters(torch: Any, name: str) -> None:
    """Libraries put other tensors there, which carry gradients of their own."""
    weights = [np.random.default_rng(i).standard_normal((4, 4)) for i in range(2)]
    found = []
    for lib in (torch, minitorch):
        lib.manual_seed(0)
        net = getattr(lib.nn, name)(2, 1).double()
        halves = [weight.detach() / 2 for weight in net._flat_weights]
        given = [half.clone().requires_grad_() for half in halves]
        net._flat_weights = given
        net(lib.tensor(weights[0][:3, :2]))[0].sum().backward()
        assert all(p.grad is None for p in net.parameters())
        found.append([g.grad.numpy() for g in given])
        net.weight_ih_l0 = lib.nn.Parameter(halves[0])
        assert net._flat_weights[0] is net.weight_ih_l0
    for one, other in zip(*found, strict=True):
        np.testing.assert_allclose(other, one, rtol=1e-12)
