"""Modules: the same weights, names, texts, errors and hooks as PyTorch, compared live."""

from __future__ import annotations

import copy
import gc
import pickle
import re
import weakref
from collections import OrderedDict
from typing import Any

import numpy as np
import pytest

import minitorch as mt
from minitorch import nn


def error_of(call: Any) -> tuple[str, str]:
    """What a call raises: the exception's name, and its text with PyTorch's name for ours."""
    with pytest.raises(Exception) as caught:
        call()
    text = str(caught.value).replace("minitorch", "torch")
    sets = re.sub(r"\{'.*?'\}", lambda found: "".join(sorted(found[0])), text)  # of any order
    return type(caught.value).__name__, sets


def net(m: Any) -> Any:
    """A nested model with a bit of everything, of either framework."""
    nn = m.nn

    class Block(nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(2, 4, (3, 1), stride=(1, 2), padding="valid", bias=False)
            self.act = nn.ReLU(inplace=True)
            self.register_buffer("steps", m.zeros(2))
            self.register_buffer("scratch", m.ones(1), persistent=False)
            self.scale = nn.Parameter(m.full((4, 1, 1), 0.5))

        def forward(self, x: Any) -> Any:
            return self.act(self.conv(x)) * self.scale

    return nn.Sequential(
        OrderedDict(
            stem=nn.Conv2d(1, 2, 3, padding=1, dilation=1, groups=1),
            block=Block(),
            pool=nn.MaxPool2d(2, stride=1, padding=1, ceil_mode=True),
            mean=nn.AvgPool2d((2, 2), count_include_pad=False),
            flat=nn.Flatten(),
            drop=nn.Dropout(0.25),
            rest=nn.ModuleList([nn.Linear(16, 6), nn.Tanh(), nn.Identity()]),
            heads=nn.ModuleDict({"a": nn.Softmax(dim=1), "b": nn.Linear(6, 3, bias=False)}),
        )
    )


def run(model: Any, x: Any) -> Any:
    for name in ("stem", "block", "pool", "mean", "flat", "drop"):
        x = getattr(model, name)(x)
    for module in model.rest:
        x = module(x)
    return model.heads["a"](model.heads["b"](x))


# ---- the same as PyTorch ----------------------------------------------------------------------


def test_the_same_seed_gives_the_same_weights_and_names(torch: Any) -> None:
    for seed in (0, 1, 12345):
        torch.manual_seed(seed)
        theirs = net(torch)
        mt.manual_seed(seed)
        ours = net(mt)
        assert list(ours.state_dict()) == list(theirs.state_dict())
        for (name, a), b in zip(
            ours.state_dict().items(), theirs.state_dict().values(), strict=True
        ):
            np.testing.assert_array_equal(a.numpy(), b.numpy(), name)
        for listing in ("named_parameters", "named_buffers", "named_modules", "named_children"):
            names = [[n for n, _ in getattr(model, listing)()] for model in (ours, theirs)]
            assert names[0] == names[1], listing


def test_the_same_text(torch: Any) -> None:
    assert repr(net(mt)) == repr(net(torch))
    for make in (
        lambda n: n.Linear(3, 4),
        lambda n: n.Linear(3, 4, bias=False),
        lambda n: n.Conv2d(4, 8, 3, 2, (1, 0), 2, 4, False),
        lambda n: n.Conv2d(1, 2, 3, padding="same"),
        lambda n: n.MaxPool2d(3, 2, 1, 1, return_indices=True),
        lambda n: n.AvgPool2d(3, 2, 1),
        lambda n: n.Flatten(2, -1),
        lambda n: n.Unflatten(1, (2, 3)),
        lambda n: n.Sequential(),
        lambda n: n.Sequential(n.ReLU(), n.Sequential(n.Sigmoid(), n.LogSoftmax(dim=-1))),
        lambda n: n.ModuleList([n.Linear(2, 2), n.Linear(2, 2), n.Linear(2, 3)]),
        lambda n: n.CrossEntropyLoss(label_smoothing=0.1),
        lambda n: n.MSELoss(),
        lambda n: n.Dropout(0.1, inplace=True),
        lambda n: n.Identity(),
    ):
        assert repr(make(nn)) == repr(make(torch.nn))


def test_training_and_evaluation_give_the_same_numbers(torch: Any) -> None:
    images = np.random.default_rng(0).standard_normal((3, 1, 6, 7)).astype(np.float32)
    results = []
    for m in (mt, torch):
        m.manual_seed(3)
        model = net(m)
        outputs = [run(model, m.tensor(images))]  # draws a dropout mask
        outputs[0].pow(2).sum().backward()
        outputs += [p.grad for p in model.parameters()]
        outputs.append(run(model.eval(), m.tensor(images)))
        results.append([o.detach().numpy() for o in outputs])
    for ours, theirs in zip(*results, strict=True):
        np.testing.assert_allclose(ours, theirs, 1e-5, 1e-6)


def test_a_state_dict_crosses_both_ways(torch: Any) -> None:
    ours, theirs = net(mt), net(torch)
    theirs.load_state_dict({k: torch.tensor(v.numpy()) for k, v in ours.state_dict().items()})
    back = net(mt)
    done = back.load_state_dict({k: mt.tensor(v.numpy()) for k, v in theirs.state_dict().items()})
    assert str(done) == repr(done) == "<All keys matched successfully>"
    for a, b in zip(ours.state_dict().values(), back.state_dict().values(), strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


MISTAKES = {
    "a missing key": lambda m, model, state: state.pop("stem.bias"),
    "an unexpected key": lambda m, model, state: state.update(extra=m.zeros(1)),
    "another size": lambda m, model, state: state.update({"stem.bias": m.zeros(3)}),
    "no tensor": lambda m, model, state: state.update({"stem.bias": 3}),
    "all of it": lambda m, model, state: (
        state.pop("block.scale"),
        state.pop("rest.0.weight"),
        state.update(extra=m.zeros(1), more=m.zeros(1)),
        state.update({"heads.b.weight": m.zeros(3, 5)}),
    ),
}


@pytest.mark.parametrize("mistake", MISTAKES)
def test_load_state_dict_refuses_word_for_word(torch: Any, mistake: str) -> None:
    said = []
    for m in (mt, torch):
        model = net(m)
        state = OrderedDict(model.state_dict())
        MISTAKES[mistake](m, model, state)
        said.append(error_of(lambda: model.load_state_dict(state)))
    assert said[0] == said[1]


def test_a_refused_state_dict_changes_nothing() -> None:
    model = net(mt)
    before = {k: v.clone() for k, v in model.state_dict().items()}
    state = {k: v + 1 for k, v in before.items()}
    del state["heads.b.weight"]
    with pytest.raises(RuntimeError, match="Missing key"):
        model.load_state_dict(state)
    assert all((v == before[k]).all() for k, v in model.state_dict().items())


def test_load_state_dict_that_is_not_strict() -> None:
    model = nn.Linear(2, 1)
    done = model.load_state_dict({"weight": mt.ones(1, 2), "other": mt.ones(1)}, strict=False)
    assert (done.missing_keys, done.unexpected_keys) == (["bias"], ["other"])
    assert model.weight.tolist() == [[1.0, 1.0]]


def test_load_state_dict_keeps_the_parameter_or_assigns_another() -> None:
    model, given = nn.Linear(2, 1, bias=False), mt.ones(1, 2)
    parameter = model.weight
    model.load_state_dict({"weight": given})
    assert model.weight is parameter
    given[0, 0] = 5.0
    assert model.weight.tolist() == [[1.0, 1.0]]
    model.load_state_dict({"weight": given}, assign=True)
    assert model.weight is not parameter
    assert isinstance(model.weight, nn.Parameter)
    given[0, 1] = 7.0
    assert model.weight.tolist() == [[5.0, 7.0]]


WRONG_CALLS = {
    "in_channels": lambda m: m.nn.Conv2d(3, 4, 3, groups=2),
    "out_channels": lambda m: m.nn.Conv2d(4, 3, 3, groups=2),
    "padding": lambda m: m.nn.Conv2d(1, 1, 3, padding="some"),
    "same with stride": lambda m: m.nn.Conv2d(1, 1, 3, 2, padding="same"),
    "dropout": lambda m: m.nn.Dropout(1.5),
    "train": lambda m: m.nn.ReLU().train(1),
    "parameter before init": lambda m: type(
        "Early",
        (m.nn.Module,),
        {"__init__": lambda self: setattr(self, "p", m.nn.Parameter(m.ones(1)))},
    )(),
    "module before init": lambda m: type(
        "Early", (m.nn.Module,), {"__init__": lambda self: setattr(self, "l", m.nn.ReLU())}
    )(),
    "no forward": lambda m: type("Lazy", (m.nn.Module,), {})()(m.ones(1)),
    "unknown keyword": lambda m: m.nn.Linear(1, 1, biass=True),
    "dotted name": lambda m: m.nn.ReLU().register_buffer("a.b", m.ones(1)),
    "empty name": lambda m: m.nn.ReLU().register_parameter("", None),
    "taken name": lambda m: m.nn.ReLU().register_buffer("forward", m.ones(1)),
    "not a parameter": lambda m: m.nn.ReLU().register_parameter("p", m.ones(1)),
    "not a leaf": lambda m: m.nn.ReLU().register_parameter(
        "p", m.nn.Parameter(m.ones(1)).__class__(m.ones(1)) * 2
    ),
    "assign to a parameter": lambda m: setattr(m.nn.Linear(1, 1), "weight", m.ones(1, 1)),
    "assign to a module": lambda m: setattr(m.nn.Sequential(m.nn.ReLU()), "0", 3),
    "attribute": lambda m: m.nn.Linear(1, 1).wieght,
    "submodule": lambda m: m.nn.Sequential(m.nn.ReLU()).get_submodule("1"),
    "integer dtype": lambda m: m.nn.Linear(1, 1).to(m.int64),
    "sequential item": lambda m: m.nn.Sequential(m.nn.ReLU(), 3),
    "sequential index": lambda m: m.nn.Sequential(m.nn.ReLU())[2],
    "list item": lambda m: m.nn.ModuleList([3]),
    "to a list's input": lambda m: m.nn.ModuleList([m.nn.ReLU()])(m.ones(1)),
}


@pytest.mark.parametrize("mistake", WRONG_CALLS)
def test_wrong_calls_raise_what_pytorch_raises(torch: Any, mistake: str) -> None:
    ours, theirs = (error_of(lambda m=m: WRONG_CALLS[mistake](m)) for m in (mt, torch))
    assert ours[0] == theirs[0], (ours, theirs)
    assert ours[1] == theirs[1]


def test_wrong_inputs_raise_what_pytorch_raises(torch: Any) -> None:
    for call in (
        lambda m: m.nn.Linear(3, 2)(m.ones(4, 5)),
        lambda m: m.nn.Conv2d(3, 2, 3)(m.ones(1, 4, 5, 5)),
        lambda m: m.nn.Conv2d(1, 2, 3)(m.ones(1, 1, 2, 2)),
        lambda m: m.nn.Conv2d(1, 2, 3)(m.ones(1, 1, 5, 5, dtype=m.float64)),
        lambda m: m.nn.MaxPool2d(4)(m.ones(1, 1, 2, 2)),
        lambda m: m.nn.MaxPool2d(2, padding=2)(m.ones(1, 1, 4, 4)),
        lambda m: m.nn.CrossEntropyLoss()(m.ones(2, 3), m.tensor([0, 3])),
        lambda m: m.nn.CrossEntropyLoss()(m.ones(2, 3), m.tensor([0])),
        lambda m: m.nn.CrossEntropyLoss(reduction="avg")(m.ones(2, 3), m.tensor([0, 1])),
        lambda m: m.nn.MSELoss()(m.ones(2, 3), m.ones(4)),
    ):
        ours, theirs = (error_of(lambda m=m: call(m))[0] for m in (mt, torch))
        assert ours == theirs


# ---- hooks ------------------------------------------------------------------------------------


def log_hooks(m: Any) -> list[Any]:
    """What the hooks of a small model see, in order, on either framework."""
    seen: list[Any] = []
    model = m.nn.Sequential(m.nn.Linear(2, 3, bias=False), m.nn.ReLU())
    with m.no_grad():
        model[0].weight.copy_(m.arange(6.0).reshape(3, 2) - 2)

    def note(name: str, values: Any) -> None:
        if values is None or isinstance(values, (int, float, str)):
            seen.append((name, values))
        elif isinstance(values, (tuple, list)):
            for value in values:
                note(name, value)
        else:
            seen.append((name, values.tolist()))

    model.register_forward_pre_hook(lambda mod, args: note("pre", args))
    model[0].register_forward_pre_hook(lambda mod, args: (args[0] * 2,))
    model[0].register_forward_hook(lambda mod, args, out: note("out", out))
    model[1].register_forward_hook(lambda mod, args, out: out + 1)
    model[1].register_forward_hook(lambda mod, args, out: note("first", out), prepend=True)
    model[0].register_full_backward_hook(
        lambda mod, gi, go: (note("grad_input", gi), note("grad_output", go))[:0] or None
    )
    model.register_full_backward_hook(lambda mod, gi, go: (gi[0] * 10,))
    model.register_full_backward_pre_hook(lambda mod, go: (note("before", go), (go[0] + 1,))[1])
    x = m.tensor([[1.0, -1.0]], requires_grad=True)
    model(x).sum().backward()
    note("x.grad", x.grad)
    note("weight.grad", model[0].weight.grad)
    return seen


def test_hooks_see_and_change_what_pytorchs_do(torch: Any) -> None:
    assert log_hooks(mt) == log_hooks(torch)


def test_hooks_with_keywords_and_their_removal() -> None:
    class Scale(nn.Module):
        def forward(self, x: mt.Tensor, *, by: float = 1.0) -> mt.Tensor:
            return x * by

    model, seen = Scale(), []
    first = model.register_forward_pre_hook(
        lambda mod, args, kwargs: (args, {"by": 3.0}), with_kwargs=True
    )
    model.register_forward_hook(
        lambda mod, args, kwargs, out: seen.append(kwargs), with_kwargs=True
    )
    assert model(mt.ones(1), by=2.0).item() == 3.0
    first.remove()
    assert model(mt.ones(1), by=2.0).item() == 2.0
    assert seen == [{"by": 3.0}, {"by": 2.0}]


def test_an_always_called_hook_runs_when_forward_fails() -> None:
    model, seen = nn.Linear(2, 2), []
    model.register_forward_hook(lambda mod, args, out: seen.append(out), always_call=True)
    with pytest.raises(RuntimeError):
        model(mt.ones(3))
    assert seen == [None]


# ---- parameters, buffers, copies --------------------------------------------------------------


def test_shared_parameters_are_listed_once_and_learn_together() -> None:
    a, b = nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False)
    b.weight = a.weight
    model = nn.Sequential(a, b)
    assert [n for n, _ in model.named_parameters()] == ["0.weight"]
    assert list(model.state_dict()) == ["0.weight", "1.weight"]
    names = [n for n, _ in model.named_parameters(remove_duplicate=False)]
    assert names == ["0.weight", "1.weight"]
    x = mt.ones(1, 2)
    model(x).sum().backward()
    twice = a.weight.grad.clone()
    w = a.weight.detach().clone().requires_grad_()
    ((x @ w.t()) @ w.t()).sum().backward()
    np.testing.assert_allclose(twice.numpy(), w.grad.numpy())


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies_are_whole_and_apart(duplicate: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    model[2].weight = nn.Parameter(model[0].weight.detach()[:1, :1].expand(1, 3).clone())
    model[0].register_buffer("seen", mt.zeros(1))
    model.eval()
    x = mt.randn(4, 2)
    model(x).sum().backward()
    other = duplicate(model)
    assert not other.training
    assert mt.equal(other(x), model(x))
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert isinstance(q, nn.Parameter)
        assert q.requires_grad
        assert q is not p
    with mt.no_grad():
        for q in other.parameters():
            q.zero_()
    assert not mt.equal(other(x), model(x))


def test_converting_keeps_the_parameters_themselves() -> None:
    model = net(mt)
    before = list(model.parameters())
    model.block.register_buffer("count", mt.tensor(3))
    assert model.double() is model
    assert all(a is b for a, b in zip(before, model.parameters(), strict=True))
    assert {p.dtype for p in model.parameters()} == {mt.float64}
    assert model.block.steps.dtype is mt.float64
    assert model.block.count.dtype is mt.int64
    assert run(model, mt.randn(1, 1, 6, 7, dtype=mt.float64)).dtype is mt.float64


def test_attributes_move_between_the_tables() -> None:
    model = nn.Module()
    model.thing = 3
    model.thing = nn.Parameter(mt.ones(1))
    assert "thing" in dict(model.named_parameters())
    assert "thing" not in model.__dict__
    model.thing = None
    assert model.thing is None
    del model.thing
    model.thing = nn.ReLU()
    assert list(dict(model.named_children())) == ["thing"]
    assert "thing" in dir(model)


def test_apply_freezing_and_zero_grad() -> None:
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))
    order: list[Any] = []
    assert model.apply(order.append) is model
    assert order == [model[0], model[1], model]
    model[0].requires_grad_(False)
    model(mt.ones(1, 2)).sum().backward()
    assert model[0].weight.grad is None
    held = model[1].weight.grad
    model.zero_grad(set_to_none=False)
    assert model[1].weight.grad is held
    assert held.abs().sum().item() == 0
    model.zero_grad()
    assert model[1].weight.grad is None


def test_containers_behave_as_lists_and_dicts(torch: Any) -> None:
    def story(m: Any) -> list[Any]:
        n = m.nn
        s = n.Sequential(n.ReLU(), n.Tanh(), n.Sigmoid())
        told = [len(s), repr(s[1:]), repr(s[-1]), repr(s + n.Sequential(n.Identity()))]
        s.append(n.Identity())
        s.insert(1, n.Flatten())
        del s[0]
        s[0] = n.Dropout(0.5)
        s.extend([n.ReLU()])
        told += [repr(s), repr(s.pop(1)), repr(s), [type(x).__name__ for x in s]]
        items = n.ModuleList(n.Linear(i + 1, 1) for i in range(3))
        items += [n.ReLU()]
        items.insert(0, n.Tanh())
        told += [repr(items), repr(items[1:3]), len(items), n.ReLU in [type(i) for i in items]]
        named = n.ModuleDict({"b": n.ReLU(), "a": n.Tanh()})
        named["c"] = n.Sigmoid()
        named.update({"d": n.Identity()})
        told += [repr(named), list(named), "a" in named, repr(named.pop("b")), len(named)]
        weights = n.ParameterList([m.ones(1), m.ones(2)])
        weights.append(n.Parameter(m.ones(3)))
        told += [len(weights), [tuple(w.shape) for w in weights]]
        table = n.ParameterDict({"u": m.ones(2)})
        table["v"] = n.Parameter(m.zeros(1))
        told += [list(table), [k for k, _ in table.named_parameters()]]
        return told

    assert story(mt) == story(torch)


def test_a_model_is_freed_by_reference_count_alone() -> None:
    gc.collect()
    gc.disable()
    try:
        model = net(mt)
        run(model, mt.randn(2, 1, 6, 7)).sum().backward()
        gone = weakref.ref(model), weakref.ref(model.stem.weight)
        del model
        assert [ref() for ref in gone] == [None, None]
    finally:
        gc.enable()


# ---- initialisation ---------------------------------------------------------------------------

INITS = {
    "uniform_": lambda i, t: i.uniform_(t, -2, 3),
    "normal_": lambda i, t: i.normal_(t, 1, 0.5),
    "trunc_normal_": lambda i, t: i.trunc_normal_(t, 0.2, 0.7, -1, 1),
    "constant_": lambda i, t: i.constant_(t, 0.3),
    "ones_": lambda i, t: i.ones_(t),
    "zeros_": lambda i, t: i.zeros_(t),
    "eye_": lambda i, t: i.eye_(t),
    "xavier_uniform_": lambda i, t: i.xavier_uniform_(t, 1.5),
    "xavier_normal_": lambda i, t: i.xavier_normal_(t),
    "kaiming_uniform_": lambda i, t: i.kaiming_uniform_(t, 0.1, "fan_out", "leaky_relu"),
    "kaiming_normal_": lambda i, t: i.kaiming_normal_(t, nonlinearity="relu"),
    "orthogonal_": lambda i, t: i.orthogonal_(t, 2.0),
    "sparse_": lambda i, t: i.sparse_(t, 0.3),
}


@pytest.mark.parametrize("name", INITS)
@pytest.mark.parametrize("shape", [(5, 4), (3, 20)], ids=str)
def test_initialisation_draws_what_pytorch_draws(
    torch: Any, name: str, shape: tuple[int, ...]
) -> None:
    drawn = []
    for m in (mt, torch):
        m.manual_seed(7)
        t = m.empty(shape)
        assert INITS[name](m.nn.init, t) is t
        drawn.append(t.numpy())
    if name in ("orthogonal_", "trunc_normal_"):  # LAPACK's rounding, and erfinv's
        np.testing.assert_allclose(*drawn, rtol=1e-5, atol=1e-6)
    else:
        np.testing.assert_array_equal(*drawn)


@pytest.mark.parametrize("groups", [1, 2])
def test_dirac(torch: Any, groups: int) -> None:
    made = [m.nn.init.dirac_(m.empty(4, 2, 3, 3), groups).numpy() for m in (mt, torch)]
    np.testing.assert_array_equal(*made)


def test_gains(torch: Any) -> None:
    for name in ("linear", "conv2d", "sigmoid", "tanh", "relu", "leaky_relu", "selu"):
        ours, theirs = (m.nn.init.calculate_gain(name) for m in (mt, torch))
        assert ours == theirs
    assert mt.nn.init.calculate_gain("leaky_relu", 0.2) == torch.nn.init.calculate_gain(
        "leaky_relu", 0.2
    )


def test_clipping_gradients(torch: Any) -> None:
    values = np.random.default_rng(1).standard_normal((2, 5)).astype(np.float32)
    for norm in (2.0, 1.0, float("inf")):
        clipped = []
        for m in (mt, torch):
            ps = [m.zeros(5, requires_grad=True) for _ in range(2)]
            for p, row in zip(ps, values, strict=True):
                p.grad = m.tensor(row)
            total = m.nn.utils.clip_grad_norm_(ps, 0.5, norm)
            clipped.append([total.item(), *(p.grad.numpy() for p in ps)])
        for ours, theirs in zip(*clipped, strict=True):
            np.testing.assert_allclose(ours, theirs, 1e-6)
