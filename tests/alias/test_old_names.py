"""Names that programs of years ago use, with PyTorch's results and warnings of today."""

from __future__ import annotations

import importlib
import pkgutil
import sys
import warnings
from collections.abc import Callable
from typing import Any

import pytest

import minitorch

LINES: dict[str, Callable[[Any], Any]] = {
    "range": lambda m: m.range(0, 4),
    "range by a step": lambda m: m.range(1, 2, 0.3, dtype=m.float64),
    "range down": lambda m: m.range(3, 1, -1),
    "range the wrong way": lambda m: m.range(3, 1),
    "range by nothing": lambda m: m.range(0, 1, 0),
    "a default type of integers": lambda m: m.set_default_tensor_type(m.LongTensor),
    "a default type of a GPU": lambda m: m.set_default_tensor_type("torch.cuda.FloatTensor"),
    "storage": lambda m: str(m.ones(3).storage()),
    "what a storage has": lambda m: [
        (len(s), s.size(), s.dtype == m.float64, s[1], s.tolist(), s.nbytes(), s.element_size())
        for s in [m.arange(4.0, dtype=m.float64)[1:].storage()]
    ],
    "a storage's size": lambda m: sys.getsizeof(m.ones(1000).untyped_storage()) // 1000,
    "volatile": lambda m: m.autograd.Variable(m.ones(2), volatile=True),
    "assert_allclose": lambda m: m.testing.assert_allclose(m.ones(2), m.ones(2) + 1e-6),
    "assert_allclose of lists": lambda m: m.testing.assert_allclose([1, 2.0], m.tensor([1.0, 2.0])),
    "assert_allclose of others": lambda m: m.testing.assert_allclose(1.0, 2.0),
    "the type of all": lambda m: m.ones(2).double().type(m.Tensor).dtype == m.float32,
    "Python's types": lambda m: [
        str(x.dtype)
        for x in (m.zeros(1, dtype=float), m.zeros(1, dtype=int), m.zeros(1, dtype=bool),
                  m.ones(1).to(float), m.ones(1).sum(dtype=float), m.ones(1).mean(dtype=float),
                  m.ones(1).cumsum(0, dtype=float), m.ones(1).softmax(0, dtype=float),
                  m.norm(m.ones(1), dtype=float), m.linalg.vector_norm(m.ones(1), dtype=float),
                  m.nansum(m.ones(1), dtype=float), m.ones(1).double().view(int),
                  m.ones(1).new_zeros(2, dtype=int), m.tensor([1], dtype=float),
                  m.ones(1).new_tensor([2.0], dtype=int), m.as_tensor([1], dtype=bool),
                  m.frombuffer(bytearray(8), dtype=int), m.zeros_like(m.ones(1), dtype=int))
    ]
    + [m.promote_types(float, m.int32) == m.float64, m.can_cast(float, m.int32)]
    + [m.finfo(float).eps],
    "no GPU": lambda m: [
        m.cuda.max_memory_allocated(), m.cuda.get_rng_state_all(), m.cuda.get_arch_list(),
        m.cuda.seed_all(), m.cuda.set_rng_state_all([]), m.cuda.is_tf32_supported(),
        issubclass(m.cuda.OutOfMemoryError, RuntimeError), m.OutOfMemoryError.__name__,
    ],
    "mixed precision on a GPU": lambda m: [
        m.cuda.amp.autocast(enabled=False).__enter__() is not None,
        m.cuda.amp.GradScaler(enabled=False).get_scale(),
    ],
    "a stream": lambda m: m.cuda.Stream(),
    "the current stream": lambda m: m.cuda.current_stream(),
    "memory of a GPU": lambda m: m.cuda.mem_get_info(),
}  # fmt: skip


@pytest.mark.parametrize("line", LINES)
def test_a_line_gives_what_pytorch_gives(line: str, torch: Any) -> None:
    seen = []
    for m in (torch, minitorch):
        with warnings.catch_warnings(record=True) as told:
            warnings.simplefilter("always")
            try:
                result = LINES[line](m)
            except (RuntimeError, TypeError, ValueError, AssertionError) as error:
                kinds = [AssertionError, RuntimeError, TypeError, ValueError]
                result = next(kind for kind in kinds if isinstance(error, kind))
        warned = [(w.category, str(w.message)[:60]) for w in told]
        seen.append((str(result).split(), warned))
    if line in ("storage", "what a storage has", "a default type of integers"):
        for _, warned in seen:
            del warned[1:]  # PyTorch warns once in a process
        seen[0] = (seen[0][0], seen[1][1])
    if line == "a default type of a GPU":
        seen[0] = (seen[0][0], seen[1][1])
    assert seen[0] == seen[1]


def test_a_default_type_is_the_default_dtype() -> None:
    with pytest.warns(UserWarning, match="set_default_dtype"):
        minitorch.set_default_tensor_type("torch.DoubleTensor")
    try:
        assert minitorch.get_default_dtype() is minitorch.float64
    finally:
        minitorch.set_default_dtype(minitorch.float32)


def test_no_gpu_can_be_chosen() -> None:
    with minitorch.cuda.device(-1), minitorch.cuda.device(None), minitorch.cuda.stream(None):
        pass
    with pytest.raises(AssertionError, match="not compiled with CUDA"), minitorch.cuda.device(0):
        pass


def test_dtypes_that_are_not_covered_have_names(torch: Any) -> None:
    for name, ours in minitorch._dtypes.ABSENT.items():
        theirs = getattr(torch, name)
        for what in ("itemsize", "is_complex", "is_floating_point"):
            assert getattr(ours, what) == getattr(theirs, what), (name, what)
        assert str(ours) == str(theirs) and getattr(minitorch, name) is ours
    x = minitorch.ones(2)
    for use in (
        lambda: x.to(minitorch.complex64),
        lambda: minitorch.zeros(2, dtype=minitorch.uint16),
        lambda: x.sum(dtype=minitorch.cfloat),
        lambda: minitorch.promote_types(minitorch.complex64, minitorch.float32),
    ):
        with pytest.raises(NotImplementedError, match="is not covered by minitorch"):
            use()


def test_a_storage_is_bytes(torch: Any, tmp_path: Any) -> None:
    (tmp_path / "bytes").write_bytes(bytes(range(8)))
    for m in (torch, minitorch):
        s = m.UntypedStorage.from_file(str(tmp_path / "bytes"), False, 8)
        assert (len(s), s[3], len(s[2:4]), s[2:4][0]) == (8, 3, 2, 2)
        assert m.asarray(s[:4], dtype=m.uint8).view(m.int32).item() == 0x03020100
        assert len(m.UntypedStorage(4)) == 4 and m.UntypedStorage([1, 2])[1] == 2
        x = m.ones(2)
        assert m.asarray(x.untyped_storage(), dtype=m.uint8).tolist() == [0, 0, 128, 63] * 2


NOT_COVERED = {"Container", "LinearCrossEntropyLoss", "LinearCrossEntropyOptions", "SparseAdam"}


@pytest.mark.parametrize("package", ["nn.modules", "optim"])
def test_classes_are_found_where_pytorch_defines_them(package: str, torch: Any) -> None:
    for found in pkgutil.iter_modules(importlib.import_module(f"torch.{package}").__path__):
        theirs = importlib.import_module(f"torch.{package}.{found.name}")
        for name in set(getattr(theirs, "__all__", ())) - NOT_COVERED:
            if isinstance(getattr(theirs, name), type) and found.name[0] != "_":
                ours = importlib.import_module(f"minitorch.{package}.{found.name}")
                assert isinstance(getattr(ours, name), type), name
