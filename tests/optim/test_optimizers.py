"""Optimizers: the same steps, state and refusals as PyTorch's."""

from __future__ import annotations

import copy
import importlib
import pickle
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

SHAPES: tuple[tuple[int, ...], ...] = ((3, 4), (5,), (), (2, 3, 2), (0, 2))
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}
STEPS = 12

# Per optimizer, the options of a run; every run is in float64 and float32.
RUNS: dict[str, list[dict[str, Any]]] = {
    "SGD": [
        {},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
        {"lr": 0.1, "momentum": 0.5, "dampening": 0.3, "maximize": True},
        {"lr": 0.1, "weight_decay": 0.2, "maximize": True},
        {"momentum": 0.9, "foreach": True},
        {"fused": True},
    ],
    "Adam": [
        {},
        {"lr": 0.1, "weight_decay": 0.1},
        {"lr": 0.05, "betas": (0.5, 0.7), "amsgrad": True},
        {"lr": 0.05, "eps": 0.1, "maximize": True},
        {"lr": 0.05, "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"foreach": True},
        {"fused": True},
    ],
    "AdamW": [
        {},
        {"lr": 0.1, "weight_decay": 0.3},
        {"lr": 0.1, "amsgrad": True, "maximize": True},
        {"lr": 0.1, "weight_decay": 0},
    ],
    "Adamax": [
        {},
        {"lr": 0.1, "weight_decay": 0.1, "maximize": True},
        {"betas": (0.5, 0.7), "eps": 0.1, "foreach": True},
    ],
    "NAdam": [
        {},
        {"lr": 0.1, "weight_decay": 0.1, "momentum_decay": 0.1},
        {"lr": 0.1, "weight_decay": 0.1, "decoupled_weight_decay": True, "maximize": True},
    ],
    "RAdam": [
        {},
        {"lr": 0.1, "betas": (0.8, 0.9), "weight_decay": 0.1},
        {"lr": 0.1, "betas": (0.5, 0.99), "weight_decay": 0.1, "decoupled_weight_decay": True},
        {"lr": 0.1, "maximize": True, "foreach": True},
    ],
    "RMSprop": [
        {},
        {"lr": 0.1, "momentum": 0.9},
        {"lr": 0.1, "centered": True, "weight_decay": 0.1},
        {"lr": 0.1, "centered": True, "momentum": 0.5, "alpha": 0.8, "maximize": True},
    ],
    "Rprop": [
        {},
        {"lr": 0.1, "etas": (0.3, 2.0), "step_sizes": (0.01, 0.2)},
        {"lr": 0.1, "maximize": True, "foreach": True},
    ],
    "Adagrad": [
        {},
        {"lr": 0.1, "lr_decay": 0.1, "weight_decay": 0.1},
        {"lr": 0.1, "initial_accumulator_value": 0.5, "eps": 0.1, "maximize": True},
        {"fused": True},
    ],
    "Adadelta": [
        {},
        {"lr": 0.5, "rho": 0.5, "weight_decay": 0.1},
        {"eps": 0.01, "maximize": True, "foreach": True},
    ],
    "ASGD": [
        {},
        {"lr": 0.1, "lambd": 0.1, "alpha": 0.5, "t0": 3},
        {"lr": 0.1, "weight_decay": 0.1, "t0": 0, "maximize": True},
    ],
    "Adafactor": [
        {},
        {"lr": 0.5, "weight_decay": 0.1},
        {"lr": 0.1, "beta2_decay": -0.5, "eps": (1e-3, 1e-2), "d": 2.0, "maximize": True},
    ],
}
ALL_RUNS = [(name, options) for name, runs in RUNS.items() for options in runs]


def arrays(seed: int, dtype: str) -> list[Any]:
    rng = np.random.default_rng(seed)
    return [np.asarray(rng.standard_normal(shape), dtype) for shape in SHAPES]


def parameters(m: Any, dtype: str, name: str) -> list[Any]:
    """Parameters of every rank, one laid out backwards, and one that never has a gradient."""
    made = [
        m.tensor(a.tolist(), dtype=getattr(m, dtype)).reshape(a.shape) for a in arrays(0, dtype)
    ]
    made[0] = made[0].t().contiguous().t()
    if name == "Adafactor":
        del made[-1]  # PyTorch's divides by its number of elements, which is 0
    made.append(m.ones(2, dtype=getattr(m, dtype)))
    return [p.requires_grad_() for p in made]


def give_gradients(m: Any, ps: list[Any], step: int, dtype: str) -> None:
    for number, (p, g) in enumerate(zip(ps[:-1], arrays(step + 1, dtype), strict=False)):
        if step or number:  # the first parameter joins one step late
            p.grad = m.empty_like(p)  # laid out like its parameter, as backward does
            p.grad.copy_(m.tensor(g.tolist(), dtype=p.dtype).reshape(g.shape))


def run(m: Any, name: str, options: dict[str, Any], dtype: str, steps: int = STEPS) -> Any:
    ps = parameters(m, dtype, name)
    optimizer = getattr(m.optim, name)(ps, **options)
    for step in range(steps):
        give_gradients(m, ps, step, dtype)
        optimizer.step()
    return ps, optimizer


def agree(ours: Any, theirs: Any, tolerance: float, what: str = "") -> None:
    """Assert that two trees of state are alike: keys in order, kinds, shapes, dtypes, values."""
    if isinstance(theirs, dict):
        assert list(ours) == list(theirs), what
        for key in theirs:
            agree(ours[key], theirs[key], tolerance, f"{what}.{key}")
    elif isinstance(theirs, (list, tuple)):
        assert type(ours) is type(theirs) and len(ours) == len(theirs), what
        for number, (a, b) in enumerate(zip(ours, theirs, strict=True)):
            agree(a, b, tolerance, f"{what}[{number}]")
    elif hasattr(theirs, "dtype"):
        assert (str(ours.dtype), tuple(ours.shape)) == (str(theirs.dtype), tuple(theirs.shape)), (
            what
        )
        np.testing.assert_allclose(
            ours.detach().numpy(), theirs.detach().numpy(), tolerance, tolerance, err_msg=what
        )
    elif isinstance(theirs, float):
        assert ours == pytest.approx(theirs, rel=tolerance), what
    else:
        assert ours == theirs and type(ours) is type(theirs), what


def to_other(m: Any, value: Any) -> Any:
    """The same tree of state with the tensors of the other framework `m`."""
    if isinstance(value, dict):
        return {key: to_other(m, item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(to_other(m, item) for item in value)
    if hasattr(value, "dtype"):
        name = str(value.dtype).removeprefix("torch.")
        return m.tensor(value.detach().tolist(), dtype=getattr(m, name)).reshape(tuple(value.shape))
    return value


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(("name", "options"), ALL_RUNS)
def test_steps_as_pytorch(name: str, options: dict[str, Any], dtype: str) -> None:
    torch = the_torch()
    ps, optimizer = run(minitorch, name, options, dtype)
    qs, theirs = run(torch, name, options, dtype)
    for p, q in zip(ps, qs, strict=True):
        agree(p, q, TOLERANCES[dtype], "parameter")
    agree(optimizer.state_dict(), theirs.state_dict(), TOLERANCES[dtype])
    assert repr(optimizer) == repr(theirs)


@pytest.mark.parametrize(("name", "options"), ALL_RUNS)
def test_a_run_goes_on_from_either_frameworks_state(name: str, options: dict[str, Any]) -> None:
    torch = the_torch()
    ps, _ = run(minitorch, name, options, "float64")
    for source, target in ((torch, minitorch), (minitorch, torch), (minitorch, minitorch)):
        halfway, first = run(source, name, options, "float64", STEPS // 2)
        values = to_other(target, halfway)
        second_ps = [p.clone().requires_grad_() for p in values]
        second = getattr(target.optim, name)(second_ps)  # options come with the state
        second.load_state_dict(to_other(target, first.state_dict()))
        for step in range(STEPS // 2, STEPS):
            give_gradients(target, second_ps, step, "float64")
            second.step()
        for p, q in zip(ps, second_ps, strict=True):
            agree(p, q, 1e-9, f"{source.__name__} to {target.__name__}")


@pytest.mark.parametrize("name", RUNS)
def test_large_and_small_arrays_step_alike(name: str) -> None:
    from minitorch.kernels.cache_blocks import CACHE

    rng = np.random.default_rng(0)
    n = CACHE // 8 + 3  # some pieces and a bit
    start, gradients = rng.standard_normal((n,)), rng.standard_normal((3, n))
    whole = minitorch.tensor(start.tolist(), requires_grad=True)
    spread = minitorch.tensor(np.repeat(start, 2).tolist()).float()
    strided = spread[::2].detach().requires_grad_()  # not in memory order, so not cut into pieces
    one = getattr(minitorch.optim, name)([whole], lr=0.1)
    other = getattr(minitorch.optim, name)([strided], lr=0.1)
    for g in gradients:
        whole.grad = minitorch.tensor(g.tolist())
        strided.grad = minitorch.tensor(g.tolist())
        one.step()
        other.step()
    np.testing.assert_allclose(whole.detach().numpy(), strided.detach().numpy(), 1e-6, 1e-6)
    assert whole.dtype is minitorch.float32


BAD = [
    ("SGD", {"lr": -0.1}),
    ("SGD", {"momentum": -1}),
    ("SGD", {"weight_decay": -1}),
    ("SGD", {"nesterov": True}),
    ("SGD", {"nesterov": True, "momentum": 0.9, "dampening": 0.1}),
    ("SGD", {"fused": True, "foreach": True}),
    ("Adam", {"lr": -1}),
    ("Adam", {"eps": -1}),
    ("Adam", {"betas": (1.0, 0.9)}),
    ("Adam", {"betas": (0.9, -0.1)}),
    ("Adam", {"betas": (0, 0.9)}),
    ("Adam", {"weight_decay": -1.0}),
    ("Adam", {"fused": True, "foreach": True}),
    ("Adam", {"fused": True, "differentiable": True}),
    ("Adamax", {"betas": (0.9, 1.0)}),
    ("Adamax", {"eps": -1.0}),
    ("NAdam", {"momentum_decay": -1.0}),
    ("NAdam", {"weight_decay": -1.0}),
    ("RAdam", {"lr": -1.0}),
    ("RMSprop", {"momentum": -1.0}),
    ("RMSprop", {"alpha": -1.0}),
    ("Rprop", {"etas": (1.5, 1.2)}),
    ("Adagrad", {"lr_decay": -1.0}),
    ("Adagrad", {"initial_accumulator_value": -1.0}),
    ("Adagrad", {"fused": True, "foreach": True}),
    ("Adadelta", {"rho": 1.5}),
    ("ASGD", {"weight_decay": -1.0}),
    ("Adafactor", {"lr": -1.0}),
    ("Adafactor", {"beta2_decay": 0.5}),
    ("Adafactor", {"eps": (-1.0, 1.0)}),
    ("Adafactor", {"eps": (None, -1.0)}),
    ("Adafactor", {"d": 0.5}),
    ("Adafactor", {"weight_decay": -1.0}),
    ("LBFGS", {"lr": -1.0}),
    ("AdamW", {"betas": (0.9, 1.0)}),
    ("AdamW", {"lr": float("nan")}),
]


@pytest.mark.parametrize(("name", "options"), BAD)
def test_bad_options_are_refused_in_pytorchs_words(name: str, options: dict[str, Any]) -> None:
    torch = the_torch()
    with pytest.raises(Exception) as theirs:
        getattr(torch.optim, name)([torch.ones(1)], **options)
    with pytest.raises(type(theirs.value)) as ours:
        getattr(minitorch.optim, name)([minitorch.ones(1)], **options)
    assert str(ours.value) == str(theirs.value)


@pytest.mark.parametrize("name", [*RUNS, "LBFGS"])
def test_signatures_are_pytorchs(name: str) -> None:
    import inspect

    theirs = inspect.signature(getattr(the_torch().optim, name).__init__).parameters.values()
    ours = inspect.signature(getattr(minitorch.optim, name).__init__).parameters.values()
    assert [(p.name, p.default, p.kind) for p in ours] == [
        (p.name, p.default, p.kind) for p in theirs
    ]


BAD_PARAMETERS: dict[str, Any] = {
    "nothing": lambda m: [],
    "a tensor": lambda m: m.ones(2),
    "a number": lambda m: [1.0],
    "a set": lambda m: [{"params": {m.ones(1)}}],
    "a result": lambda m: [m.ones(1, requires_grad=True) * 2],
    "twice in two groups": lambda m: [{"params": [p := m.ones(1)]}, {"params": [p]}],
    "some names": lambda m: [("a", m.ones(1)), m.ones(1)],
    "groups with and without names": lambda m: [
        {"params": [("a", m.ones(1))]},
        {"params": [m.ones(1)]},
    ],
    "no dict": lambda m: [{"params": [m.ones(1)]}, 3],
}


@pytest.mark.parametrize("what", BAD_PARAMETERS)
def test_bad_parameters_are_refused_in_pytorchs_words(what: str) -> None:
    torch = the_torch()
    with pytest.raises(Exception) as theirs:
        torch.optim.SGD(BAD_PARAMETERS[what](torch))
    with pytest.raises(type(theirs.value)) as ours:
        minitorch.optim.SGD(BAD_PARAMETERS[what](minitorch))
    words = str(theirs.value)
    if words.endswith(("float", "torch.FloatTensor")):  # where PyTorch names the type otherwise
        words = words.rpartition(" ")[0]
    assert str(ours.value).startswith(words)


def test_a_parameter_twice_in_a_group_is_warned_of() -> None:
    p = minitorch.ones(1, requires_grad=True)
    with pytest.warns(UserWarning, match="duplicate parameters"):
        minitorch.optim.SGD([p, p])


def test_groups_have_options_of_their_own() -> None:
    torch = the_torch()
    for m in (minitorch, torch):
        a, b, c = (m.ones(2, requires_grad=True) for _ in range(3))
        optimizer = m.optim.AdamW([{"params": a, "lr": 0.5}, {"params": [b]}], lr=0.25)
        optimizer.add_param_group({"params": [c], "weight_decay": 0.0, "name": "head"})
        for p in (a, b, c):
            p.grad = m.ones(2)
        optimizer.step()
        if m is minitorch:
            ours, printed = [a, b, c], repr(optimizer)
            state = optimizer.state_dict()
        else:
            for p, q in zip(ours, [a, b, c], strict=True):
                agree(p, q, 1e-6)
            assert printed == repr(optimizer)
            agree(state, optimizer.state_dict(), 1e-6)


def test_names_are_kept_through_a_state_dict() -> None:
    model = minitorch.nn.Linear(2, 1)
    optimizer = minitorch.optim.Adam(model.named_parameters())
    assert optimizer.state_dict()["param_groups"][0]["param_names"] == ["weight", "bias"]
    other = minitorch.optim.Adam(minitorch.nn.Linear(2, 1).named_parameters())
    nameless = optimizer.state_dict()
    del nameless["param_groups"][0]["param_names"]
    other.load_state_dict(nameless)
    assert other.param_groups[0]["param_names"] == ["weight", "bias"]


def test_a_tensor_may_be_the_learning_rate() -> None:
    torch = the_torch()
    for name in RUNS:
        options = {"lr": minitorch.tensor([0.125]).double()}
        ps, _ = run(minitorch, name, options, "float64")
        qs, _ = run(torch, name, {"lr": torch.tensor(0.125).double()}, "float64")
        for p, q in zip(ps, qs, strict=True):
            agree(p, q, 1e-9, name)
        with pytest.raises(ValueError, match="Tensor lr must be 1-element"):
            getattr(minitorch.optim, name)([minitorch.ones(1)], lr=minitorch.ones(2))


def test_tensor_betas() -> None:
    betas = (minitorch.tensor(0.5), minitorch.tensor(0.75))
    ps, _ = run(minitorch, "Adam", {"betas": betas}, "float64")
    qs, _ = run(minitorch, "Adam", {"betas": (0.5, 0.75)}, "float64")
    for p, q in zip(ps, qs, strict=True):
        agree(p, q, 1e-12)
    with pytest.raises(ValueError, match=r"lr as a Tensor is not supported"):
        minitorch.optim.Adam([minitorch.ones(1)], lr=minitorch.tensor(0.1), foreach=True)


def test_state_that_the_rule_does_not_know_is_left_alone() -> None:
    for size in (3, 70_000):
        p = minitorch.ones(size, requires_grad=True)
        p.grad = minitorch.ones(size)
        optimizer = minitorch.optim.SGD([p], lr=0.5, weight_decay=1.0)
        # The first is what older PyTorch saves of a step without momentum.
        notes = {"momentum_buffer": None, "note": "mine", "seen": minitorch.ones(2)}
        optimizer.state[p] = dict(notes)
        optimizer.step()
        assert (p == 0).all() and list(optimizer.state[p]) == list(notes)
        optimizer.param_groups[0]["momentum"] = 0.5  # the next step is the first with momentum
        optimizer.step()
        assert (p == -0.5).all() and (optimizer.state[p]["momentum_buffer"] == 1).all()


@pytest.mark.parametrize("name", ["SGD", "Adam", "AdamW", "RMSprop", "RAdam"])
def test_a_number_of_numpys_is_one_of_pythons(name: str) -> None:
    found = []
    for number in (float, np.float64):
        options: dict[str, Any] = {"lr": number(0.1)}
        if name == "RAdam":
            options["betas"] = (number(0.9), number(0.99))
        ps, _ = run(minitorch, name, options, "float32", steps=3)
        found.append([p.detach().numpy() for p in ps])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one, other)


def test_capturable_is_refused_before_anything_changes() -> None:
    p = minitorch.ones(1, requires_grad=True)
    p.grad = minitorch.ones(1)
    optimizer = minitorch.optim.Adam([p], capturable=True)
    with pytest.raises(AssertionError, match="capturable"):  # as PyTorch on the CPU
        optimizer.step()
    assert p.item() == 1.0


DIFFERENTIABLE = [
    (name, options)
    for name, options in ALL_RUNS
    if name != "Adafactor" and not {"foreach", "fused"} & set(options)
]


def stepped(m: Any, name: str, options: dict[str, Any], start: Any, grads: Any, lr: Any) -> Any:
    """The parameter after a recorded step by each of `grads`."""
    p = start.clone()
    optimizer = getattr(m.optim, name)([p], differentiable=True, **{**options, "lr": lr})
    for grad in grads:
        p.grad = grad
        optimizer.step()
    return p


@pytest.mark.parametrize(("name", "options"), DIFFERENTIABLE)
def test_steps_are_differentiated_truly(name: str, options: dict[str, Any]) -> None:
    rng = np.random.default_rng(0)
    start, *grads = [minitorch.tensor(rng.standard_normal(5), requires_grad=True) for _ in range(4)]
    lr = minitorch.tensor(0.0625, dtype=minitorch.float64, requires_grad=name != "ASGD")

    def after(start: Any, lr: Any, *grads: Any) -> Any:
        return stepped(minitorch, name, options, start, grads, lr)

    assert minitorch.autograd.gradcheck(after, (start, lr, *grads))


@pytest.mark.parametrize(("name", "options"), DIFFERENTIABLE)
def test_steps_are_differentiated_as_in_pytorch(name: str, options: dict[str, Any]) -> None:
    torch = the_torch()
    found = []
    for m in (minitorch, torch):
        start, grad = (
            m.tensor(values, dtype=m.float64, requires_grad=True)
            for values in ([0.5, -1.5, 2.0], [1.0, -0.25, -2.0])
        )
        p = stepped(m, name, options, start, [grad], 0.0625)
        loss = (p**3).sum()
        by_grad = m.autograd.grad(loss, grad, retain_graph=True, allow_unused=True)
        found.append([p, *m.autograd.grad(loss, start), *by_grad])
    if options.get("momentum") and name == "SGD":  # PyTorch leaves the first momentum out
        found = [both[:1] for both in found]
    for ours, theirs in zip(*found, strict=True):
        assert (ours is None) == (theirs is None)
        if theirs is not None:  # (whose count of steps is float32)
            np.testing.assert_allclose(ours.detach().numpy(), theirs.detach().numpy(), 1e-4, 1e-6)


def test_a_recorded_step_of_a_leaf_is_refused_before_anything_changes() -> None:
    for m in (minitorch, the_torch()):
        p = m.ones(2, requires_grad=True)
        p.grad = m.ones(2)
        optimizer = m.optim.Adam([p], differentiable=True)
        with pytest.raises(RuntimeError, match="a leaf Variable that requires grad"):
            optimizer.step()
        assert p.tolist() == [1, 1] and (m is not minitorch or not optimizer.state)
    with pytest.raises(ValueError, match="can't optimize a non-leaf Tensor"):
        minitorch.optim.Adam([minitorch.ones(2, requires_grad=True).clone()])
    p = minitorch.ones(2)
    p.grad = minitorch.ones(2)
    minitorch.optim.SGD([p], lr=0.5, differentiable=True).step()  # nothing asks for gradients
    assert p.tolist() == [0.5, 0.5]
    with pytest.raises(NotImplementedError, match="no gradient reaches lr"):
        lr = minitorch.tensor(0.1, requires_grad=True)
        minitorch.optim.ASGD([p], lr=lr, differentiable=True)


def test_a_closure_runs_with_gradients_on_and_its_loss_is_returned() -> None:
    w = minitorch.tensor([1.0], requires_grad=True)
    optimizer = minitorch.optim.Adam([w], lr=0.5)

    def closure() -> Any:
        optimizer.zero_grad()
        loss = (w * w).sum()
        loss.backward()
        return loss

    with minitorch.no_grad():
        loss = optimizer.step(closure)
    assert loss.item() == 1.0 and w.item() == pytest.approx(0.5)


def test_a_step_is_seen_by_the_graph() -> None:
    w = minitorch.tensor([2.0], requires_grad=True)
    loss = (w * w).sum()
    w.grad = minitorch.ones(1)
    minitorch.optim.Adam([w]).step()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_step_hooks_may_change_the_arguments() -> None:
    for m in (minitorch, the_torch()):
        w = m.ones(1, requires_grad=True)
        optimizer = m.optim.SGD([w], lr=1.0)
        called: list[Any] = []
        before = optimizer.register_step_pre_hook(
            lambda o, args, kwargs: (called.append((len(args), kwargs)), ((o, lambda: 7.0), {}))[1]
        )
        optimizer.register_step_post_hook(lambda o, args, kwargs: called.append("after"))
        module = importlib.import_module(f"{m.__name__}.optim.optimizer")
        everywhere = module.register_optimizer_step_post_hook(
            lambda o, args, kwargs: called.append("everywhere")
        )
        assert optimizer.step() == 7.0
        assert called == [(1, {}), "after", "everywhere"]
        everywhere.remove()
        before.remove()
        assert optimizer.step() is None
        optimizer.register_step_pre_hook(lambda o, args, kwargs: 3)
        with pytest.raises(RuntimeError, match="must return None or a tuple"):
            optimizer.step()


def test_state_dict_hooks() -> None:
    for m in (minitorch, the_torch()):
        w = m.ones(1, requires_grad=True)
        optimizer = m.optim.Adam([w])
        called: list[str] = []
        optimizer.register_state_dict_pre_hook(lambda o: called.append("pre"))
        optimizer.register_state_dict_post_hook(lambda o, s: {**s, "more": 1})
        saved = optimizer.state_dict()
        assert called == ["pre"] and saved["more"] == 1
        optimizer.register_load_state_dict_pre_hook(lambda o, s: called.append("second"))
        optimizer.register_load_state_dict_pre_hook(lambda o, s: s["inner"], prepend=True)
        optimizer.register_load_state_dict_post_hook(lambda o: called.append("post"))
        optimizer.load_state_dict({"inner": saved})
        assert called == ["pre", "second", "post"]


def test_an_optimizer_of_ones_own_in_pytorchs_way() -> None:
    class Halve(minitorch.optim.Optimizer):
        def __init__(self, params: Any) -> None:
            super().__init__(params, {})

        @minitorch.no_grad()
        def step(self, closure: Any = None) -> None:
            for group in self.param_groups:
                for p in group["params"]:
                    p.mul_(0.5)

    w = minitorch.ones(1, requires_grad=True)
    optimizer = Halve([w])
    called = []
    optimizer.register_step_post_hook(lambda o, args, kwargs: called.append(len(args)))
    optimizer.step()
    assert w.item() == 0.5 and called == [1]


def test_loading_refuses_other_groups() -> None:
    one, two = (minitorch.ones(1, requires_grad=True) for _ in range(2))
    saved = minitorch.optim.SGD([one]).state_dict()
    with pytest.raises(ValueError, match="different number of parameter groups"):
        minitorch.optim.SGD([{"params": one}, {"params": two}]).load_state_dict(saved)
    with pytest.raises(ValueError, match="doesn't match the size"):
        minitorch.optim.SGD([one, two]).load_state_dict(saved)


def test_loading_copies_the_state() -> None:
    ps, first = run(minitorch, "Adam", {}, "float32", 2)
    second = minitorch.optim.Adam([p.detach().clone().requires_grad_() for p in ps])
    second.load_state_dict(first.state_dict())
    before = first.state[ps[1]]["exp_avg"].clone()
    for p in second.param_groups[0]["params"]:
        p.grad = minitorch.ones_like(p)
    second.step()
    assert (first.state[ps[1]]["exp_avg"] == before).all()


def test_state_of_an_older_version_is_brought_up_to_date() -> None:
    ps, first = run(minitorch, "Adam", {}, "float32", 2)
    saved = copy.deepcopy(first.state_dict())
    for values in saved["state"].values():
        values["step"] = int(values["step"])
    for option in ("maximize", "foreach", "capturable", "differentiable", "fused", "amsgrad"):
        del saved["param_groups"][0][option]
    second = minitorch.optim.Adam(ps)
    second.load_state_dict(saved)
    agree(second.state_dict()["state"], first.state_dict()["state"], 0.0)
    assert {**second.param_groups[0]} == {**first.param_groups[0]}
    third = minitorch.optim.AdamW(ps)
    third.load_state_dict(saved)
    assert third.param_groups[0]["decoupled_weight_decay"] is True


def test_optimizers_are_copied_and_pickled_with_their_parameters() -> None:
    model = minitorch.nn.Linear(2, 1)
    optimizer = minitorch.optim.Adam(model.parameters())
    optimizer.register_step_pre_hook(lambda *_: None)
    model(minitorch.ones(1, 2)).sum().backward()
    optimizer.step()
    for again, second in (
        copy.deepcopy((model, optimizer)),
        pickle.loads(pickle.dumps((model, optimizer))),
    ):
        assert second.param_groups[0]["params"][0] is again.weight
        again(minitorch.ones(1, 2)).sum().backward()
        second.step()
        assert second.state[again.weight]["step"].item() == 2.0
    assert optimizer.state[model.weight]["step"].item() == 1.0


# ---- L-BFGS -----------------------------------------------------------------------------------


def valley(m: Any, dtype: str) -> tuple[list[Any], Any]:
    """Rosenbrock's valley in two parameters of different shapes, beside one that is not used."""
    kind = getattr(m, dtype)
    ps = [
        m.tensor([[-1.2, 1.0], [0.5, -0.7]], dtype=kind),
        m.tensor(0.3, dtype=kind),
        m.ones(2, dtype=kind),
    ]
    for p in ps:
        p.requires_grad_()

    def loss() -> Any:
        x, y = ps[0][:, 0], ps[0][:, 1]
        return ((1 - x) ** 2 + 10 * (y - x * x) ** 2).sum() + (ps[1] - x.sum()) ** 2

    return ps, loss


def lbfgs(m: Any, options: dict[str, Any], dtype: str, steps: int) -> Any:
    ps, loss = valley(m, dtype)
    optimizer = m.optim.LBFGS(ps, **options)
    losses = []

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        losses.append(value.item())
        return value

    for _ in range(steps):
        optimizer.step(closure)
    return ps, optimizer, losses


LBFGS_RUNS: list[dict[str, Any]] = [
    {"lr": 0.01},
    {"lr": 0.01, "max_iter": 3, "history_size": 2},
    {"line_search_fn": "strong_wolfe"},
    {"line_search_fn": "strong_wolfe", "lr": 0.5, "max_iter": 4, "history_size": 3},
    {"line_search_fn": "strong_wolfe", "max_eval": 3},
    {"line_search_fn": "strong_wolfe", "tolerance_grad": 1e-2, "tolerance_change": 1e-2},
]


@pytest.mark.parametrize("options", LBFGS_RUNS)
def test_lbfgs_evaluates_the_same_points_as_pytorch(options: dict[str, Any]) -> None:
    ps, optimizer, losses = lbfgs(minitorch, options, "float64", 3)
    qs, theirs, their_losses = lbfgs(the_torch(), options, "float64", 3)
    assert losses == pytest.approx(their_losses, rel=1e-7)
    for p, q in zip(ps, qs, strict=True):
        agree(p, q, 1e-7)
    ours, state = optimizer.state_dict()["state"][0], theirs.state_dict()["state"][0]
    ours["t"], state["t"] = float(ours["t"]), float(state["t"])  # a number or a 0-d tensor
    agree(ours, state, 1e-6)
    assert repr(optimizer) == repr(theirs)


def test_lbfgs_goes_on_from_pytorchs_state() -> None:
    torch = the_torch()
    options = LBFGS_RUNS[3]
    whole, _, _ = lbfgs(minitorch, options, "float64", 3)
    halfway, theirs, _ = lbfgs(torch, options, "float64", 2)
    ps, loss = valley(minitorch, "float64")
    with minitorch.no_grad():
        for p, q in zip(ps, to_other(minitorch, halfway), strict=True):
            p.copy_(q)
    optimizer = minitorch.optim.LBFGS(ps)
    optimizer.load_state_dict(to_other(minitorch, theirs.state_dict()))

    def closure() -> Any:
        optimizer.zero_grad()
        value = loss()
        value.backward()
        return value

    optimizer.step(closure)
    for p, q in zip(ps, whole, strict=True):
        agree(p, q, 1e-7)


def test_lbfgs_in_float32_finds_the_minimum() -> None:
    ps, _, losses = lbfgs(minitorch, {"line_search_fn": "strong_wolfe"}, "float32", 5)
    assert losses[-1] < 1e-6 or losses[-1] < losses[0] / 1000
    assert ps[0].dtype is minitorch.float32


def test_lbfgs_on_a_straight_slope() -> None:
    for m in (minitorch, the_torch()):
        w = m.tensor([1.0], requires_grad=True)
        optimizer = m.optim.LBFGS([w], line_search_fn="strong_wolfe", max_iter=2)

        def closure() -> Any:
            optimizer.zero_grad()
            value = 2 * w.sum()
            value.backward()
            return value

        optimizer.step(closure)
        if m is minitorch:
            ours = w
    agree(ours, w, 1e-6)


def test_lbfgs_refusals() -> None:
    w = minitorch.ones(1, requires_grad=True)
    with pytest.raises(TypeError, match="closure"):
        minitorch.optim.LBFGS([w]).step()
    with pytest.raises(ValueError, match="per-parameter options"):
        minitorch.optim.LBFGS([{"params": w}, {"params": minitorch.ones(1)}])
    with pytest.raises(RuntimeError, match="only 'strong_wolfe' is supported"):
        minitorch.optim.LBFGS([w], line_search_fn="armijo").step(
            lambda: [(loss := (w * w).sum()).backward(), loss][1]
        )


LARGE = [
    ("float16", 300.0),
    ("float16", 3e4),
    ("float32", 1e20),
    ("float32", 1e25),
]


@pytest.mark.parametrize(("dtype", "size"), LARGE)
@pytest.mark.parametrize(("name", "options"), ALL_RUNS)
def test_large_gradients_move_a_parameter_as_in_pytorch(
    name: str, options: dict[str, Any], dtype: str, size: float, torch: Any
) -> None:
    """Squares are formed in the order, and of float16 in the precision, that PyTorch has."""
    found = []
    for m in (minitorch, torch):
        p = m.ones(5, dtype=getattr(m, dtype), requires_grad=True)
        optimizer = getattr(m.optim, name)([p], **options)
        for step in range(4):
            p.grad = m.tensor([1.0, -0.5, 1.5, 2.0, -1.0], dtype=p.dtype) * size
            p.grad[step] = 0.5
            optimizer.step()
        found.append(p.detach().numpy().astype(np.float64))
    ours, theirs = found
    if name == "Adafactor":  # its squares overflow in PyTorch too, at a few more places
        ours, theirs = ours[np.isfinite(theirs)], theirs[np.isfinite(theirs)]
    assert (np.isfinite(ours) == np.isfinite(theirs)).all()
    ours, theirs = ours[np.isfinite(ours)], theirs[np.isfinite(theirs)]
    tolerance = 3e-3 if dtype == "float16" else 1e-5
    least = tolerance * abs(theirs).max(initial=1)
    np.testing.assert_allclose(ours, theirs, rtol=tolerance, atol=least)


@pytest.mark.parametrize("name", ["Adam", "AdamW", "RMSprop", "Adamax"])
@pytest.mark.parametrize(("dtype", "size"), [LARGE[0], LARGE[2]])
def test_a_large_gradient_does_not_stop_the_parameters(name: str, dtype: str, size: float) -> None:
    p = minitorch.ones(2, dtype=getattr(minitorch, dtype), requires_grad=True)
    optimizer = getattr(minitorch.optim, name)([p], lr=0.01)
    for _ in range(3):
        p.grad = minitorch.full((2,), size, dtype=p.dtype)
        optimizer.step()
    assert p[0].item() < 0.98
