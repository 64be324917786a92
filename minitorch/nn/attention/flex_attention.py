"""Attention whose scores a function changes, and another one masks.

Dong et al., Flex Attention, https://arxiv.org/abs/2412.05496. Nothing is compiled here: the scores
are made whole, and blocks that a mask leaves out are computed like the others.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any, NamedTuple

import numpy as np

from minitorch._dtypes import Array, float32
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.ops.math.linalg import matmul
from minitorch.ops.math.reduce import logsumexp
from minitorch.ops.math.select import where
from minitorch.ops.nn.attention import attended, shared_heads
from minitorch.ops.shape.views import stack
from minitorch.ops.support.operands import is_half, require_tensor

__all__ = [
    "AuxOutput",
    "AuxRequest",
    "BlockMask",
    "and_masks",
    "create_block_mask",
    "create_mask",
    "flex_attention",
    "noop_mask",
    "or_masks",
]

Mask = Callable[..., Tensor]
"""``mask_mod(batch, head, q_idx, kv_idx)``: whether a query may see a key; indices are 0-d."""

BLOCK = _DEFAULT_SPARSE_BLOCK_SIZE = 128


class AuxRequest(NamedTuple):
    """Further results that `flex_attention` is to return."""

    lse: bool = False
    max_scores: bool = False


class AuxOutput(NamedTuple):
    """The logarithm of the sum of exponentials, and the largest, of each query's scores."""

    lse: Tensor | None = None
    max_scores: Tensor | None = None


def noop_mask(batch: Tensor, head: Tensor, token_q: Tensor, token_kv: Tensor) -> Tensor:
    """Let every query see every key."""
    return (token_q == token_q) & (token_kv == token_kv)


def _all_callable(masks: Sequence[Mask]) -> None:
    if not all(map(callable, masks)):
        raise RuntimeError(f"All inputs should be callable mask_mods: {masks}")


def and_masks(*mask_mods: Mask) -> Mask:
    """Return the mask of what all of these masks let be seen; RuntimeError unless callable."""
    _all_callable(mask_mods)
    return lambda *at: functools.reduce(lambda x, y: x & y, (mask(*at) for mask in mask_mods))


def or_masks(*mask_mods: Mask) -> Mask:
    """Return the mask of what any of these masks lets be seen; RuntimeError unless callable."""
    _all_callable(mask_mods)
    return lambda *at: functools.reduce(lambda x, y: x | y, (mask(*at) for mask in mask_mods))


def _everywhere(mod: Mask, shape: Sequence[int], *scores: Tensor) -> Tensor:
    """Evaluate `mod` at each of the ``B * H * Q * K`` places.

    It is written for one place, with 0-d tensors. Indices that broadcast give all at once; where
    the result has another rank (it reduces, say, or indexes twice: ``table[b][q]``), it is asked
    about one place after the other.
    """
    axes = [
        np.arange(n).reshape([-1 if i == axis else 1 for i in range(4)])
        for axis, n in enumerate(shape)
    ]
    try:
        made = mod(*scores, *map(Tensor._wrap_any, axes))
    except (IndexError, RuntimeError, ValueError):
        made = None
    if made is not None and made.ndim == 4:
        return made.expand(*shape)
    places = np.ndindex(*shape)
    each = [
        mod(*(s[place] for s in scores), *(Tensor._wrap_any(np.array(i)) for i in place))
        for place in places
    ]
    return stack(each).reshape(*shape)


def create_mask(
    mod_fn: Mask, B: int | None, H: int | None, Q_LEN: int, KV_LEN: int, device: Any = None
) -> Tensor:
    """Return the bool tensor ``(B, H, Q_LEN, KV_LEN)`` of a mask; ``None`` counts as 1.

    >>> create_mask(lambda b, h, q, k: q >= k, None, None, 2, 2)
    tensor([[[[ True, False],
              [ True,  True]]]])
    """
    return _everywhere(mod_fn, (B or 1, H or 1, Q_LEN, KV_LEN)).bool().contiguous()


def _ordered(blocks: Array) -> tuple[Tensor, Tensor]:
    """For each row of blocks: how many are there; their columns, and then the others'."""
    order = np.argsort(~blocks, -1, kind="stable").astype(np.int32)
    return Tensor._wrap_any(blocks.sum(-1, dtype=np.int32)), Tensor._wrap_any(order)


def _dense(counts: Tensor, columns: Tensor) -> Array:
    """The inverse of `_ordered`, as integers."""
    order = columns._array
    there = np.arange(order.shape[-1]) < counts._array[..., None]
    dense = np.zeros_like(order)
    np.put_along_axis(dense, order.astype(np.int64), there.astype(order.dtype), -1)
    return dense


def _sliced(*at: Any) -> Tensor:
    raise RuntimeError("Cannot use mask_mod from a sliced BlockMask")


@dataclass(frozen=True, repr=False)
class BlockMask:
    """A mask, with the blocks of the scores that it lets be seen in part, or in full.

    `kv_num_blocks` ``(B, H, rows)`` counts the blocks of a row that are seen in part, and
    `kv_indices` ``(B, H, rows, columns)`` has their columns first; names with ``full`` tell of the
    blocks that are seen in full, those with ``q`` of columns instead of rows. All are int32.

    >>> mask = create_block_mask(lambda b, h, q, k: q >= k, None, None, 256, 256)
    >>> mask.shape, mask.sparsity(), mask.to_dense()[0, 0].tolist()
    ((1, 1, 256, 256), 25.0, [[1, 0], [1, 1]])
    """

    seq_lengths: tuple[int, int]
    kv_num_blocks: Tensor
    kv_indices: Tensor
    full_kv_num_blocks: Tensor | None
    full_kv_indices: Tensor | None
    q_num_blocks: Tensor | None
    q_indices: Tensor | None
    full_q_num_blocks: Tensor | None
    full_q_indices: Tensor | None
    BLOCK_SIZE: tuple[int, int] = (BLOCK, BLOCK)
    mask_mod: Mask = noop_mask

    @classmethod
    def from_kv_blocks(
        cls,
        kv_num_blocks: Tensor,
        kv_indices: Tensor,
        full_kv_num_blocks: Tensor | None = None,
        full_kv_indices: Tensor | None = None,
        BLOCK_SIZE: int | tuple[int, int] = BLOCK,
        mask_mod: Mask | None = None,
        seq_lengths: tuple[int, int] | None = None,
    ) -> BlockMask:
        """Make one of the blocks of each row.

        Raises:
            RuntimeError: for `kv_indices` of less than two dimensions.
            AssertionError: if one of the two tensors about full blocks is missing.
        """
        if kv_indices.dim() < 2:
            raise RuntimeError("BlockMask must have at least 2 dimensions")
        if (full_kv_num_blocks is None) != (full_kv_indices is None):
            raise AssertionError(
                "full_kv_num_blocks and full_kv_indices must be both provided or omitted"
            )
        size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
        rows, columns = kv_indices.shape[-2:]
        columns_of: list[Tensor | None] = []
        for counts, places in ((kv_num_blocks, kv_indices), (full_kv_num_blocks, full_kv_indices)):
            if counts is None or places is None:
                columns_of += [None, None]
            else:
                columns_of += _ordered(_dense(counts, places).swapaxes(-2, -1) > 0)
        lengths = seq_lengths or (rows * size[0], columns * size[1])
        held = (kv_num_blocks, kv_indices, full_kv_num_blocks, full_kv_indices, *columns_of)
        return cls(lengths, *held, size, mask_mod or noop_mask)  # type: ignore[call-arg, arg-type]

    @property
    def shape(self) -> tuple[int, ...]:
        """``(B, H, Q_LEN, KV_LEN)``."""
        return (*self.kv_indices.shape[:-2], *self.seq_lengths)

    def numel(self) -> int:
        """Return the number of scores."""
        return math.prod(self.shape)

    def sparsity(self) -> float:
        """Return the share of the scores, in per cent, whose blocks are left out."""
        seen = self.kv_num_blocks.sum().item()
        if self.full_kv_num_blocks is not None:
            seen += self.full_kv_num_blocks.sum().item()
        return 100 * (1 - seen * math.prod(self.BLOCK_SIZE) / self.numel())

    def to_dense(self) -> Tensor:
        """Return 1 for each block seen, at least in part: int32 ``(B, H, rows, columns)``."""
        dense = _dense(self.kv_num_blocks, self.kv_indices)
        if self.full_kv_num_blocks is not None and self.full_kv_indices is not None:
            dense |= _dense(self.full_kv_num_blocks, self.full_kv_indices)
        return Tensor._wrap_any(dense)

    def to(self, device: Any) -> BlockMask:
        """Return one whose tensors are on the device."""
        held = {f.name: getattr(self, f.name) for f in fields(self)}
        return replace(self, **{name: t.to(device) for name, t in held.items() if hasattr(t, "to")})

    def __getitem__(self, index: Any) -> BlockMask:
        """Take batches, heads and rows of blocks; the mask itself cannot be used any more."""
        index = index if isinstance(index, tuple) else (index,)
        taken = [slice(i, i + 1 or None) if isinstance(i, int) else i for i in index]
        parts = (self.kv_num_blocks, self.kv_indices, self.full_kv_num_blocks, self.full_kv_indices)
        held: list[Any] = [None if part is None else part[tuple(taken)] for part in parts]
        held += [self.BLOCK_SIZE, _sliced, self.seq_lengths]
        return self.from_kv_blocks(*held)

    def to_string(self, grid_size: int | tuple[int, int] = (20, 20), limit: int = 4) -> str:
        """Draw which blocks are seen, two characters each.

        Args:
            grid_size: the most rows and columns to draw; -1 for all.
            limit: the most batches and heads to draw.
        """
        dense = self.to_dense()._array
        most = (grid_size, grid_size) if isinstance(grid_size, int) else grid_size
        steps = [
            1 if m == -1 else max(1, -(-n // m))
            for n, m in zip(dense.shape[-2:], most, strict=True)
        ]
        drawn: list[str] = []
        for place in np.ndindex(*dense.shape[:-2]):
            if len(drawn) == limit:
                drawn += ["...", "To print out more, set BlockMask.to_string(limit=N)"]
                drawn.append(
                    "You can also index (BlockMask[batch, head]) to choose a specific batch or head"
                )
                break
            text = f"{place}\n"
            for r in range(0, dense.shape[-2], steps[0]):
                for c in range(0, dense.shape[-1], steps[1]):
                    share = dense[place][r : r + steps[0], c : c + steps[1]].mean()
                    text += 2 * ("█" if share == 1 else "░" if share else " ")
                text += "\n"
            drawn.append(text)
        return "\n".join(drawn)

    def __str__(self) -> str:
        head = f"BlockMask(shape={self.shape}, sparsity={self.sparsity():.2f}%, \n"
        return f"{head}{self.to_string()})"

    def __repr__(self) -> str:
        name = getattr(self.mask_mod, "__name__", self.mask_mod)
        lines = [
            f"    {f.name}={getattr(getattr(self, f.name), 'shape', None)},"
            for f in fields(self)[1:9]
        ]
        lines += [f"    BLOCK_SIZE={self.BLOCK_SIZE},", f"    shape={self.shape},"]
        lines += [f"    sparsity={self.sparsity():.2f}%,", f"    mask_mod={name}"]
        return "\n".join(["BlockMask(", *lines, ")"])


def create_block_mask(
    mask_mod: Mask,
    B: int | None,
    H: int | None,
    Q_LEN: int,
    KV_LEN: int,
    device: Any = None,
    BLOCK_SIZE: int | tuple[int, int] = BLOCK,
    _compile: bool = False,
    separate_full_blocks: bool = True,
) -> BlockMask:
    """Return the `BlockMask` of a mask.

    Args:
        mask_mod: ``(batch, head, q_idx, kv_idx)``, each an integer tensor, to bool.
        B: batches, None if the mask is the same for all; H: heads, likewise.
        BLOCK_SIZE: of rows and columns of a block, or of both.
        separate_full_blocks: keep apart which blocks are seen in full.
    """
    size = (BLOCK_SIZE, BLOCK_SIZE) if isinstance(BLOCK_SIZE, int) else BLOCK_SIZE
    mask = create_mask(mask_mod, B, H, Q_LEN, KV_LEN, device)._array
    rows, columns = (-(-n // s) for n, s in zip((Q_LEN, KV_LEN), size, strict=True))
    whole = np.zeros((*mask.shape[:2], rows * size[0], columns * size[1]), bool)
    whole[..., :Q_LEN, :KV_LEN] = mask
    blocks = whole.reshape(*mask.shape[:2], rows, size[0], columns, size[1])
    some, full = np.any(blocks, (3, 5)), np.all(blocks, (3, 5))
    partly = _ordered(np.asarray(some & ~full if separate_full_blocks else some))
    counts, places = _ordered(np.asarray(full)) if separate_full_blocks else (None, None)
    return BlockMask.from_kv_blocks(*partly, counts, places, size, mask_mod, (Q_LEN, KV_LEN))


def flex_attention(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    score_mod: Callable[..., Tensor] | None = None,
    block_mask: BlockMask | None = None,
    scale: float | None = None,
    enable_gqa: bool = False,
    return_lse: bool = False,
    kernel_options: Any = None,
    *,
    return_aux: AuxRequest | None = None,
) -> Any:
    """``softmax(score_mod(scale * query @ key.T)) @ value`` over what a mask lets be seen.

    Args:
        score_mod: ``(score, batch, head, q_idx, kv_idx)``, of one place, to the score to take.
            Gradients go through it, and to the tensors that it uses.
        block_mask: of `create_block_mask`; by default all is seen.
        scale: by default ``1 / sqrt(E)``.
        enable_gqa: let several heads of queries share one of keys and values.
        return_lse: return the logarithm of the sum of exponentials of the scores, too.
        kernel_options: PyTorch's, for its compiled kernels.
        return_aux: what else to return; `AuxOutput` of it.

    Shape: query ``(B, Hq, L, E)``, key ``(B, Hkv, S, E)``, value ``(B, Hkv, S, Ev)``; output
    ``(B, Hq, L, Ev)``. A query that may see nothing gets zeros.

    Raises:
        NotImplementedError: unless all have four dimensions.
        ValueError: for sizes that do not fit together, or both of `return_lse` and `return_aux`.

    >>> import minitorch
    >>> q, k, v = minitorch.zeros(1, 1, 2, 1), minitorch.zeros(1, 1, 2, 1), minitorch.eye(2)
    >>> mask = create_block_mask(lambda b, h, q, k: q >= k, None, None, 2, 2)
    >>> flex_attention(q, k, v[None, None], block_mask=mask)
    tensor([[[[1.0000, 0.0000],
              [0.5000, 0.5000]]]])
    """
    who = "flex_attention"
    q, k = require_tensor(who, "query", query), require_tensor(who, "key", key)
    v = require_tensor(who, "value", value)
    _fit(q, k, v, block_mask, enable_gqa)
    if return_lse and return_aux is not None:
        raise ValueError(
            "Cannot specify both return_lse and return_aux. return_lse is deprecated, please use "
            "return_aux=AuxRequest(lse=True) instead."
        )
    given = q.dtype
    work = float32 if is_half(q) else given  # keys and values may be of less precision
    q, k, v = q.to(work), k.to(work), v.to(work)
    if enable_gqa:
        k, v = shared_heads(q, k), shared_heads(q, v)
    scores = matmul(q * (1 / math.sqrt(q.shape[-1]) if scale is None else scale), k.mT)
    shape = scores.shape
    if score_mod is not None:
        scores = _everywhere(score_mod, shape, scores)
    if block_mask is not None:
        scores = where(_everywhere(block_mask.mask_mod, shape), scores, -math.inf)
    out = attended(scores, v).to(given)
    if return_aux is not None:
        top = scores.detach().amax(-1) if return_aux.max_scores else None
        return out, AuxOutput(logsumexp(scores, -1) if return_aux.lse else None, top)
    return (out, logsumexp(scores, -1)) if return_lse else out


def _fit(q: Tensor, k: Tensor, v: Tensor, mask: BlockMask | None, shared: bool) -> None:
    """Refuse what does not fit together."""
    if not q.ndim == k.ndim == v.ndim == 4:
        raise NotImplementedError(
            f"flex_attention: query, key, and value must be 4D tensors, got {q.ndim}, {k.ndim} and "
            f"{v.ndim} dimensions"
        )
    if not q.is_floating_point():
        raise ValueError(f"flex_attention: expected floats, got query.dtype: {q.dtype}")
    if q.shape[-1] != k.shape[-1]:
        raise ValueError(
            f"Expect query and key to have the same embedding dimension E, got {q.shape[-1]} and "
            f"{k.shape[-1]}"
        )
    Hq, Hkv = q.shape[1], k.shape[1]
    if Hq != Hkv and not shared:
        raise ValueError(
            "Expect query and key/value to have the same number of heads but got "
            f"Hq={Hq} and Hkv={Hkv}. Try setting enable_gqa=True for GQA."
        )
    if Hq % Hkv:
        raise ValueError(
            "Expect number of query heads to be a multiple of kv heads for GQA but got "
            f"Hq={Hq} and Hkv={Hkv}."
        )
    if q.shape[0] != k.shape[0] and (mask is None or mask.kv_num_blocks.shape[0] != q.shape[0]):
        raise ValueError(
            "Expect query and key/value to have the same batch size, got "
            f"Bq={q.shape[0]} and Bkv={k.shape[0]}."
        )
    if mask is not None and mask.mask_mod is not _sliced:
        lengths = (q.shape[-2], k.shape[-2])
        if lengths != mask.seq_lengths:
            raise ValueError(
                f"block_mask was created for block_mask.shape={mask.shape} but got "
                f"q_len={lengths[0]} and kv_len={lengths[1]}; create one of these lengths"
            )


__getattr__ = missing(__name__)
