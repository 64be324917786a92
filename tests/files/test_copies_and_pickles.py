"""`copy`, `deepcopy` and pickles of tensors, parameters and optimizers, beside PyTorch."""

from __future__ import annotations

import copy
import io
import pickle
from typing import Any

import pytest

import minitorch


def pickled(x: Any) -> Any:
    return pickle.loads(pickle.dumps(x))


def saved(torch: Any) -> Any:
    def through_a_file(x: Any) -> Any:
        file = io.BytesIO()
        torch.save(x, file)
        file.seek(0)
        return torch.load(file)

    return through_a_file


WAYS = {"copy": lambda _: copy.copy, "deepcopy": lambda _: copy.deepcopy}
WAYS |= {"pickle": lambda _: pickled, "save": saved}


def leaf(torch: Any, **options: Any) -> Any:
    x = torch.tensor([1.0, 2.0], requires_grad=True, **options)
    x.grad = torch.tensor([3.0, 4.0], **options)
    return x


def parameter(torch: Any) -> Any:
    return torch.nn.Parameter(leaf(torch).detach())


def with_grad(x: Any) -> Any:
    x.grad = x.detach() * 3
    return x


def tied(torch: Any) -> Any:
    model = torch.nn.ModuleList([torch.nn.Linear(2, 2, bias=False) for _ in range(2)])
    model[1].weight = model[0].weight
    return model


def adam(torch: Any) -> Any:
    weight = with_grad(parameter(torch))
    optimizer = torch.optim.Adam([weight], lr=0.1)
    optimizer.step()
    return optimizer


MADE = {
    "leaf": leaf,
    "float64": lambda t: leaf(t, dtype=t.float64),
    "no gradient": lambda t: t.tensor([[1, 2], [3, 4]]),
    "0-d": lambda t: t.tensor(2.0, requires_grad=True),
    "empty": lambda t: t.empty(0, 3),
    "bool": lambda t: t.tensor([True, False]),
    "parameter": lambda t: with_grad(parameter(t)),
    "frozen parameter": lambda t: t.nn.Parameter(t.ones(2), requires_grad=False),
    "transposed": lambda t: t.arange(12.0).reshape(3, 4).t(),
    "every other": lambda t: t.arange(12.0)[1::2],
    "expanded": lambda t: t.ones(1).expand(3, 4),
    "permuted": lambda t: t.arange(24.0).reshape(2, 3, 4).permute(1, 2, 0),
    "expanded parameter": lambda t: t.nn.Parameter(t.ones(1).expand(3, 4)),
    "transposed parameter": lambda t: t.nn.Parameter(t.arange(6.0).reshape(2, 3).t()),
    "flipped": lambda t: t.arange(6.0).reshape(2, 3).flip(1),
    "detached view": lambda t: leaf(t).detach()[1:],
}


def told(x: Any) -> Any:
    return (
        type(x).__name__,
        x.tolist(),
        tuple(x.shape),
        x.stride() if x.numel() else None,
        str(x.dtype).rpartition(".")[2],
        x.requires_grad,
        x.is_leaf,
        None if x.grad is None else x.grad.tolist(),
    )


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("made", MADE)
def test_a_copy_is_as_pytorchs(way: str, made: str, torch: Any) -> None:
    def copied(t: Any) -> Any:
        x = MADE[made](t)
        y = WAYS[way](t)(x)
        return told(y), (y.data_ptr() == x.data_ptr() if x.numel() else None)

    assert copied(minitorch) == copied(torch)


def gradient_of_module(t: Any, how: Any) -> Any:
    layer = t.nn.Linear(2, 1)
    with_grad(layer.weight)
    return how(layer).weight.grad


def inner_loop(t: Any, how: Any) -> Any:
    layer, x = t.nn.Linear(2, 1, bias=False), t.ones(3, 2)
    layer(x).sum().backward()
    twin = how(layer)
    twin(x).sum().backward()
    return twin.weight.grad.tolist(), layer.weight.grad.tolist()


def optimizer_state(t: Any, how: Any) -> Any:
    optimizer = adam(t)
    twin = how(optimizer)
    (old,), (new,) = (o.param_groups[0]["params"] for o in (optimizer, twin))
    ours, theirs = optimizer.state[old], twin.state[new]
    own = [theirs[key].data_ptr() != ours[key].data_ptr() for key in ("exp_avg", "exp_avg_sq")]
    return new is not old, new.grad, list(theirs), own


def model_and_optimizer(t: Any, how: Any) -> Any:
    model = t.nn.Linear(1, 1)
    twin, optimizer = how((model, t.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)))
    return optimizer.param_groups[0]["params"][0] is twin.weight


def attributes(t: Any, how: Any) -> Any:
    x, p = t.ones(2), parameter(t)
    for tensor in (x, p):
        tensor.tag, tensor._own = [1], 2
    return [
        (getattr(c, "tag", None), getattr(c, "_own", None), getattr(c, "tag", 0) is tensor.tag)
        for tensor in (x, p)
        for c in [how(tensor)]
    ]


def hooks(t: Any, how: Any) -> Any:
    seen: list[str] = []
    for make in (leaf, parameter):
        x = make(t)
        x.register_hook(lambda g: seen.append("hook"))
        x.register_post_accumulate_grad_hook(lambda x: seen.append("after"))
        how(x).sum().backward()
    return seen


def memo(t: Any, how: Any) -> Any:
    x, p = leaf(t), parameter(t)
    a, b, c, d, e = how([x, x, p, p, x.grad])
    return a is b, c is d, a.grad is e


@pytest.mark.parametrize(
    "ask",
    [gradient_of_module, inner_loop, optimizer_state, model_and_optimizer, attributes, hooks, memo],
)
def test_what_a_deepcopy_holds_is_as_in_pytorch(ask: Any, torch: Any) -> None:
    assert ask(minitorch, copy.deepcopy) == ask(torch, copy.deepcopy)


def test_a_copied_parameter_starts_without_a_gradient() -> None:
    assert gradient_of_module(minitorch, copy.deepcopy) is None
    assert inner_loop(minitorch, copy.deepcopy) == ([[3.0, 3.0]], [[3.0, 3.0]])
    frozen = minitorch.nn.Parameter(minitorch.ones(1), requires_grad=False)
    assert not copy.deepcopy(frozen).requires_grad


# Pairs of tensors in one memory: a change of the first must show in the second of the copy too.
SHARED = {
    "a slice": lambda t, b: b[:2],
    "every other": lambda t, b: b[::2],
    "reshaped": lambda t, b: b.view(2, 2),
    "expanded": lambda t, b: b[:1].expand(3),
    "another dtype": lambda t, b: b.view(t.int32),
    "detached": lambda t, b: b.detach(),
    "transposed": lambda t, b: b.view(2, 2).t(),
    "data": lambda t, b: b.data,
    "copied": lambda t, b: copy.copy(b),
    "a leaf of its own": lambda t, b: b.detach()[:3].requires_grad_(),
}


@pytest.mark.parametrize(
    ("way", "view"),  # PyTorch does not save two types of one memory
    [*(("deepcopy", view) for view in SHARED)]
    + [("save", view) for view in SHARED if view != "another dtype"],
)
def test_views_of_one_memory_stay_together(way: str, view: str, torch: Any) -> None:
    def outcome(t: Any) -> Any:
        base = t.zeros(4)
        base_2, view_2 = WAYS[way](t)((base, SHARED[view](t, base)))
        base_2[0] = 5.0
        return view_2.tolist(), view_2.stride(), view_2.requires_grad, base.tolist()

    ours = outcome(minitorch)
    assert ours == outcome(torch)
    assert 0 not in (sum(map(bool, minitorch.tensor(ours[0]).flatten().tolist())), 1 - sum(ours[3]))


@pytest.mark.parametrize("way", ["copy", "deepcopy", "save"])
def test_tied_weights_stay_tied_in_a_state_dict(way: str, torch: Any) -> None:
    for t in (minitorch, torch):
        state = WAYS[way](t)(tied(t).state_dict())
        state["0.weight"][0, 0] = 9.0
        assert state["1.weight"][0, 0].item() == 9.0 and state._metadata is not None


@pytest.mark.parametrize("way", ["deepcopy", "pickle"])
def test_tied_parameters_stay_one_parameter(way: str) -> None:
    twin = WAYS[way](minitorch)(tied(minitorch))
    assert twin[0].weight is twin[1].weight and len(list(twin.parameters())) == 1


def test_a_copy_of_a_view_in_use_is_not_changed_unseen() -> None:
    w = minitorch.ones(2, requires_grad=True)
    for how in (copy.deepcopy, lambda pair: (pair[0], copy.copy(pair[0]))):
        base = minitorch.ones(2)
        whole, part = how((base, base[:1]))
        y = (w * whole).sum()
        part.mul_(2)  # in the memory that the product needs for its backward
        with pytest.raises(RuntimeError, match="modified by an inplace operation"):
            y.backward()


@pytest.mark.parametrize("way", ["copy", "deepcopy", "pickle"])
def test_what_is_no_leaf(way: str, torch: Any) -> None:
    def outcome(t: Any) -> Any:
        x = leaf(t) * 2
        try:
            y = WAYS[way](t)(x)
        except RuntimeError as error:
            return str(error)[:70]
        return y.tolist(), y.requires_grad, y.is_leaf

    assert outcome(minitorch) == outcome(torch)


def test_subclasses_keep_their_class() -> None:
    class Weight(minitorch.nn.Parameter):
        pass

    class Tagged(minitorch.Tensor):
        pass

    weight = with_grad(Weight(minitorch.ones(2)))
    assert type(copy.deepcopy(weight)) is Weight and copy.deepcopy(weight).grad is None
    tagged = minitorch.ones(2).as_subclass(Tagged)
    assert type(copy.deepcopy(tagged)) is type(copy.copy(tagged)) is Tagged
    buffer = minitorch.nn.Buffer(minitorch.ones(2), persistent=False)
    assert isinstance(copy.deepcopy(buffer), minitorch.nn.Buffer)
    assert copy.deepcopy(buffer).persistent is False


def test_a_copy_trains_as_the_original() -> None:
    minitorch.manual_seed(0)
    model = minitorch.nn.Sequential(
        minitorch.nn.Conv2d(1, 2, 3), minitorch.nn.BatchNorm2d(2), minitorch.nn.ReLU()
    )
    x = minitorch.randn(2, 1, 5, 5)
    for twin in (copy.deepcopy(model), pickled(model), copy.deepcopy(copy.deepcopy(model))):
        losses = []
        for net in (copy.deepcopy(model), twin):
            optimizer = minitorch.optim.SGD(net.parameters(), lr=0.1)
            for _ in range(3):
                loss = net(x).square().mean()
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            losses.append(loss.item())
        assert losses[0] == losses[1]


STEPS: dict[str, dict[str, Any]] = {
    "SGD": {"momentum": 0.9},
    "Adam": {"amsgrad": True},
    "RMSprop": {"momentum": 0.9, "centered": True},
    "LBFGS": {"max_iter": 2},
    **{name: {} for name in ("AdamW", "Adagrad", "Adadelta", "Adamax", "NAdam", "RAdam")},
    **{name: {} for name in ("ASGD", "Rprop", "Adafactor")},
}


@pytest.mark.parametrize("name", STEPS)
def test_a_loaded_optimizer_and_its_source_do_not_move_one_another(name: str) -> None:
    def start() -> tuple[Any, Any]:
        weight = minitorch.nn.Parameter(minitorch.tensor([[1.0, 2.0], [3.0, 4.0]]))
        return weight, getattr(minitorch.optim, name)([weight], lr=0.1, **STEPS[name])

    def step(weight: Any, optimizer: Any) -> None:
        def closure() -> Any:
            optimizer.zero_grad()
            loss = (weight - 3).square().sum()
            loss.backward()
            return loss

        optimizer.step(closure)

    def numbers(state: Any) -> Any:
        if isinstance(state, dict):
            return {key: numbers(value) for key, value in state.items()}
        if isinstance(state, (list, tuple)):
            return [numbers(value) for value in state]
        return state.tolist() if isinstance(state, minitorch.Tensor) else state

    weight, source = start()
    step(weight, source)
    other_weight, loaded = start()
    loaded.load_state_dict(source.state_dict())
    before = numbers(source.state_dict())
    step(other_weight, loaded)
    assert numbers(source.state_dict()) == before
    after = numbers(loaded.state_dict())
    assert after != before
    step(weight, source)
    assert numbers(loaded.state_dict()) == after
