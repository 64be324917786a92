"""Names that libraries import from inside PyTorch: they do what PyTorch's do."""

from __future__ import annotations

import collections
import copy
import time
import typing
from importlib import import_module
from typing import Any

import numpy as np

from tests.alias.test_torch_alias import INSTALL, ROOT, python as python

Pair = collections.namedtuple("Pair", "a b")

LINES: dict[str, Any] = {
    "seeds of workers": lambda m: [
        list(map(int, m.utils.data._utils.worker._generate_state(*seed)))
        for seed in [(0, 0), (123456789012345, 3), (2**63 - 5, 7)]
    ],
    "arrays that become no tensor": lambda m: [
        m.utils.data._utils.collate.np_str_obj_array_pattern.search(np.dtype(kind).str) is not None
        for kind in ("U3", "S2", "O", "f4", "i8", "?")
    ],
    "limits of dtypes": lambda m: [
        (repr(m.finfo(kind)), m.finfo(kind).bits, m.finfo(kind).max, m.finfo(kind).tiny)
        for kind in (m.float8_e4m3fn, m.float8_e4m3fnuz, m.float8_e5m2, m.float8_e5m2fnuz,
                     m.float8_e8m0fnu, m.bfloat16)
    ]
    + [(repr(m.iinfo(k)), m.iinfo(k).bits, m.iinfo(k).max) for k in (m.uint16, m.uint32, m.uint64)],
    "integers like a tensor": lambda m: [
        m.randint_like(m.ones(3), high=1).tolist(), m.randint_like(m.ones(3), 4, high=5).tolist(),
        m.randint_like(m.ones(3), low=3, high=4).tolist(), m.randint_like(m.ones(2), 1).tolist(),
    ],
    "no range": lambda m: m.randint_like(m.ones(3)),
    "a size in tensors": lambda m: m.nn.functional.interpolate(
        m.ones(1, 1, 4, 4), size=[m.tensor([7], dtype=m.int32), m.tensor(3)]
    ).shape,
    "a size that is none": lambda m: m.nn.functional.interpolate(m.ones(1, 1, 4, 4), size=(1.5, 2)),
    "arrays without gradients": lambda m: _array_in_no_grad(m),
    "arrays with gradients": lambda m: m.ones(2, requires_grad=True).numpy(),
    "where to": lambda m: [
        list(map(str, m._C._nn._parse_to(*args, **options)))
        for args, options in (
            (("cpu",), {}), ((m.float64, True), {}), ((m.ones(1).double(),), {}),
            ((), {"device": None, "dtype": m.float16, "memory_format": m.channels_last}),
            (("cpu", m.float64), {}), ((), {"tensor": m.ones(1)}),
        )
    ],
    "flat tensors": lambda m: [
        m._utils._flatten_dense_tensors([m.ones(2, 2), m.zeros(1)]).tolist(),
        [x.tolist() for x in
         m._utils._unflatten_dense_tensors(m.arange(5.0), [m.ones(2, 2), m.zeros(1)])],
        m._utils._element_size(m.float64), m._utils._get_available_device_type(),
        m._utils._get_device_module("cuda").__name__.rpartition(".")[2],
    ],
    "no such device": lambda m: m._utils._get_device_module("nothing"),
    "steps of scaling": lambda m: [(s.name, s.value) for s in m.amp.grad_scaler.OptState],
    "ways of trees": lambda m: [
        getattr(m.utils._pytree, f"_{kind}_flatten")(tree)
        for kind, tree in (("list", [1, 2]), ("tuple", (1, 2)), ("dict", {"a": 1}),
                           ("deque", collections.deque([1], 3)),
                           ("odict", collections.OrderedDict(a=1)))
    ]
    + [m.utils._pytree._namedtuple_flatten(Pair(1, 2)) == ([1, 2], Pair)]
    + [m.utils._pytree._namedtuple_unflatten([1, 2], Pair)]
    + [[str(k) for k, _ in m.utils._pytree._dict_flatten_with_keys({"a": 1})[0]]],
    "tuples written in C": lambda m: [
        m.utils._pytree.is_structseq_instance(x)
        for x in (time.gmtime(0), Pair(1, 2), (1, 2), time.struct_time)
    ]
    + [m.utils._pytree.is_structseq(time.struct_time)],
    "vectors by matrices": lambda m: _vectors(m),
    "functions of the top level": lambda m: [
        m.functional.einsum("ij->i", m.ones(2, 3)).tolist(), m.functional.norm is m.norm,
        m.functional.split(m.arange(4), 2)[1].tolist(),
    ],
    "profiles": lambda m: [m.distributed.rpc.is_available() in (False, True)],
    "marks of profiles": lambda m: m.cuda.nvtx.range("x").__enter__(),
    "another tensor": lambda m: _swapped(m),
    "a module that is none": lambda m: m.nn.utils._named_member_accessor.swap_tensor(1, "a", None),
    "a tensor that is none": lambda m: _swap(m, "weight", 3),
    "a name with a dot": lambda m: _swap(m, "a.b", None),
    "no name": lambda m: _swap(m, "", None),
    "a name of nothing": lambda m: _swap(m, "nothing", None),
    "an attribute that is no tensor": lambda m: _swap(m, "in_features", None),
    "operators": lambda m: _operators(m),
    "types of a class's attributes": lambda m: [
        bool(typing.get_type_hints(kind(), globalns={}, localns={}))
        for kind in (m.nn.MSELoss, m.nn.CrossEntropyLoss, m.nn.ReLU, m.nn.Flatten)
    ],
    "attributes of one's own": lambda m: _own_attributes(m),
    "attributes of one's own beside another base": lambda m: _own_attributes(m, _Noting),
    "weak keys": lambda m: _weak(m),
    "a loader of its own": lambda m: _own_loader(m),
}  # fmt: skip


def _array_in_no_grad(m: Any) -> Any:
    parameter = m.nn.Parameter(m.ones(2))
    with m.no_grad():
        return parameter.numpy().tolist(), np.asarray(parameter * 2).tolist()


def _vectors(m: Any) -> Any:
    inside = m.distributions.multivariate_normal
    lower = m.tensor([[2.0, 0.0], [1.0, 3.0]])
    made = [
        inside._precision_to_scale_tril(lower @ lower.mT),
        inside._batch_mv(lower, m.tensor([[1.0, 2.0], [3.0, 4.0]])),
        inside._batch_mahalanobis(lower, m.tensor([[1.0, 2.0], [3.0, 4.0]])),
    ]
    return [np.round(x.numpy(), 5).tolist() for x in made]


def _swap(m: Any, name: str, tensor: Any, **options: Any) -> Any:
    return m.nn.utils._named_member_accessor.swap_tensor(m.nn.Linear(1, 1), name, tensor, **options)


def _swapped(m: Any) -> Any:
    accessor = m.nn.utils._named_member_accessor
    layer, norm = m.nn.Linear(2, 1), m.nn.BatchNorm1d(2)
    old = accessor.swap_tensor(layer, "weight", m.ones(1, 2))
    bias = accessor.swap_tensor(layer, "bias", None)
    mean = accessor.swap_tensor(norm, "running_mean", m.ones(2))
    nothing = accessor.swap_tensor(layer, "extra", m.ones(1), allow_missing=True)
    gone = accessor.swap_tensor(layer, "weight", accessor._MISSING)
    return [
        type(old).__name__, tuple(bias.shape), mean.tolist(), norm.running_mean.tolist(),
        nothing is accessor._MISSING, layer.extra.tolist(), type(gone).__name__,
        hasattr(layer, "weight"),
    ]  # fmt: skip


def _operators(m: Any) -> Any:
    aten, x = m.ops.aten, m.arange(6.0).view(2, 3)
    return [
        str(aten._to_copy.default(x, dtype=m.float64).dtype),
        aten._to_copy.default(x).data_ptr() == x.data_ptr(),
        aten.alias.default(x).data_ptr() == x.data_ptr(),
        aten.slice.Tensor(x, 1, 0, 3, 2).tolist(),
        aten.slice.Tensor(x, -1, 1).tolist(),
        aten.index.Tensor(x, [None, m.tensor([2, 0])]).tolist(),
        aten.select.int(x, 0, 1).tolist(),
        aten.mul_.Tensor(x.clone(), x).tolist(),
        aten.expand.default(m.ones(1, 2), [3, 2]).shape,
        aten.linalg_vector_norm.default(x).item() > 7,
        aten.relu6.default(x * 2).tolist(),
        [hasattr(aten, name) for name in ("_sparse_addmm", "absent", "_pin_memory")],
    ]


class _Noting:
    pass


def _own_attributes(m: Any, *bases: Any) -> Any:
    class Kind(*bases, m.Tensor):  # type: ignore[misc]
        pass

    class Marked(Kind):
        pass

    x, y = m.ones(2).as_subclass(Marked), m.zeros(3, requires_grad=True).as_subclass(Marked)
    x.mark = [1]
    found: list[Any] = [dict(vars(x)), dict(vars(y)), dict(m.ones(1).__dict__)]
    y.__dict__ = copy.copy(x.__dict__)
    x.__dict__.update(other=2)
    x.__dict__["third"], y.__dict__["mark"] = 3, 4
    found += [x.third, x.other, x.mark, y.mark, y.tolist(), y.requires_grad, sorted(vars(x))]
    found += [x.__dict__.pop("third"), hasattr(x, "third"), x.__dict__.setdefault("other", 5)]
    del x.__dict__["other"]
    found += [dict(x.__dict__), copy.deepcopy(x.__dict__), x.tolist(), type(y * 2).__name__]
    x.__dict__ = x.__dict__
    x.__dict__ |= {"more": 6}
    return [*found, x.more, x.mark, (y.sum() * 2).backward(), vars(copy.copy(x)) == vars(x)]


def _weak(m: Any) -> Any:
    key, other = m.ones(2), m.ones(2)
    held = m.utils.weak.WeakIdKeyDictionary({key: 1})
    held[other] = 2
    found = [held[key], held.get(m.ones(2)), len(held), key in held, sorted(held.values())]
    found += [
        held.pop(key),
        key in held,
        len(held.keyrefs()),
        len(held.copy()),
        held.setdefault(key, 5),
    ]
    del other
    tensors = m.utils.weak.WeakTensorKeyDictionary()
    tensors[key] = "a"
    reference = m.utils.weak.TensorWeakRef(key)
    found += [len(held), tensors[key], reference() is key, m.utils.weak.WeakIdRef(key)() is key]
    del key
    return [*found, len(held), len(tensors), reference() is None]


def _own_loader(m: Any) -> Any:
    inside = m.utils.data.dataloader

    class Loader:
        _IterableDataset_len_called, _auto_collation, drop_last, in_order = None, False, False, True
        _index_sampler, generator, prefetch_factor = range(100), None, None
        _dataset_kind = inside._DatasetKind.Iterable
        num_workers, timeout, pin_memory, worker_init_fn = 0, 0, False, None
        pin_memory_device, multiprocessing_context, persistent_workers = "", None, False

        def __init__(self) -> None:
            self.dataset = self

        def collate_fn(self, x: Any) -> Any:
            return x * 10

        def __iter__(self) -> Any:
            return iter([1, 2, 3])

    loader = m.utils.data.DataLoader([1, 2, 3], batch_size=2)
    return [
        list(inside._SingleProcessDataLoaderIter(Loader())), loader._auto_collation,
        loader._dataset_kind == inside._DatasetKind.Map, inside._DatasetKind.Iterable,
        isinstance(iter(loader), inside._BaseDataLoaderIter),
        issubclass(inside._MultiProcessingDataLoaderIter, inside._BaseDataLoaderIter),
    ]  # fmt: skip


MODULES = [
    "amp.grad_scaler", "cuda.nvtx", "distributed.rpc", "functional",
    "nn.utils._named_member_accessor",
    "utils._pytree", "utils.data._utils", "utils.weak",
]  # fmt: skip
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from tests.alias.test_names_of_libraries import LINES, done
for name, line in LINES.items():
    print(name, "|", done(line))
"""


def done(line: Any) -> str:
    """What a line gives with what is called torch, as text; of an error its type."""
    torch = import_module("torch")
    for name in MODULES:
        import_module(f"torch.{name}")
    try:
        return str(line(torch))
    except Exception as error:
        return type(error).__name__


def test_names_inside_do_what_pytorchs_do(python: Any, torch: Any) -> None:
    said = python(INSTALL + PROGRAM.format(root=str(ROOT)))
    ours = dict(line.split(" | ", 1) for line in said.splitlines())
    assert ours == {name: done(line) for name, line in LINES.items()}
