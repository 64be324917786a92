"""Data sets, samplers, collating and the loader in one process: PyTorch's batches, in its order."""

from __future__ import annotations

import collections
import collections.abc
import inspect
import types
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch


def plain(value: Any) -> Any:
    """A batch as Python objects, with each tensor's dtype and shape beside it."""
    if hasattr(value, "dtype") and hasattr(value, "tolist") and not isinstance(value, np.ndarray):
        return str(value.dtype), tuple(value.shape), value.tolist()
    if isinstance(value, collections.abc.Mapping):
        return type(value).__name__, {key: plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, collections.deque)):
        return type(value).__name__, [plain(item) for item in value]
    return value


def alike(function: Callable[[Any], Any]) -> Any:
    """What the call gives under minitorch, after comparing it with PyTorch's: value or error."""
    results = []
    for m in (the_torch(), minitorch):
        m.manual_seed(3)
        try:
            with warnings.catch_warnings(record=True) as caught:
                warnings.simplefilter("always")
                value = plain(function(m))
            said = [(w.category, str(w.message)) for w in caught]
            results.append((value, said, m.get_rng_state().tolist()))
        except Exception as error:
            results.append((type(error), str(error)))
    assert results[0] == results[1]
    return results[1][0]


def table(m: Any, rows: int = 11) -> Any:
    x = m.arange(rows * 3).reshape(rows, 3).to(m.float32)
    return m.utils.data.TensorDataset(x, m.arange(rows))


class Squares:
    """A data set without a base class; samples are dicts."""

    def __init__(self, length: int) -> None:
        self.length = length

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"n": index, "square": float(index) ** 2, "name": f"number {index}"}


def stream_of(m: Any, length: int = 10) -> Any:
    class Stream(m.utils.data.IterableDataset):
        def __iter__(self) -> Any:
            return iter(range(length))

        def __len__(self) -> int:
            return length

    return Stream()


# ---- data sets --------------------------------------------------------------------------------

DATASETS: dict[str, Callable[[Any, Any], Any]] = {
    "tensors": lambda m, d: [table(m)[3], len(table(m))],
    "tensors, unequal": lambda m, d: d.TensorDataset(m.ones(2), m.ones(3)),
    "concat": lambda m, d: [
        (c := table(m) + d.ConcatDataset([table(m, 2), Squares(3)]))[0],
        c[-1],
        c[-16],
        c[12],
        len(c),
        c.cumulative_sizes,
    ],
    "concat, out of range": lambda m, d: (table(m) + table(m))[-23],
    "concat, nothing": lambda m, d: d.ConcatDataset([]),
    "concat, iterable": lambda m, d: d.ConcatDataset([stream_of(m)]),
    "chain": lambda m, d: [
        list(c := stream_of(m, 2) + d.ChainDataset([stream_of(m, 1), stream_of(m, 3)])),
        len(c),
    ],
    "chain, not iterable": lambda m, d: list(d.ChainDataset([table(m)])),
    "stack": lambda m, d: [
        (s := d.StackDataset(Squares(4), range(4)))[2],
        len(s),
        s.__getitems__([0, 3]),
    ],
    "stack, named": lambda m, d: [
        (s := d.StackDataset(a=Squares(4), b=d.Subset(range(9), [5, 6, 7, 8])))[2],
        len(s),
        s.__getitems__([0, 3]),
    ],
    "stack, both": lambda m, d: d.StackDataset(range(3), b=range(3)),
    "stack, nothing": lambda m, d: d.StackDataset(),
    "stack, unequal": lambda m, d: d.StackDataset(range(3), range(4)),
    "stack, named and unequal": lambda m, d: d.StackDataset(a=range(3), b=range(4)),
    "subset": lambda m, d: [
        (s := d.Subset(d.Subset(range(10, 20), [3, 4, 5, 6]), (2, 0)))[0],
        s[-1],
        len(s),
        s.__getitems__([1, 0]),
    ],
    "subset, rows": lambda m, d: d.Subset(table(m), [3, 4, 5])[[0, 2]],
    "split": lambda m, d: [list(part) for part in d.random_split(range(10), [7, 3])],
    "split, fractions": lambda m, d: [
        part.indices for part in d.random_split(range(11), [0.3, 0.3, 0.4])
    ],
    "split, generator": lambda m, d: [
        p.indices for p in d.random_split(range(9), [4, 5], generator=m.Generator().manual_seed(42))
    ],
    "split, an empty part": lambda m, d: [
        p.indices for p in d.random_split(range(2), [0.1, 0.1, 0.8])
    ],
    "split, wrong sum": lambda m, d: d.random_split(range(9), [4, 4]),
    "split, wrong fraction": lambda m, d: d.random_split(range(9), [1.5, -0.5]),
    "nothing written": lambda m, d: d.Dataset()[0],
}


@pytest.mark.parametrize("what", DATASETS)
def test_datasets(what: str) -> None:
    alike(lambda m: DATASETS[what](m, m.utils.data))


def test_a_subset_that_overrides_half_is_refused() -> None:
    for m in (minitorch, the_torch()):

        class Half(m.utils.data.Subset):
            def __getitem__(self, idx: Any) -> Any:
                return -super().__getitem__(idx)

        with pytest.raises(NotImplementedError, match="Half overrides __getitem__ but not"):
            Half(range(3), [0])


# ---- samplers ---------------------------------------------------------------------------------

SAMPLERS: dict[str, Callable[[Any, Any], Any]] = {
    "sequential": lambda m, d: d.SequentialSampler(range(7)),
    "random": lambda m, d: d.RandomSampler(range(7)),
    "random, fewer": lambda m, d: d.RandomSampler(range(7), num_samples=3),
    "random, more": lambda m, d: d.RandomSampler(range(7), num_samples=17),
    "random, generator": lambda m, d: d.RandomSampler(
        range(7), generator=m.Generator().manual_seed(5)
    ),
    "random, replacement": lambda m, d: d.RandomSampler(range(7), replacement=True),
    "random, much replacement": lambda m, d: d.RandomSampler(range(7), True, num_samples=70),
    "random, of nothing": lambda m, d: d.RandomSampler([]),
    "random, num_samples": lambda m, d: d.RandomSampler(range(3), num_samples=-1),
    "random, replacement no bool": lambda m, d: d.RandomSampler(range(3), replacement=3),
    "subset": lambda m, d: d.SubsetRandomSampler([5, 2, 8, 9]),
    "subset, generator": lambda m, d: d.SubsetRandomSampler(
        "abcde", generator=m.Generator().manual_seed(1)
    ),
    "weighted": lambda m, d: d.WeightedRandomSampler([0.1, 3.0, 0.0, 0.5], 20),
    "weighted, one": lambda m, d: d.WeightedRandomSampler([0.1, 3.0, 0.0, 0.5], 1),
    "weighted, once each": lambda m, d: d.WeightedRandomSampler(
        [0.1, 3.0, 0.2, 0.5], 4, replacement=False, generator=m.Generator().manual_seed(2)
    ),
    "weighted, no vector": lambda m, d: d.WeightedRandomSampler([[0.1]], 4),
    "weighted, num_samples": lambda m, d: d.WeightedRandomSampler([0.1], 0),
    "weighted, a bool": lambda m, d: d.WeightedRandomSampler([0.1], True),
    "weighted, replacement": lambda m, d: d.WeightedRandomSampler([0.1], 1, 2),
    "batches": lambda m, d: d.BatchSampler(range(7), 3, False),
    "batches, drop_last": lambda m, d: d.BatchSampler(d.SequentialSampler(range(7)), 3, True),
    "batches, exactly": lambda m, d: d.BatchSampler(d.RandomSampler(range(6)), 3, True),
    "batches, batch_size": lambda m, d: d.BatchSampler(range(7), 0, False),
    "batches, a float": lambda m, d: d.BatchSampler(range(7), 1.5, False),
    "batches, drop_last no bool": lambda m, d: d.BatchSampler(range(7), 1, 1),
}


@pytest.mark.parametrize("what", SAMPLERS)
def test_samplers(what: str) -> None:
    def two_passes(m: Any) -> Any:
        sampler = SAMPLERS[what](m, m.utils.data)
        return list(sampler), list(sampler), len(sampler)

    alike(two_passes)


def test_weights_that_cannot_be_drawn_from() -> None:
    for m in (minitorch, the_torch()):
        for weights in ([-1.0, 1.0], [0.0, 0.0], [float("nan"), 1.0]):
            with pytest.raises(RuntimeError):
                list(m.utils.data.WeightedRandomSampler(weights, 2))


# ---- collating --------------------------------------------------------------------------------

Pair = collections.namedtuple("Pair", "left right")
COLLATED: dict[str, Callable[[Any], Any]] = {
    "tensors": lambda m: [m.ones(2), m.zeros(2)],
    "0-d tensors": lambda m: [m.tensor(1), m.tensor(2)],
    "tensors that require grad": lambda m: [m.ones(1, requires_grad=True)] * 2,
    "tensors of other shapes": lambda m: [m.ones(2), m.zeros(3)],
    "arrays": lambda m: [np.ones((2, 2), np.float32), np.zeros((2, 2), np.float32)],
    "0-d arrays": lambda m: [np.array(3), np.array(4)],
    "arrays of text": lambda m: [np.array("a")],
    "arrays of objects": lambda m: [np.array([None])],
    "float32 scalars": lambda m: [np.float32(1), np.float32(2)],
    "float64 scalars": lambda m: [np.float64(1), np.float64(2)],
    "int32 scalars": lambda m: [np.int32(1)],
    "bool scalars": lambda m: [np.bool_(True)],
    "floats": lambda m: [1.5, 2.0],
    "ints": lambda m: [1, 2],
    "bools": lambda m: [True, False],
    "an int before a float": lambda m: [1, 2.5],
    "a float before an int": lambda m: [2.5, 1],
    "strings": lambda m: ["a", "b"],
    "bytes": lambda m: [b"a"],
    "pairs": lambda m: [(1, 2.5), (3, 4.5)],
    "lists": lambda m: [[1, m.ones(2)], [3, m.ones(2)]],
    "unequal lists": lambda m: [[1, 2], [3]],
    "dicts": lambda m: [{"a": 1, "b": (1.5, "x")}, {"a": 2, "b": (2.5, "y")}],
    "ordered dicts": lambda m: [collections.OrderedDict(a=1), collections.OrderedDict(a=2)],
    "dicts without a key": lambda m: [{"a": 1}, {"b": 2}],
    "counters": lambda m: [collections.Counter(a=1), collections.Counter(a=2)],
    "named tuples": lambda m: [Pair(1, m.ones(1)), Pair(2, m.ones(1))],
    "ranges": lambda m: [range(3), range(3)],
    "proxies": lambda m: [types.MappingProxyType({"a": 1}), types.MappingProxyType({"a": 2})],
    "deques": lambda m: [collections.deque([1, 2]), collections.deque([3, 4])],
    "None": lambda m: [None],
    "sets": lambda m: [{1}, {2}],
    "nothing": lambda m: [],
}


@pytest.mark.parametrize("what", COLLATED)
def test_default_collate(what: str) -> None:
    alike(lambda m: m.utils.data.default_collate(COLLATED[what](m)))


@pytest.mark.parametrize("what", COLLATED)
def test_default_convert(what: str) -> None:
    alike(lambda m: m.utils.data.default_convert(COLLATED[what](m)))


def test_collate_of_ones_own_kinds() -> None:
    def alone(m: Any) -> Any:
        collate = m.utils.data._utils.collate.collate if m is the_torch() else m.utils.data.collate
        functions = {
            set: lambda batch, collate_fn_map: sorted(set().union(*batch)),
            (int, float): lambda batch, collate_fn_map: sum(batch),
        }
        return collate([({1, 2}, 3), ({2, 5}, 4)], collate_fn_map=functions)

    alike(alone)


# ---- the loader -------------------------------------------------------------------------------

Epochs = list[Any]


def epochs(loader: Any, count: int = 2) -> Epochs:
    return [list(loader) for _ in range(count)]


LOADERS: dict[str, Callable[[Any, Any], Any]] = {
    "defaults": lambda m, L: L(range(4)),
    "batches": lambda m, L: L(table(m), batch_size=4),
    "batches, drop_last": lambda m, L: L(table(m), batch_size=4, drop_last=True),
    "shuffled": lambda m, L: L(table(m), batch_size=4, shuffle=True),
    "shuffled, exactly": lambda m, L: L(range(8), 4, shuffle=True),
    "shuffled, generator": lambda m, L: L(
        table(m), 4, True, generator=m.Generator().manual_seed(7)
    ),
    "shuffled, drop_last": lambda m, L: L(table(m), 4, True, drop_last=True),
    "a split": lambda m, L: L(
        m.utils.data.random_split(table(m), [8, 3])[0], batch_size=3, shuffle=True
    ),
    "dicts": lambda m, L: L(Squares(5), batch_size=2),
    "concatenated": lambda m, L: L(table(m, 3) + table(m, 2), batch_size=2, shuffle=True),
    "stacked": lambda m, L: L(m.utils.data.StackDataset(a=table(m), b=range(11)), batch_size=4),
    "sampler": lambda m, L: L(
        table(m), 4, sampler=m.utils.data.WeightedRandomSampler([1.0, 2.0, 3.0], 9)
    ),
    "sampler, a list": lambda m, L: L(table(m), 4, sampler=[5, 3, 1]),
    "batch_sampler": lambda m, L: L(table(m), batch_sampler=[[0, 2], [5], [1, 3, 4]]),
    "single": lambda m, L: L(table(m, 3), batch_size=None),
    "single, shuffled": lambda m, L: L([np.ones(2), np.zeros(2)], batch_size=None, shuffle=True),
    "single, batch numbers": lambda m, L: L(
        table(m),
        batch_size=None,
        sampler=m.utils.data.BatchSampler(m.utils.data.RandomSampler(range(11)), 4, False),
    ),
    "collate_fn": lambda m, L: L(range(7), 3, collate_fn=sum),
    "iterable": lambda m, L: L(stream_of(m), batch_size=4),
    "iterable, drop_last": lambda m, L: L(stream_of(m), batch_size=4, drop_last=True),
    "iterable, single": lambda m, L: L(stream_of(m), batch_size=None),
    "pin_memory": lambda m, L: L(range(3), pin_memory=True),
    "no rows": lambda m, L: L(table(m, 0), batch_size=2),
    "negative workers": lambda m, L: L(range(3), num_workers=-1),
    "negative timeout": lambda m, L: L(range(3), timeout=-1),
    "a timeout without workers": lambda m, L: L(range(3), timeout=1),
    "prefetch without workers": lambda m, L: L(range(3), prefetch_factor=2),
    "negative prefetch": lambda m, L: L(range(3), num_workers=1, prefetch_factor=-2),
    "persistent without workers": lambda m, L: L(range(3), persistent_workers=True),
    "a context without workers": lambda m, L: L(range(3), multiprocessing_context="fork"),
    "a wrong context": lambda m, L: L(range(3), num_workers=1, multiprocessing_context="spoon"),
    "context no context": lambda m, L: L(range(3), num_workers=1, multiprocessing_context=[]),
    "shuffle and sampler": lambda m, L: L(range(3), shuffle=True, sampler=[1]),
    "batch_sampler and batch_size": lambda m, L: L(range(3), 2, batch_sampler=[[1]]),
    "batch_sampler and shuffle": lambda m, L: L(range(3), shuffle=True, batch_sampler=[[1]]),
    "batch_sampler and sampler": lambda m, L: L(range(3), sampler=[1], batch_sampler=[[1]]),
    "batch_sampler and drop_last": lambda m, L: L(range(3), batch_sampler=[[1]], drop_last=True),
    "single and drop_last": lambda m, L: L(range(3), batch_size=None, drop_last=True),
    "shuffled, no rows": lambda m, L: L([], shuffle=True),
    "batch_size 0": lambda m, L: L(range(3), batch_size=0),
    "iterable and shuffle": lambda m, L: L(stream_of(m), shuffle=True),
    "a number out of range": lambda m, L: L([1, 2], sampler=[5]),
}


@pytest.mark.parametrize("what", LOADERS)
def test_loaders(what: str) -> None:
    def run(m: Any) -> Any:
        loader = LOADERS[what](m, m.utils.data.DataLoader)
        return epochs(loader), len(loader), len(iter(loader)) if "iterable" not in what else 0

    alike(run)


@pytest.mark.parametrize("option", ["sampler", "batch_sampler"])
def test_iterables_take_no_sampler(option: str) -> None:
    for m in (minitorch, the_torch()):
        with pytest.raises(ValueError, match=f"expected unspecified {option} option"):
            m.utils.data.DataLoader(stream_of(m), **{option: [[1]]})


def test_what_is_drawn_when() -> None:
    """The state of the default stream after each batch, also where a pass is broken off."""

    def run(m: Any) -> Any:
        loader = m.utils.data.DataLoader(range(7), batch_size=2, shuffle=True)
        states = []
        for batch in loader:
            states.append((batch, m.get_rng_state().tolist()[:40]))
            if len(states) == 2:
                break
        iter(loader)
        states.append(m.get_rng_state().tolist()[:40])
        return states

    alike(run)


def test_rows_are_taken_at_once_only_where_that_gives_the_same() -> None:
    class Doubled(minitorch.utils.data.TensorDataset):
        def __getitem__(self, index: Any) -> Any:
            return tuple(2 * tensor for tensor in super().__getitem__(index))

    x = minitorch.arange(6)
    load = minitorch.utils.data.DataLoader
    assert next(iter(load(Doubled(x), batch_size=3)))[0].tolist() == [0, 2, 4]
    dataset = minitorch.utils.data.TensorDataset(x)
    batch = next(iter(load(dataset, batch_size=3)))
    assert isinstance(batch, list)
    batch[0].zero_()
    assert x.tolist() == [0, 1, 2, 3, 4, 5]  # a batch is a copy
    with pytest.raises(IndexError):
        next(iter(load(dataset, sampler=[7])))


def test_a_wrong_length_is_warned_of() -> None:
    def run(m: Any) -> Any:
        class Lying(m.utils.data.IterableDataset):
            def __iter__(self) -> Any:
                return iter(range(4))

            def __len__(self) -> int:
                return 2

            def __repr__(self) -> str:
                return "Lying"

        loader = m.utils.data.DataLoader(Lying(), batch_size=None)
        return len(loader), list(loader)

    alike(run)


def test_some_attributes_are_fixed() -> None:
    for m in (minitorch, the_torch()):
        loader = m.utils.data.DataLoader(range(3))
        loader.collate_fn = sum
        with pytest.raises(ValueError, match="batch_size attribute should not be set after"):
            loader.batch_size = 3


def test_signatures_are_pytorchs() -> None:
    theirs = the_torch().utils.data
    for name in minitorch.utils.data.__all__:
        if name == "collate":
            continue
        mine, other = getattr(minitorch.utils.data, name), getattr(theirs, name)
        if isinstance(mine, type):
            if "__init__" not in vars(mine):
                continue
            mine, other = mine.__init__, other.__init__
        names = [
            [(p.name, p.kind) for p in inspect.signature(f).parameters.values()]
            for f in (mine, other)
        ]
        assert names[0] == names[1], name
