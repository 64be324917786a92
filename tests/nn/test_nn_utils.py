"""`nn.utils` and the oldest names of `nn.init`, compared with PyTorch."""

from __future__ import annotations

import copy
import pickle
import warnings
from typing import Any

import numpy as np
import pytest

import minitorch as mt


def numbers(*shape: int, seed: int = 0) -> Any:
    return np.random.default_rng(seed).standard_normal(shape).astype(np.float32)


def flat(told: Any) -> list[Any]:
    """What a story tells, in plain values."""
    if hasattr(told, "detach"):
        return [np.asarray(told.detach().numpy()).tolist()]
    if isinstance(told, dict):
        return [part for key, value in told.items() for part in (key, *flat(value))]
    if isinstance(told, (list, tuple)):
        return [part for value in told for part in flat(value)]
    return [told]


def same_story(torch: Any, story: Any) -> None:
    """Assert that a story, a function of the framework, tells the same of both."""
    ours, theirs = [], []
    for m, told in ((mt, ours), (torch, theirs)):
        m.manual_seed(0)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            told += flat(story(m))
    assert len(ours) == len(theirs)
    for a, b in zip(ours, theirs, strict=True):
        if isinstance(b, (float, list)):
            np.testing.assert_allclose(a, b, 1e-5, 1e-6)
        else:
            assert a == b


def outcome(call: Any) -> str:
    try:
        call()
    except Exception as error:
        return type(error).__name__
    return "nothing raised"


# ---- gradients and vectors --------------------------------------------------------------------


@pytest.mark.parametrize("norm", [2.0, 1, 0.0, float("inf"), "inf", -1.5])
@pytest.mark.parametrize("limit", [0.5, 1e6])
def test_clipping_by_the_norm(torch: Any, norm: Any, limit: float) -> None:
    def story(m: Any) -> Any:
        ps = [m.zeros(5, requires_grad=True), m.zeros(2, 3, requires_grad=True), m.zeros(1)]
        for p in ps[:2]:
            p.grad = m.tensor(numbers(*p.shape))
        told = [m.nn.utils.get_total_norm([p.grad for p in ps[:2]], norm)]
        told.append(m.nn.utils.clip_grad_norm_((p for p in ps), limit, norm))
        told += [ps[0].grad, ps[1].grad]
        told.append(m.nn.utils.clip_grad_norm_(ps[0], 0.1))
        m.nn.utils.clip_grads_with_norm_(ps[0], 0.01, m.tensor(2.0))
        m.nn.utils.clip_grad_value_(ps, 0.3)
        return [*told, ps[0].grad, ps[1].grad]

    same_story(torch, story)


def test_clipping_what_is_empty_or_not_finite(torch: Any) -> None:
    def story(m: Any) -> Any:
        p = m.zeros(2, requires_grad=True)
        told = [m.nn.utils.clip_grad_norm_([p], 1.0), m.nn.utils.get_total_norm([])]
        p.grad = m.tensor([1.0, float("nan")])
        told.append(outcome(lambda: m.nn.utils.clip_grad_norm_([p], 1.0, error_if_nonfinite=True)))
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            m.nn.utils.clip_grad_norm_((q for q in []), 1.0)
            m.nn.utils.clip_grad_norm([p], 1.0)
        return [*told, [(w.category.__name__, str(w.message)) for w in heard]]

    same_story(torch, story)


def test_parameters_as_a_vector(torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.Linear(3, 2)
        vector = m.nn.utils.parameters_to_vector(net.parameters())
        told = [vector, vector.requires_grad]
        new = m.arange(8.0)
        m.nn.utils.vector_to_parameters(new, net.parameters())
        new[0] = 9.0  # the memory is shared
        told += [net.weight, net.bias, net.weight.requires_grad]
        told.append(outcome(lambda: m.nn.utils.vector_to_parameters([1.0], net.parameters())))
        told.append(outcome(lambda: m.nn.utils.vector_to_parameters(new[:5], net.parameters())))
        return told

    same_story(torch, story)


# ---- fusion and construction ------------------------------------------------------------------

FUSED = {
    "Conv1d": lambda n: (n.Conv1d(2, 3, 2), n.BatchNorm1d(3)),
    "Conv2d without bias": lambda n: (n.Conv2d(2, 4, 2, groups=2, bias=False), n.BatchNorm2d(4)),
    "Conv2d, plain": lambda n: (n.Conv2d(2, 3, 2), n.BatchNorm2d(3, affine=False)),
    "ConvTranspose2d": lambda n: (n.ConvTranspose2d(2, 3, 2), n.BatchNorm2d(3)),
    "Linear": lambda n: (n.Linear(2, 3), n.BatchNorm1d(3)),
    "Linear without bias": lambda n: (n.Linear(2, 3, bias=False), n.BatchNorm1d(3)),
}


@pytest.mark.parametrize("case", FUSED)
def test_fusing_a_batch_norm(torch: Any, case: str) -> None:
    def story(m: Any) -> Any:
        layer, norm = FUSED[case](m.nn)
        shape = (4, 2) if "Linear" in case else (4, 2, 5, 5)[: layer.weight.ndim]
        x = m.tensor(numbers(*shape))
        norm(layer(x))
        if norm.affine:
            with m.no_grad():
                norm.weight.copy_(m.arange(1.0, norm.num_features + 1))
                norm.bias.copy_(-m.arange(1.0, norm.num_features + 1))
        told = [outcome(lambda: m.nn.utils.fuse_conv_bn_eval(layer, norm))]
        layer.eval(), norm.eval()
        if "Linear" in case:
            fused = m.nn.utils.fuse_linear_bn_eval(layer, norm)
        else:
            fused = m.nn.utils.fuse_conv_bn_eval(layer, norm, "Transpose" in case)
        assert np.allclose(fused(x).detach().numpy(), norm(layer(x)).detach().numpy(), 1e-4, 1e-5)
        grads = [p.requires_grad for p in fused.parameters()]
        return [*told, repr(fused), fused.state_dict(), *grads, layer.weight]

    same_story(torch, story)


def test_skipping_initialisation_draws_nothing(torch: Any) -> None:
    def story(m: Any) -> Any:
        layer = m.nn.utils.skip_init(m.nn.Conv2d, 1, 2, 3, bias=False)
        told = [repr(layer), type(layer.weight).__name__, layer.weight.requires_grad, m.rand(2)]
        told.append(outcome(lambda: m.nn.utils.skip_init(m.nn.ReLU)))
        told.append(outcome(lambda: m.nn.utils.skip_init(int)))
        return told

    same_story(torch, story)


# ---- weight norm and spectral norm ------------------------------------------------------------

LAYERS = {
    "Linear": (lambda n: n.Linear(3, 4), (2, 3)),
    "Conv2d": (lambda n: n.Conv2d(2, 4, 3), (1, 2, 5, 5)),
    "ConvTranspose1d": (lambda n: n.ConvTranspose1d(2, 3, 3), (1, 2, 5)),
    "Embedding": (lambda n: n.Embedding(4, 3), None),
}


def train(m: Any, layer: Any, shape: Any) -> Any:
    """A few steps of training; what there is then."""
    x = m.tensor(numbers(*shape, seed=2)).double() if shape else m.tensor([0, 2])
    told = []
    optimizer = m.optim.SGD(layer.parameters(), lr=0.1)
    for _ in range(3):
        y = layer(x)
        optimizer.zero_grad()
        (y * y).sum().backward()
        told += [y, *(p.grad for p in layer.parameters())]
        optimizer.step()
    told += [layer.eval()(x), layer.state_dict(), layer.weight]
    return told


def normalisers(m: Any, name: str) -> Any:
    form, what = name.split()
    return getattr(m.nn.utils if form == "old" else m.nn.utils.parametrizations, what)


NORMS = ["old weight_norm", "new weight_norm", "old spectral_norm", "new spectral_norm"]


@pytest.mark.parametrize("layer", LAYERS)
@pytest.mark.parametrize("norm", NORMS)
@pytest.mark.parametrize("dim", [0, 1, None])
def test_normalised_weights_learn_as_pytorchs(torch: Any, layer: str, norm: str, dim: Any) -> None:
    make, shape = LAYERS[layer]

    def story(m: Any) -> Any:
        net = normalisers(m, norm)(make(m.nn).double(), dim=dim)
        names = [n for n, _ in net.named_parameters()] + [n for n, _ in net.named_buffers()]
        told = [repr(net), *names, *train(m, net, shape)]
        with m.no_grad():
            told.append(outcome(lambda: copy.deepcopy(net)(m.ones(2, 3).double())))
        return told if shape == (2, 3) else told[:-1]

    same_story(torch, story)


@pytest.mark.parametrize("norm", NORMS)
def test_two_calls_before_one_backward(torch: Any, norm: str) -> None:
    def story(m: Any) -> Any:
        net = normalisers(m, norm)(m.nn.Linear(3, 4).double())
        x = m.tensor(numbers(2, 3)).double()
        (net(x) * net(2 * x)).sum().backward()
        return [p.grad for p in net.parameters()]

    same_story(torch, story)


@pytest.mark.parametrize("norm", NORMS)
def test_normalised_weights_are_saved_loaded_and_made_plain_again(torch: Any, norm: str) -> None:
    form, what = norm.split()

    def story(m: Any) -> Any:
        normalise = normalisers(m, norm)
        net, other = normalise(m.nn.Linear(3, 4)), normalise(m.nn.Linear(3, 4))
        x = m.tensor(numbers(2, 3))
        net(x)
        state = net.state_dict()
        told = [list(state), {str(k): str(v) for k, v in state._metadata.items()}]
        told += [str(other.load_state_dict(state)), other.eval()(x)]
        if form == "old":
            told.append(outcome(lambda: normalise(net)))
            remove = getattr(m.nn.utils, f"remove_{what}")
        else:
            remove = m.nn.utils.parametrize.remove_parametrizations
            told.append(outcome(lambda: pickle.dumps(net)))
        plain = remove(other, "weight")
        assert plain is other
        told += [repr(other), other(x), other.state_dict(), type(other.weight).__name__]
        told += [outcome(lambda: remove(other, "weight")), len(other._forward_pre_hooks)]
        told += [len(other._state_dict_hooks)]
        return told

    same_story(torch, story)


def test_what_an_old_weight_norm_saved_is_loaded_by_the_new(torch: Any) -> None:
    def story(m: Any) -> Any:
        old = m.nn.utils.weight_norm(m.nn.Linear(3, 4))
        new = m.nn.utils.parametrizations.weight_norm(m.nn.Linear(3, 4))
        return [str(new.load_state_dict(old.state_dict())), new.weight]

    same_story(torch, story)


def test_wrong_normalisations_are_refused(torch: Any) -> None:
    def story(m: Any) -> Any:
        n, u = m.nn, m.nn.utils
        calls = (
            lambda: u.parametrizations.spectral_norm(n.Linear(2, 2), n_power_iterations=0),
            lambda: u.parametrizations.spectral_norm(n.Linear(2, 2), dim=2),
            lambda: u.parametrizations.spectral_norm(n.Linear(2, 2), "wait"),
            lambda: u.parametrizations.weight_norm(n.Linear(2, 2), "wait"),
            lambda: u.spectral_norm(n.Linear(2, 2), n_power_iterations=-1),
            lambda: u.spectral_norm(n.Linear(2, 2, bias=False), "bias"),
            lambda: u.spectral_norm(n.Linear(2, 2), "wait"),
            lambda: u.weight_norm(n.Linear(2, 2), "wait"),
            lambda: u.remove_spectral_norm(n.Linear(2, 2)),
            lambda: u.parametrizations.spectral_norm(n.LayerNorm(3)),
        )
        return [outcome(call) for call in calls]

    same_story(torch, story)


# ---- parametrizations -------------------------------------------------------------------------


def parts(m: Any) -> dict[str, Any]:
    """Parametrizations to try, for either framework."""

    class Twice(m.nn.Module):  # type: ignore[misc, name-defined]
        calls = 0

        def forward(self, x: Any) -> Any:
            type(self).calls += 1
            return 2 * x

        def right_inverse(self, y: Any) -> Any:
            return y / 2

    class Symmetric(m.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any) -> Any:
            return x.triu() + x.triu(1).t()

    class Sum(m.nn.Module):  # type: ignore[misc, name-defined]
        def forward(self, x: Any, y: Any) -> Any:
            return x + y

        def right_inverse(self, z: Any) -> Any:
            return 0.25 * z, 0.75 * z

    class Wrong(m.nn.Module):  # type: ignore[misc, name-defined]
        def __init__(self, give: Any, back: Any = None) -> None:
            super().__init__()
            self.give = give
            if back is not None:
                self.right_inverse = back

        def forward(self, x: Any) -> Any:
            return self.give(x)

    return {"Twice": Twice, "Symmetric": Symmetric, "Sum": Sum, "Wrong": Wrong}


def test_parametrizations_one_after_another(torch: Any) -> None:
    def story(m: Any) -> Any:
        P, made = m.nn.utils.parametrize, parts(m)
        net = m.nn.Linear(3, 3)
        original, before = net.weight, net.weight.detach().clone()
        assert P.register_parametrization(net, "weight", made["Twice"]()) is net
        told = [net.weight - before, repr(net), P.is_parametrized(net), P.is_parametrized(net, "b")]
        assert net.parametrizations.weight.original is original
        told += [[n for n, _ in net.named_parameters()], isinstance(net, m.nn.Linear)]
        P.register_parametrization(net, "weight", made["Symmetric"]())
        told += [net.weight, repr(net.parametrizations), type(net).__name__]
        told += [P.type_before_parametrizations(net) is m.nn.Linear]
        told.append(outcome(lambda: setattr(net, "weight", m.ones(3, 3))))
        P.register_parametrization(net, "bias", made["Sum"]())
        told += [[n for n, _ in net.named_parameters()], net.bias]
        net.bias = m.ones(3)
        told += [net.bias, net.state_dict(), net(m.ones(2, 3))]
        net(m.ones(2, 3)).sum().backward()
        told += [p.grad for p in net.parameters()]
        other = copy.deepcopy(net)
        with m.no_grad():
            other.parametrizations.weight.original.zero_()
        told += [net.weight, other.weight, type(other).__name__]
        told.append(outcome(lambda: P.remove_parametrizations(net, "bias", False)))
        P.remove_parametrizations(net, "bias")
        told += [repr(net), net.bias, type(net.bias).__name__]
        P.remove_parametrizations(net, "weight", leave_parametrized=False)
        told += [repr(net), net.weight, net.weight is original, type(net) is m.nn.Linear]
        return [*told, P.is_parametrized(net), net.state_dict()]

    same_story(torch, story)


def test_a_parametrized_buffer_and_the_cache(torch: Any) -> None:
    def story(m: Any) -> Any:
        P, made = m.nn.utils.parametrize, parts(m)
        net = m.nn.BatchNorm1d(2)
        P.register_parametrization(net, "running_mean", made["Twice"]())
        told = [net.running_mean, [n for n, _ in net.named_buffers()]]
        net.running_mean = m.tensor([4.0, 6.0])
        told += [net.running_mean, net.parametrizations.running_mean.original]
        made["Twice"].calls = 0
        with P.cached(), P.cached():
            assert net.running_mean is net.running_mean
        told.append(made["Twice"].calls)
        assert net.running_mean is not net.running_mean
        target = m.nn.BatchNorm1d(2)
        P.transfer_parametrizations_and_params(net, target)
        return [*told, made["Twice"].calls, target.running_mean, repr(target)]

    same_story(torch, story)


def test_wrong_parametrizations_are_refused_and_change_nothing(torch: Any) -> None:
    def story(m: Any) -> Any:
        P, made = m.nn.utils.parametrize, parts(m)
        wrong, told = made["Wrong"], []
        for give, back in (
            (lambda x: x[0], None),
            (lambda x: x.double(), None),
            (lambda x: 3, None),
            (lambda x: x, lambda y: 3),
            (lambda x: x, lambda y: y.double()),
            (lambda x: x, lambda y: (y, 3)),
            (lambda x: x[:1], lambda y: y * 2),
        ):
            net = m.nn.Linear(2, 2)
            before = net.weight.detach().clone()
            told.append(
                outcome(lambda: P.register_parametrization(net, "weight", wrong(give, back)))
            )
            if m is mt:
                assert m.equal(net.weight, before)
                assert not P.is_parametrized(net)
            net = P.register_parametrization(m.nn.Linear(2, 2), "weight", made["Twice"]())
            told.append(
                outcome(lambda: P.register_parametrization(net, "weight", wrong(give, back)))
            )
            told.append(repr(net))
        net = m.nn.Linear(2, 2)
        told.append(outcome(lambda: P.register_parametrization(net, "wait", made["Twice"]())))
        P.register_parametrization(net, "weight", made["Sum"]())
        told.append(outcome(lambda: setattr(net, "weight", m.nn.Parameter(m.ones(2, 2)))))
        told.append(outcome(lambda: setattr(net, "weight", m.ones(2, 2).double())))
        P.register_parametrization(net, "bias", wrong(lambda x: x[:1]), unsafe=True)
        return [*told, net.bias, outcome(lambda: P.ParametrizationList([], net.weight))]

    same_story(torch, story)


# ---- initialisation ---------------------------------------------------------------------------


def test_the_old_names_of_initialisations_warn(torch: Any) -> None:
    def story(m: Any) -> Any:
        told = []
        for name in (
            *("uniform", "normal", "eye", "xavier_uniform", "xavier_normal", "kaiming_uniform"),
            *("kaiming_normal", "orthogonal", "constant", "sparse", "dirac"),
        ):
            t = m.empty((2, 2, 3) if name == "dirac" else (3, 4))
            rest = {"constant": (0.5,), "sparse": (0.4,)}.get(name, ())
            function = getattr(m.nn.init, name)
            with warnings.catch_warnings(record=True) as heard:
                warnings.simplefilter("always")
                told += [function(t, *rest), function.__name__]
            told += [(w.category.__name__, str(w.message)) for w in heard]
        return told

    same_story(torch, story)


def test_initialisations_warn_and_refuse_as_pytorchs(torch: Any) -> None:
    def story(m: Any) -> Any:
        i, told = m.nn.init, []
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            i.kaiming_uniform_(m.empty(0, 2))
            i.kaiming_normal_(m.empty(2, 0))
            told.append(i.trunc_normal_(m.empty(4), 5.0, 1.0, -1.0, 1.0))
        told += [(w.category.__name__, str(w.message)) for w in heard]
        g = m.Generator().manual_seed(3)
        told += [i.sparse_(m.empty(5, 3), 0.5, generator=g), i.orthogonal_(m.empty(2, 3, 2))]
        for call in (
            lambda: i.xavier_uniform_(m.empty(3)),
            lambda: i.kaiming_uniform_(m.empty(3, 3), mode="fan"),
            lambda: i.kaiming_normal_(m.empty(3, 3), nonlinearity="gelu"),
            lambda: i.calculate_gain("leaky_relu", True),
            lambda: i.eye_(m.empty(3)),
            lambda: i.dirac_(m.empty(3, 3)),
            lambda: i.dirac_(m.empty(3, 3, 3), 2),
            lambda: i.orthogonal_(m.empty(3)),
            lambda: i.sparse_(m.empty(3), 0.1),
            lambda: i.normal_(m.empty(3), 0.0, -1.0),
            lambda: i.uniform_(m.empty(3), 1.0, 0.0),
        ):
            told.append(outcome(call))
        return told

    same_story(torch, story)
