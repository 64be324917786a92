"""What every module can do, and the containers, compared with PyTorch: one story, told twice."""

from __future__ import annotations

import copy
import io
import pickle
import warnings
from collections import OrderedDict
from typing import Any

import pytest
from test_nn_utils import outcome, same_story

import minitorch as mt

# ---- hooks on all modules ---------------------------------------------------------------------


def test_global_hooks_run_before_a_modules_own(torch: Any) -> None:
    def story(m: Any) -> Any:
        hooks, told = m.nn.modules.module, []
        net = m.nn.Sequential(m.nn.Linear(2, 2), m.nn.ReLU())
        net[0].register_forward_pre_hook(lambda f, args: told.append("own pre"))
        net[0].register_forward_hook(lambda f, args, out: told.append("own"))
        net[0].register_full_backward_pre_hook(lambda f, go: told.append("own backward pre"))
        net[0].register_full_backward_hook(lambda f, gi, go: told.append("own backward"))
        who = lambda f: type(f).__name__  # noqa: E731

        def before(f: Any, args: Any) -> Any:
            told.append(f"pre {who(f)}")
            return (args[0] * 2,) if who(f) == "ReLU" else None

        handles = [
            hooks.register_module_forward_pre_hook(before),
            hooks.register_module_forward_hook(
                lambda f, args, kwargs, out: told.append(f"{who(f)} {kwargs}"), with_kwargs=True
            ),
            hooks.register_module_forward_hook(
                lambda f, args, out: out + 1 if who(f) == "ReLU" else None
            ),
            hooks.register_module_full_backward_pre_hook(
                lambda f, go: told.append(f"backward pre {who(f)}")
            ),
            hooks.register_module_full_backward_hook(
                lambda f, gi, go: told.append((f"backward {who(f)}", gi[0], go[0]))
            ),
        ]
        x = m.tensor([[1.0, -2.0]], requires_grad=True)
        with m.no_grad():
            net[0].weight.copy_(m.arange(4.0).reshape(2, 2))
        y = net(x)
        y.sum().backward()
        told += [y, x.grad, net[0].weight.grad]
        for handle in handles:
            handle.remove()
        return [*told, net(x)]

    same_story(torch, story)


def test_hooks_after_an_error(torch: Any) -> None:
    def story(m: Any) -> Any:
        hooks, told = m.nn.modules.module, []
        net = m.nn.Linear(2, 2)

        def fails(*args: Any) -> None:
            raise ValueError("of the hook")

        net.register_forward_hook(lambda *args: told.append("second"), always_call=True)
        net.register_forward_hook(fails, always_call=True, prepend=True)
        net.register_forward_hook(lambda *args: told.append("not called"))
        with hooks.register_module_forward_hook(
            lambda f, args, out: told.append(("global", out)), always_call=True
        ):
            told.append(outcome(lambda: net(m.ones(3))))
            told.append(outcome(lambda: net(m.ones(2))))
        bad = m.nn.Linear(2, 2)
        bad.register_forward_pre_hook(lambda f, args, kwargs: 3, with_kwargs=True)
        return [*told, outcome(lambda: bad(m.ones(2)))]

    same_story(torch, story)


def test_registration_hooks(torch: Any) -> None:
    def story(m: Any) -> Any:
        hooks, told = m.nn.modules.module, []
        note = lambda f, name, value: told.append((name, type(value).__name__))  # noqa: E731
        with (
            hooks.register_module_module_registration_hook(note),
            hooks.register_module_parameter_registration_hook(note),
            hooks.register_module_buffer_registration_hook(
                lambda f, name, value: None if value is None else value + 1
            ),
        ):
            norm = m.nn.Sequential(m.nn.BatchNorm1d(2))[0]
            net = m.nn.Module()
            net.layer = m.nn.ReLU()
            net.add_module("other", m.nn.Tanh())
            net.register_module("third", m.nn.Tanh())
            net.weight = m.nn.Parameter(m.ones(1))
        return [*told, norm.running_mean, norm.num_batches_tracked]

    same_story(torch, story)


# ---- state ------------------------------------------------------------------------------------


def test_hooks_of_state_dicts(torch: Any) -> None:
    def story(m: Any) -> Any:
        told, net = [], m.nn.Sequential(m.nn.Linear(1, 1), m.nn.BatchNorm1d(1))

        def post(f: Any, state: Any, prefix: str, local: Any) -> None:
            told.append(("post", prefix, sorted(local)))
            state[f"{prefix}more"] = m.ones(1)

        def pre_load(f: Any, state: Any, prefix: str, *rest: Any) -> None:
            told.append(("pre load", type(f).__name__, prefix, sorted(state), rest[1:]))
            state.pop(f"{prefix}more")

        net[0].register_state_dict_pre_hook(lambda f, prefix, keep: told.append((prefix, keep)))
        net[0].register_state_dict_post_hook(post)
        state = net.state_dict()
        told.append(list(state))
        told.append(outcome(lambda: net._register_state_dict_hook(post)))
        told.append(outcome(lambda: net.load_state_dict(state)))
        net[0].register_load_state_dict_pre_hook(pre_load)
        net.register_load_state_dict_post_hook(
            lambda f, keys: told.append((net[0].weight, keys.missing_keys))
        )
        state["0.weight"] = m.full((1, 1), 7.0)
        told.append(outcome(lambda: net.load_state_dict(state)))
        del state["0.more"]
        state["1.running_var"] = m.tensor([3.0])
        net[0].register_load_state_dict_post_hook(lambda f, keys: keys.missing_keys.clear())
        del state["0.bias"]
        told.append(outcome(lambda: str(net.load_state_dict(state, strict=False))))
        net[1].register_load_state_dict_post_hook(lambda f, keys: 3)
        told.append(outcome(lambda: net.load_state_dict(state, strict=False)))
        net[0]._register_state_dict_hook(lambda f, state, prefix, local: {"only": m.ones(1)})
        return [*told, net[0].state_dict()]

    same_story(torch, story)


def test_extra_state_and_a_state_of_ones_own(torch: Any) -> None:
    def story(m: Any) -> Any:
        class Counting(m.nn.Linear):  # type: ignore[misc, name-defined]
            _version = 3
            count = 0

            def get_extra_state(self) -> Any:
                return {"count": self.count}

            def set_extra_state(self, state: Any) -> None:
                self.count = state["count"]

        class Renaming(m.nn.Linear):  # type: ignore[misc, name-defined]
            def _load_from_state_dict(
                self, state: Any, prefix: str, local: Any, *rest: Any
            ) -> None:
                told.append(local)
                if f"{prefix}w" in state:
                    state[f"{prefix}weight"] = state.pop(f"{prefix}w")
                super()._load_from_state_dict(state, prefix, local, *rest)

        told: list[Any] = []
        net, other = m.nn.ModuleList([Counting(1, 1)]), m.nn.ModuleList([Counting(1, 1)])
        net[0].count = 5
        state = net.state_dict()
        told += [list(state), dict(state._metadata), str(other.load_state_dict(state))]
        told.append(other[0].count)
        del state["0._extra_state"]
        told.append(outcome(lambda: other.load_state_dict(state)))
        state["0._extra_state"] = {"count": 1}
        plain = m.nn.ModuleList([m.nn.Linear(1, 1)])
        told.append(plain.load_state_dict(state, strict=False).unexpected_keys)
        old = OrderedDict(w=m.ones(1, 1), bias=m.ones(1))
        renaming = Renaming(1, 1)
        told += [str(renaming.load_state_dict(old)), renaming.weight]
        return [*told, outcome(plain.get_extra_state), outcome(lambda: plain.set_extra_state(1))]

    same_story(torch, story)


def test_loading_old_norms_scalars_and_assigning(torch: Any) -> None:
    def story(m: Any) -> Any:
        norm, told = m.nn.BatchNorm1d(2), []
        norm(m.arange(4.0).reshape(2, 2))
        state = OrderedDict(norm.state_dict())  # without metadata: as of before there was a version
        del state["num_batches_tracked"]
        told += [str(norm.load_state_dict(state)), norm.num_batches_tracked]
        state = norm.state_dict()
        del state["num_batches_tracked"]
        told.append(outcome(lambda: norm.load_state_dict(state)))
        state["num_batches_tracked"] = m.tensor([9])
        told += [str(norm.load_state_dict(state)), norm.num_batches_tracked]
        instance = m.nn.InstanceNorm1d(2)
        told.append(outcome(lambda: instance.load_state_dict(OrderedDict(running_mean=m.ones(2)))))
        linear = m.nn.Linear(2, 1).requires_grad_(False)
        given = OrderedDict(weight=m.nn.Parameter(m.ones(1, 2)), bias=m.ones(1, dtype=m.float64))
        linear.load_state_dict(given, assign=True)
        told += [linear.weight is given["weight"], linear.weight.requires_grad]
        told += [str(linear.bias.dtype), type(linear.bias).__name__, linear.bias.requires_grad]
        told.append(outcome(lambda: linear.load_state_dict([("weight", 3)])))
        told.append(outcome(lambda: linear.load_state_dict(given, assgn=True)))
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            told += [linear.state_dict(OrderedDict(), "a."), linear.state_dict(None, "b.", True)]
        return [*told, [(w.category.__name__, str(w.message)) for w in heard]]

    same_story(torch, story)


def test_a_failed_load_puts_everything_back() -> None:
    net = mt.nn.Sequential(mt.nn.Linear(2, 2), mt.nn.BatchNorm1d(2))
    before = {k: v.clone() for k, v in net.state_dict().items()}
    first = net[0].weight
    state = {k: v + 1 for k, v in before.items()}
    state["1.running_var"] = mt.ones(3)
    for assign in (False, True):
        with pytest.raises(RuntimeError, match="size mismatch"):
            net.load_state_dict(state, assign=assign)
        assert net[0].weight is first
        assert all(mt.equal(v, before[k]) for k, v in net.state_dict().items())
    net[1].register_load_state_dict_pre_hook(lambda *args: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        net.load_state_dict({k: v + 1 for k, v in before.items()})
    assert all(mt.equal(v, before[k]) for k, v in net.state_dict().items())


# ---- attributes and conversions ---------------------------------------------------------------


def test_buffers(torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.Module()
        net.kept = m.nn.Buffer(m.ones(2))
        net.scratch = m.nn.Buffer(m.zeros(1), persistent=False)
        told = [[n for n, _ in net.named_buffers()], list(net.state_dict()), net.kept]
        told += [isinstance(net.kept, m.nn.Buffer), isinstance(net.kept, m.Tensor)]
        told += [repr(net.kept), isinstance(net.kept + 1, m.nn.Buffer)]
        net.scratch = m.ones(3)  # stays out of the state
        net.kept = None
        told += [list(net.state_dict()), net.scratch, net.kept]
        told.append(outcome(lambda: setattr(net, "scratch", 3)))
        net.scratch = m.nn.Parameter(m.ones(1))
        told += [list(net.state_dict()), [n for n, _ in net.named_parameters()]]
        net.scratch = None
        net.w = m.nn.Buffer(m.ones(1))
        net = copy.deepcopy(net)
        return [*told, net.w, [n for n, _ in net.named_buffers()], m.nn.Buffer().shape[0]]

    same_story(torch, story)


def test_finding_and_putting_members(torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.Sequential(
            OrderedDict(a=m.nn.Sequential(m.nn.Linear(1, 1), m.nn.BatchNorm1d(1)))
        )
        told = [repr(net.get_submodule("a.0")), net.get_submodule("") is net]
        told += [net.get_parameter("a.0.bias") is net.a[0].bias]
        told += [net.get_buffer("a.1.running_mean") is net.a[1].running_mean]
        net.set_submodule("a.0", m.nn.ReLU())
        net.set_submodule("b", m.nn.Tanh())
        told.append(repr(net))
        for call in (
            lambda: net.get_submodule("a.7"),
            lambda: net.get_submodule("a.1.weight"),
            lambda: net.get_parameter("a.1.running_mean"),
            lambda: net.get_parameter("a.1.none"),
            lambda: net.get_buffer("a.1.weight"),
            lambda: net.get_buffer("c.d"),
            lambda: net.set_submodule("", m.nn.ReLU()),
            lambda: net.set_submodule("c", 3),
            lambda: net.set_submodule("c.d", m.nn.ReLU()),
            lambda: net.set_submodule("c", m.nn.ReLU(), strict=True),
            lambda: net.set_submodule("training", m.nn.ReLU()),
            lambda: net.add_module("a.b", m.nn.ReLU()),
            lambda: net.add_module("", m.nn.ReLU()),
            lambda: net.add_module("training", m.nn.ReLU()),
            lambda: net.register_module(3, m.nn.ReLU()),
            lambda: net.add_module("x", 3),
            lambda: m.nn.Module(3),
            lambda: m.nn.Module(bias=True),
            lambda: delattr(net, "nothing"),
        ):
            told.append(outcome(call))
        return told

    same_story(torch, story)


def test_shared_modules_and_parameters_in_listings(torch: Any) -> None:
    def story(m: Any) -> Any:
        shared = m.nn.Linear(1, 1)
        net = m.nn.ModuleDict({"a": shared, "b": m.nn.Sequential(shared, m.nn.BatchNorm1d(1))})
        told: list[Any] = []
        for once in (True, False):
            told += [[n for n, _ in net.named_modules(remove_duplicate=once)]]
            told += [[type(f).__name__ for f in net.modules(remove_duplicate=once)]]
            told += [[n for n, _ in net.named_parameters("x", remove_duplicate=once)]]
            told += [[n for n, _ in net.named_buffers("", False, remove_duplicate=once)]]
        return [*told, len(list(net.parameters())), len(list(net["b"].children()))]

    same_story(torch, story)


def test_conversions(torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.Sequential(m.nn.Linear(2, 2), m.nn.BatchNorm1d(2))
        net(m.ones(3, 2)).sum().backward()
        weight, told = net[0].weight, []
        for call in (
            lambda: net.double(),
            lambda: net.half(),
            lambda: net.float(),
            lambda: net.to(m.float64),
            lambda: net.to(m.ones(1)),
            lambda: net.to("cpu", m.float64),
            lambda: net.to(dtype=m.float32),
            lambda: net.cpu(),
        ):
            told.append(call() is net)
            told += [str(t.dtype) for t in net.state_dict().values()]
            told += [str(weight.grad.dtype), net[0].weight is weight]
        told += [t.shape[0] for t in net.to_empty(device="cpu").parameters()]
        told += [net._apply(lambda t: m.full_like(t, 2)).state_dict(), net[0].weight is weight]
        return [*told, outcome(lambda: net.to(m.int32)), outcome(lambda: net.to(nothing=3))]

    same_story(torch, story)


def test_what_modules_refuse() -> None:
    net = mt.nn.Linear(1, 1)
    with pytest.raises(NotImplementedError, match="not covered"):
        net.register_backward_hook(print)
    with pytest.raises(RuntimeError, match="share_memory_"):
        net.share_memory()
    with pytest.raises((AssertionError, RuntimeError)):
        net.cuda()
    assert mt.nn.ReLU().share_memory() is not None  # which has nothing to share


def test_pickles_of_older_modules_are_read() -> None:
    net = mt.nn.Linear(1, 1)
    state = dict(net.__dict__)
    for table in ("_state_dict_pre_hooks", "_backward_pre_hooks", "_non_persistent_buffers_set"):
        del state[table]
    old = mt.nn.Linear.__new__(mt.nn.Linear)
    old.__setstate__(state)
    assert mt.equal(old(mt.ones(1, 1)), net(mt.ones(1, 1)))
    assert list(old.state_dict()) == ["weight", "bias"]


# ---- containers -------------------------------------------------------------------------------


def test_sequential(torch: Any) -> None:
    def story(m: Any) -> Any:
        n = m.nn
        net = n.Sequential(n.ReLU(), n.Tanh())
        net *= 2
        told = [repr(net), repr(2 * n.Sequential(n.ReLU())), repr(net.insert(-1, n.GELU()))]
        net += n.Sequential(n.Sigmoid())
        del net[1:4]
        told += [
            repr(net),
            repr(net[::-1]),
            repr(net.pop(-1)),
            len(net),
            [d for d in dir(net) if d.isdigit()],
        ]
        net.extend(list(net))
        told.append(repr(net))
        for call in (
            lambda: net * 0,
            lambda: net * 1.5,
            lambda: net.__add__([n.ReLU()]),
            lambda: net.__imul__(-1),
            lambda: net.insert(20, n.ReLU()),
            lambda: net.insert(0, 3),
            lambda: net.append(3),
            lambda: net[9],
            lambda: net["a"],
            lambda: net.__delitem__(9),
        ):
            told.append(outcome(call))
        return told

    same_story(torch, story)


def test_module_lists_and_dicts(torch: Any) -> None:
    def story(m: Any) -> Any:
        n = m.nn
        items = n.ModuleList([n.ReLU(), n.Tanh()])
        items.extend(list(items))
        told = [repr(items), repr(items.__add__([n.GELU()])), len(items)]
        del items[::2]
        items[-1] = n.Sigmoid()
        told += [repr(items), repr(items.pop(0)), repr(items)]
        named = n.ModuleDict([("b", n.ReLU()), ["a", n.Tanh()]])
        named.update(n.ModuleDict({"z": n.GELU(), "c": n.ReLU()}))
        told += [repr(named), next(iter(named)), [repr(v) for v in named.values()]]
        named.clear()
        told.append(len(named))
        for call in (
            lambda: n.ModuleList(3),
            lambda: items.extend(n.ReLU()),
            lambda: items[5],
            lambda: items.append(None)[0](1),
            lambda: n.ModuleDict(3),
            lambda: n.ModuleDict([3]),
            lambda: n.ModuleDict([("a", n.ReLU(), 3)]),
            lambda: n.ModuleDict({"a.b": n.ReLU()}),
            lambda: n.ModuleDict({"keys": n.ReLU()}),
            lambda: named["q"],
            lambda: named.pop("q"),
        ):
            told.append(outcome(call))
        return told

    same_story(torch, story)


def test_parameter_lists_and_dicts(torch: Any) -> None:
    def story(m: Any) -> Any:
        n = m.nn
        items = n.ParameterList([m.ones(2), n.Parameter(m.zeros(1, 2)), 3, "note"])
        items += [m.ones(1, dtype=m.float64)]
        told = [repr(items), len(items), [k for k, _ in items.named_parameters()], repr(items[1:3])]
        items[-1] = m.zeros(3)
        told += [repr(items), list(items.state_dict()), repr(n.ParameterList(items))]
        named = n.ParameterDict({"b": m.ones(1), "a": m.zeros(2)})
        named["c"] = 5
        told += [repr(named), list(named), list(reversed(named)), "a" in named]
        told += [named.get("q", 7), named.setdefault("d", m.ones(1)), named.pop("b")]
        told += [named.popitem(), list(named.keys()), [v for v in named.values()]]
        more = n.ParameterDict(OrderedDict(z=m.ones(1), y=m.ones(2)))
        told += [repr(named | more), next(iter(more | named))]
        named |= more
        told += [repr(named.copy()), repr(named.fromkeys(["p", "q"], 1)), len(named)]
        told += [list(n.ParameterDict([("k", m.ones(1))]).state_dict())]
        named.clear()
        told.append(len(named))
        held = n.ParameterList([m.ones(1)])
        held = pickle.loads(pickle.dumps(held)) if m is mt else copy.deepcopy(held)
        told += [repr(held), held[0]]
        for call in (
            lambda: items(1),
            lambda: named(1),
            lambda: n.ParameterList(3),
            lambda: n.ParameterList(m.ones(2)),
            lambda: items[9],
            lambda: n.ParameterDict(3),
            lambda: n.ParameterDict([3]),
            lambda: n.ParameterDict([(1, 2, 3)]),
            lambda: n.ParameterDict({1: m.ones(1)}),
            lambda: named["q"],
            lambda: named.pop("q"),
            lambda: named.__delitem__("q"),
        ):
            told.append(outcome(call))
        return told

    same_story(torch, story)


def test_data_parallel_on_one_device(torch: Any) -> None:
    def story(m: Any) -> Any:
        net = m.nn.DataParallel(m.nn.Linear(2, 1), dim=0)
        told = [repr(net), list(net.state_dict()), net(m.ones(1, 2)), net.device_ids]
        return [*told, isinstance(net, m.nn.parallel.DataParallel)]

    same_story(torch, story)


def test_prefixes_are_taken_off(torch: Any) -> None:
    def story(m: Any) -> Any:
        state = m.nn.ModuleDict({"module": m.nn.Sequential(m.nn.Linear(1, 1))}).state_dict()
        m.nn.modules.utils.consume_prefix_in_state_dict_if_present(state, "module.")
        return [list(state), {k: str(v) for k, v in state._metadata.items()}]

    same_story(torch, story)


def test_a_pickled_model_keeps_its_hooks_and_attributes() -> None:
    net = mt.nn.Sequential(mt.nn.Linear(1, 1), mt.nn.Dropout(0.3))
    net[0].register_forward_hook(_plus_one)
    stream = io.BytesIO()
    pickle.dump(net, stream)
    other = pickle.loads(stream.getvalue())
    x = mt.ones(1, 1)
    assert mt.equal(other.eval()(x), net.eval()(x))
    assert other[1].p == 0.3


def _plus_one(module: Any, args: Any, output: Any) -> Any:
    return output + 1


@pytest.mark.parametrize(
    ("name", "call"),
    [("ELU", {"inplce": 1}), ("Conv2d", {}), ("MaxPool2d", {}), ("BatchNorm1d", {})],
)
def test_wrong_arguments_name_the_class_and_no_base_of_it(name: str, call: dict[str, Any]) -> None:
    with pytest.raises(TypeError, match=rf"^{name}\.__init__\(\) "):
        getattr(mt.nn, name)(**call)
