"""Pruning, orthogonal weights, the adaptive softmax and `update_bn`, compared with PyTorch's."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np
import pytest

import minitorch as mt


def flat(value: Any) -> list[Any]:
    """Numbers and words of a result, in order."""
    if hasattr(value, "detach"):
        return [value.detach().numpy().astype("float64")]
    if isinstance(value, dict):
        return [part for key, each in value.items() for part in (key, *flat(each))]
    if isinstance(value, (list, tuple)):
        return [part for each in value for part in flat(each)]
    return [value]


def same(torch: Any, story: Callable[[Any], Any], tolerance: float = 1e-5) -> None:
    ends = []
    for m in (mt, torch):
        import_module(f"{m.__name__}.nn.utils.prune")
        m.manual_seed(4)
        try:
            ends.append(flat(story(m)))
        except Exception as error:
            ends.append([type(error).__name__, str(error).partition("<")[0]])
    ours, theirs = ends
    assert len(ours) == len(theirs), (ours, theirs)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, np.ndarray):
            np.testing.assert_allclose(a, b, tolerance, tolerance)
        else:
            assert a == b


PRUNINGS: dict[str, Callable[[Any, Any], Any]] = {
    "identity": lambda p, net: p.identity(net, "weight"),
    "random": lambda p, net: p.random_unstructured(net, "weight", 0.4),
    "random, none": lambda p, net: p.random_unstructured(net, "weight", 0),
    "l1": lambda p, net: p.l1_unstructured(net, "weight", 3),
    "l1 of the bias": lambda p, net: p.l1_unstructured(net, "bias", 0.5),
    "random channels": lambda p, net: p.random_structured(net, "weight", 2, 1),
    "norm of rows": lambda p, net: p.ln_structured(net, "weight", 0.5, 2, 0),
    "norm of columns": lambda p, net: p.ln_structured(net, "weight", 1, float("inf"), -1),
    "too many": lambda p, net: p.l1_unstructured(net, "weight", 100),
    "a negative amount": lambda p, net: p.l1_unstructured(net, "weight", -1),
    "too large a share": lambda p, net: p.random_structured(net, "weight", 1.5, 0),
    "no number": lambda p, net: p.random_unstructured(net, "weight", "half"),
    "no matrix": lambda p, net: p.ln_structured(net, "bias", 1, 2, 0),
    "no such dimension": lambda p, net: p.ln_structured(net, "weight", 1, 2, 3),
    "not pruned": lambda p, net: p.remove(net, "weight"),
}


@pytest.mark.parametrize("case", PRUNINGS)
def test_methods_prune_what_pytorchs_prune(case: str, torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.Linear(5, 4)
        PRUNINGS[case](m.nn.utils.prune, net)
        out = net(m.linspace(-1, 1, 10).reshape(2, 5))
        out.square().sum().backward()
        grads = [p.grad for p in net.parameters()]
        names = [name for name, _ in net.named_parameters()]
        return names, net.state_dict(), out, grads, m.nn.utils.prune.is_pruned(net), m.rand(1)

    same(torch, story)


def test_methods_on_top_of_each_other(torch: Any) -> None:
    def story(m: Any) -> Any:
        prune = m.nn.utils.prune
        net = m.nn.Sequential(m.nn.Conv2d(2, 4, 3), m.nn.Flatten(), m.nn.Linear(16, 3))
        told: list[Any] = []
        prune.l1_unstructured(net[0], "weight", 0.3)
        prune.ln_structured(net[0], "weight", 0.5, 2, 0)
        prune.random_unstructured(net[0], "weight", 5)
        told.append(net.state_dict())
        prune.custom_from_mask(net[2], "bias", m.tensor([0, 1, 1]))
        prune.global_unstructured(
            [(net[0], "weight"), (net[2], "weight")], prune.L1Unstructured, amount=20
        )
        told += [net.state_dict(), net(m.ones(1, 2, 4, 4))]
        prune.remove(net[0], "weight")
        told += [net.state_dict(), prune.is_pruned(net[0]), prune.is_pruned(net)]
        container = prune.PruningContainer()
        container._tensor_name = "a"
        method = prune.L1Unstructured(amount=2)
        method._tensor_name = "a"
        container.add_pruning_method(method)
        told += [len(container), container[0] is method, list(container) == [method]]
        told.append(container.compute_mask(m.tensor([3.0, 1.0, 2.0]), m.ones(3)))
        told.append(method.prune(m.tensor([3.0, 1.0, 2.0])))
        return told

    same(torch, story)


def named(prune: Any) -> Callable[[str], Any]:
    def make(name: str) -> Any:
        made = prune.Identity()
        made._tensor_name = name
        return made

    return make


WRONG: dict[str, Callable[[Any], Any]] = {
    "another parameter": lambda p: p.PruningContainer(named(p)("a")).add_pruning_method(
        named(p)("b")
    ),
    "no method": lambda p: p.PruningContainer().add_pruning_method(3),
    "no pairs": lambda p: p.global_unstructured(3, p.L1Unstructured, amount=1),
    "no dict": lambda p: p.global_unstructured([], p.L1Unstructured, [1], amount=1),
}


@pytest.mark.parametrize("case", WRONG)
def test_refusals(case: str, torch: Any) -> None:
    same(torch, lambda m: WRONG[case](m.nn.utils.prune))


def test_scores_and_a_failure_leave_the_layer_as_it_was(torch: Any) -> None:
    def story(m: Any) -> Any:
        net, prune = m.nn.Linear(2, 2), m.nn.utils.prune
        scores = m.tensor([[1.0, 4.0], [3.0, 2.0]])
        prune.l1_unstructured(net, "weight", 2, importance_scores=scores)
        told = [net.weight_mask]
        for wrong in (m.ones(3), m.ones(1)):
            try:
                prune.l1_unstructured(net, "bias", 1, importance_scores=wrong)
            except AssertionError as error:
                told.append(str(error).partition(" of ")[0])
        try:
            prune.l1_unstructured(net, "bias", 9)
        except ValueError:
            told.append([name for name, _ in net.named_parameters()])
        return told

    same(torch, story)


ORTHOGONAL = [
    (shape, kind, trivial)
    for shape in ((4, 4), (6, 3), (3, 6))
    for kind in (None, "matrix_exp", "cayley", "householder")
    for trivial in (True, False)
]


@pytest.mark.parametrize(("shape", "kind", "trivial"), ORTHOGONAL)
def test_orthogonal_weights(shape: Any, kind: Any, trivial: bool, torch: Any) -> None:
    def story(m: Any) -> Any:
        layer = m.nn.Linear(shape[1], shape[0], bias=False)
        m.nn.utils.parametrizations.orthogonal(layer, "weight", kind, use_trivialization=trivial)
        told = [repr(layer).replace("  ", ""), layer.weight]
        optimizer = m.optim.SGD(layer.parameters(), lr=0.05)
        for _ in range(3):
            loss = layer(m.linspace(-1, 1, 2 * shape[1]).reshape(2, -1)).pow(3).sum()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        told += [loss, layer.weight, list(layer.state_dict())]
        q = layer.weight.mT if shape[0] < shape[1] else layer.weight
        assert m.allclose(q.mT @ q, m.eye(min(shape)), atol=1e-4)
        return told

    same(torch, story, 1e-4)


def test_orthogonal_weights_are_refused(torch: Any) -> None:
    for call in (
        lambda f, nn: f(nn.Linear(2, 2), "no"),
        lambda f, nn: f(nn.Linear(2, 2), "bias"),
        lambda f, nn: f(nn.Linear(2, 2), "weight", "givens"),
    ):
        same(torch, lambda m, call=call: call(m.nn.utils.parametrizations.orthogonal, m.nn))  # type: ignore[misc]


@pytest.mark.parametrize("options", [{}, {"div_value": 2.0, "head_bias": True}])
def test_adaptive_softmax(options: Any, torch: Any) -> None:
    def story(m: Any) -> Any:
        layer = m.nn.AdaptiveLogSoftmaxWithLoss(16, 20, [5, 12], **options)
        x = m.randn(6, 16)
        output, loss = layer(x, m.tensor([0, 19, 7, 4, 12, 3]))
        loss.backward()
        told = [repr(layer), output, loss, [p.grad for p in layer.parameters()]]
        told += [layer.log_prob(x), layer.predict(x), layer(x[0], m.tensor(13))]
        layer.reset_parameters()
        return [*told, layer.state_dict()]

    same(torch, story)


def test_adaptive_softmax_is_refused(torch: Any) -> None:
    for cutoffs in ([], [0, 5], [5, 5], [7, 3], [20], [1.5]):
        same(torch, lambda m, c=cutoffs: repr(m.nn.AdaptiveLogSoftmaxWithLoss(8, 20, c)))  # type: ignore[misc]
    for x, y in (((2, 8), [0]), ((8,), [0]), ((2, 8), 0), ((1, 8), [[0]]), ((1, 8), [20])):
        same(
            torch,
            lambda m, x=x, y=y: m.nn.AdaptiveLogSoftmaxWithLoss(8, 20, [4])(  # type: ignore[misc]
                m.ones(x), m.tensor(y)
            )[0],
        )


def test_update_bn(torch: Any) -> None:
    def story(m: Any) -> Any:
        model = m.nn.Sequential(m.nn.Conv2d(1, 2, 2), m.nn.BatchNorm2d(2), m.nn.Dropout(0.5)).eval()
        batches = [m.randn(3, 1, 4, 4), (m.randn(2, 1, 4, 4), m.zeros(2))]
        m.optim.swa_utils.update_bn(batches, model, "cpu")
        m.optim.swa_utils.update_bn(batches, model[2])
        return model.state_dict(), model.training, model[1].momentum

    same(torch, story)


def test_fill(torch: Any) -> None:
    def story(m: Any) -> Any:
        value = m.tensor(3.0, requires_grad=True)
        x = m.ones(2, 2, requires_grad=True)
        (m.fill(x, value) * x).sum().backward()
        return m.fill(m.zeros(2), 2), value.grad, x.grad, m.zero_(m.ones(2))

    same(torch, story)
    same(torch, lambda m: m.fill(m.ones(2), m.ones(2)))
