"""Attention in several heads, as a layer."""

from __future__ import annotations

from typing import Any

from minitorch._tensor import Tensor
from minitorch.factory import empty
from minitorch.nn import functional as F, init
from minitorch.nn.modules._functional import FunctionalModule
from minitorch.nn.modules.linear import NonDynamicallyQuantizableLinear
from minitorch.nn.parameter import Parameter

__all__ = ["MultiheadAttention"]


class MultiheadAttention(FunctionalModule, function=F.multi_head_attention_forward):
    """Each query gets a mean of the values, weighted by how well it fits their keys; in heads.

    Args:
        embed_dim: E, the features of the queries; each head sees E / `num_heads` of them.
        dropout: probability of dropping a weight, in training.
        bias: whether the projections have biases.
        add_bias_kv: learn one more key and value.
        add_zero_attn: add a key and value of zeros.
        kdim, vdim: the features of keys and values; E by default.
        batch_first: take and give ``(N, L, E)``.

    Shape: as `F.multi_head_attention_forward`.

    Raises:
        ValueError, AssertionError: PyTorch's, for sizes that do not go together.

    >>> import minitorch
    >>> x = minitorch.zeros(5, 2, 8)
    >>> output, weights = MultiheadAttention(8, num_heads=4)(x, x, x)
    >>> output.shape, weights.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 5, 5]))
    """

    _projections = ("in_proj_weight", "q_proj_weight", "k_proj_weight", "v_proj_weight")
    _added = ("bias_k", "bias_v", "add_zero_attn")
    _options = (*_projections, "in_proj_bias", *_added, "num_heads", "training")
    _shown = ()

    def __init__(
        self,
        embed_dim: int,
        num_heads: int,
        dropout: float = 0.0,
        bias: bool = True,
        add_bias_kv: bool = False,
        add_zero_attn: bool = False,
        kdim: int | None = None,
        vdim: int | None = None,
        batch_first: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if embed_dim <= 0 or num_heads <= 0:
            raise ValueError(
                "embed_dim and num_heads must be greater than 0, got "
                f"embed_dim={embed_dim} and num_heads={num_heads} instead"
            )
        super().__init__()
        self.embed_dim, self.num_heads = embed_dim, num_heads
        self.kdim = embed_dim if kdim is None else kdim
        self.vdim = embed_dim if vdim is None else vdim
        self._qkv_same_embed_dim = self.kdim == embed_dim and self.vdim == embed_dim
        self.dropout, self.batch_first, self.add_zero_attn = dropout, batch_first, add_zero_attn
        self.head_dim = embed_dim // num_heads
        if self.head_dim * num_heads != embed_dim:
            raise AssertionError(
                f"embed_dim must be divisible by num_heads, got {embed_dim} and {num_heads}"
            )
        for name, shape, wanted in (
            ("q_proj_weight", (embed_dim, embed_dim), not self._qkv_same_embed_dim),
            ("k_proj_weight", (embed_dim, self.kdim), not self._qkv_same_embed_dim),
            ("v_proj_weight", (embed_dim, self.vdim), not self._qkv_same_embed_dim),
            ("in_proj_weight", (3 * embed_dim, embed_dim), self._qkv_same_embed_dim),
            ("in_proj_bias", (3 * embed_dim,), bias),
            ("bias_k", (1, 1, embed_dim), add_bias_kv),
            ("bias_v", (1, 1, embed_dim), add_bias_kv),
        ):
            made = Parameter(empty(*shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        self.out_proj = NonDynamicallyQuantizableLinear(
            embed_dim, embed_dim, bias=bias, device=device, dtype=dtype
        )
        self._reset_parameters()

    def _reset_parameters(self) -> None:
        """Glorot's draws for the matrices, zeros for the biases, in PyTorch's order."""
        for name in self._projections:
            weight = getattr(self, name)
            if weight is not None:
                init.xavier_uniform_(weight)
        if self.in_proj_bias is not None and self.out_proj.bias is not None:
            init.zeros_(self.in_proj_bias)
            init.zeros_(self.out_proj.bias)
        for bias in (self.bias_k, self.bias_v):
            if bias is not None:
                init.xavier_normal_(bias)

    def forward(
        self,
        query: Tensor,
        key: Tensor,
        value: Tensor,
        key_padding_mask: Tensor | None = None,
        need_weights: bool = True,
        attn_mask: Tensor | None = None,
        average_attn_weights: bool = True,
        is_causal: bool = False,
    ) -> tuple[Tensor, Tensor | None]:
        swapped = self.batch_first and query.ndim == 3
        if swapped:  # what is one tensor stays one: it is projected at once
            apart = query, key, value
            query = query.transpose(0, 1)
            key = query if key is apart[0] else key.transpose(0, 1)
            value = key if value is apart[1] else value.transpose(0, 1)
        output, weights = self._function(
            query,
            key,
            value,
            self.embed_dim,
            dropout_p=self.dropout,
            out_proj_weight=self.out_proj.weight,
            out_proj_bias=self.out_proj.bias,
            key_padding_mask=key_padding_mask,
            need_weights=need_weights,
            attn_mask=attn_mask,
            use_separate_proj_weight=not self._qkv_same_embed_dim,
            average_attn_weights=average_attn_weights,
            is_causal=is_causal,
            **self._keywords(),
        )
        return output.transpose(0, 1) if swapped else output, weights
