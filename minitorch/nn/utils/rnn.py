"""Sequences of different lengths in one batch: padded to one length, or packed without padding."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple, Self, TypeVar

from minitorch import _dtypes
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.factory import arange, as_tensor, empty_like, tensor
from minitorch.ops.nn.pad import pad
from minitorch.ops.shape.views import cat, stack

__all__ = [
    "PackedSequence",
    "invert_permutation",
    "pack_padded_sequence",
    "pack_sequence",
    "pad_packed_sequence",
    "pad_sequence",
    "unpack_sequence",
    "unpad_sequence",
]


P = TypeVar("P", bound="PackedSequence")


class _PackedFields(NamedTuple):
    """The fields of a `PackedSequence`."""

    data: Tensor
    batch_sizes: Tensor
    sorted_indices: Tensor | None
    unsorted_indices: Tensor | None


def _converter(dtype: _dtypes.dtype) -> Callable[[P], P]:
    def converted(self: P) -> P:
        return self.to(dtype)

    converted.__doc__ = f"With its data in {dtype}."
    return converted


class PackedSequence(_PackedFields):
    """Sequences without padding: step 0 of each, then step 1 of those that have one, and so on.

    Made by `pack_sequence` and `pack_padded_sequence`; every recurrent layer takes it.

    Attributes:
        data: the rows, ``(sum of lengths, *)``.
        batch_sizes: how many sequences have each step.
        sorted_indices: where each sequence, the longest first, was in the batch; None if there.
        unsorted_indices: where each sequence of the batch is now.
    """

    def __new__(
        cls,
        data: Any,
        batch_sizes: Tensor | None = None,
        sorted_indices: Tensor | None = None,
        unsorted_indices: Tensor | None = None,
    ) -> Self:
        if unsorted_indices is None:
            unsorted_indices = invert_permutation(sorted_indices)
        if batch_sizes is None:
            if not (isinstance(data, (list, tuple)) and len(data) == 2):
                raise AssertionError("Expected data to be a list or tuple of length 2")
            data, batch_sizes = data
        return super().__new__(cls, data, batch_sizes, sorted_indices, unsorted_indices)

    def to(self, *args: Any, **kwargs: Any) -> Self:
        """With its data of another dtype or device; see `Tensor.to`."""
        data = self.data.to(*args, **kwargs)
        return self if data is self.data else type(self)(data, *self[1:])

    def cpu(self) -> Self:
        """Itself: there is no other device."""
        return self.to(device="cpu")

    def cuda(self, device: Any = "cuda") -> Self:
        """Raise, as there is no such device."""
        return self.to(device=device)

    double = _converter(_dtypes.float64)
    float = _converter(_dtypes.float32)
    half = _converter(_dtypes.float16)
    bfloat16 = _converter(_dtypes.bfloat16)
    long = _converter(_dtypes.int64)
    int = _converter(_dtypes.int32)
    short = _converter(_dtypes.int16)
    char = _converter(_dtypes.int8)
    byte = _converter(_dtypes.uint8)

    @property
    def is_cuda(self) -> bool:
        """False."""
        return False

    def is_pinned(self) -> bool:
        """False."""
        return False


def invert_permutation(permutation: Tensor | None) -> Tensor | None:
    """The permutation that undoes `permutation`; None for None."""
    if permutation is None:
        return None
    inverse = empty_like(permutation)
    inverse[permutation] = arange(len(permutation))
    return inverse


def pack_padded_sequence(
    input: Tensor, lengths: Any, batch_first: bool = False, enforce_sorted: bool = True
) -> PackedSequence:
    """Pack a padded batch.

    Args:
        input: ``(T, N, *)``, or ``(N, T, *)`` if `batch_first`.
        lengths: of each of the N sequences: a list or a tensor.
        enforce_sorted: expect the longest first. If False, they are sorted, and the results of
            a recurrent layer put back in order.

    Raises:
        RuntimeError: for lengths out of order, out of range, or not one for each sequence.

    >>> import minitorch
    >>> pack_padded_sequence(minitorch.tensor([[1, 2], [3, 0]]), [2, 1]).data
    tensor([1, 2, 3])
    """
    lengths = as_tensor(lengths, dtype=_dtypes.int64)
    sorted_indices = None
    if not enforce_sorted:
        lengths, sorted_indices = lengths.sort(descending=True)
        input = input.index_select(0 if batch_first else 1, sorted_indices)
    if batch_first:
        input = input.transpose(0, 1)
    if input.numel() == 0:
        raise RuntimeError("Cannot pack empty tensors.")
    T, N = input.size(0), input.size(1)
    each = lengths.tolist()
    if len(each) != N:
        raise RuntimeError(
            f"Expected `len(lengths)` to be equal to batch_size, but got {len(each)} "
            f"(batch_size={N})"
        )
    if each[-1] <= 0:
        raise RuntimeError(
            "Length of all samples has to be greater than 0, but found an element in 'lengths' "
            "that is <= 0"
        )
    if each != sorted(each, reverse=True):
        raise RuntimeError(
            "`lengths` array must be sorted in decreasing order when `enforce_sorted` is True. "
            "You can pass `enforce_sorted=False` to pack_padded_sequence and/or pack_sequence to "
            "sidestep this requirement if you do not need ONNX exportability."
        )
    if each[0] > T:
        raise RuntimeError(
            f"pack_padded_sequence: the longest of `lengths` is {each[0]}, but the input "
            f"{tuple(input.shape)} has {T} steps"
        )
    sizes = [sum(length > t for length in each) for t in range(each[0])]
    data = cat([input[t, :n] for t, n in enumerate(sizes)])
    return PackedSequence(data, tensor(sizes), sorted_indices)


def pad_packed_sequence(
    sequence: PackedSequence,
    batch_first: bool = False,
    padding_value: float = 0.0,
    total_length: int | None = None,
) -> tuple[Tensor, Tensor]:
    """The inverse of `pack_padded_sequence`: the padded batch and the lengths.

    Args:
        padding_value: what to fill up with.
        total_length: pad to this length instead of to the longest sequence.

    Raises:
        ValueError: for a `total_length` that is too short.
    """
    data, sizes = sequence.data, sequence.batch_sizes.tolist()
    N, longest = sizes[0], len(sizes)
    if total_length is not None and total_length < longest:
        raise ValueError(
            "Expected total_length to be at least the length of the longest sequence in input, "
            f"but got total_length={total_length} and max sequence length being {longest}"
        )
    steps = data.split(sizes)
    rows = [_filled(step, N, padding_value) for step in steps]
    padded = _filled(stack(rows), total_length or longest, padding_value)
    lengths = tensor([sum(n > at for n in sizes) for at in range(N)])
    if batch_first:
        padded = padded.transpose(0, 1)
    order = sequence.unsorted_indices
    if order is None:
        return padded, lengths
    return padded.index_select(0 if batch_first else 1, order), lengths[order]


def _filled(x: Tensor, length: int, value: float, side: str = "right") -> Tensor:
    """`x`, its first dimension brought to `length` with `value`."""
    missing = length - len(x)
    if missing == 0:
        return x
    both = (0, missing) if side == "right" else (missing, 0)
    return pad(x, (0, 0) * (x.ndim - 1) + both, value=value)


def pad_sequence(
    sequences: Tensor | Iterable[Tensor],
    batch_first: bool = False,
    padding_value: float = 0.0,
    padding_side: str = "right",
) -> Tensor:
    """Sequences ``(T, *)`` of different lengths as one batch ``(T, N, *)``, padded to the longest.

    Raises:
        TypeError: for what is no tensor.
        RuntimeError: for what is no iterable of tensors alike in all dimensions but the first.

    >>> import minitorch
    >>> pad_sequence([minitorch.tensor([1, 2]), minitorch.tensor([3])], batch_first=True)
    tensor([[1, 2],
            [3, 0]])
    """
    if not isinstance(sequences, Iterable):
        raise RuntimeError(
            "pad_sequence: Expected iterable for input sequences, but got arg of type: "
            f"{type(sequences)}"
        )
    several = tuple(sequences)
    if not several:
        raise RuntimeError("received an empty list of sequences")
    if padding_side not in ("left", "right"):
        raise RuntimeError(
            f"Expected padding_side to be one of left or right, but got {padding_side}."
        )
    for x in several:
        if not isinstance(x, Tensor):
            raise TypeError(f"pad_sequence: expected tensors, got {type(x).__name__}")
        if x.ndim == 0 or x.shape[1:] != several[0].shape[1:]:
            raise RuntimeError(
                "pad_sequence: expected tensors alike in all dimensions but the first, got shapes "
                f"{[list(x.shape) for x in several]}"
            )
    longest = max(len(x) for x in several)
    return stack(
        [_filled(x, longest, padding_value, padding_side) for x in several],
        0 if batch_first else 1,
    )


def unpad_sequence(
    padded_sequences: Tensor, lengths: Tensor, batch_first: bool = False
) -> list[Tensor]:
    """The sequences of a padded batch, each cut to its length."""
    batch = padded_sequences if batch_first else padded_sequences.transpose(0, 1)
    return [x[:n] for x, n in zip(batch.unbind(0), lengths.tolist(), strict=True)]


def pack_sequence(sequences: Sequence[Tensor], enforce_sorted: bool = True) -> PackedSequence:
    """Pack sequences ``(T, *)`` of different lengths; see `pack_padded_sequence`.

    >>> import minitorch
    >>> pack_sequence([minitorch.tensor([1, 2]), minitorch.tensor([3])]).batch_sizes
    tensor([2, 1])
    """
    lengths = [x.size(0) for x in sequences]
    return pack_padded_sequence(pad_sequence(sequences), lengths, enforce_sorted=enforce_sorted)


def unpack_sequence(packed_sequences: PackedSequence) -> list[Tensor]:
    """The sequences that were packed, in their first order."""
    return unpad_sequence(*pad_packed_sequence(packed_sequences, True), batch_first=True)


__getattr__ = missing(__name__)
