"""Transformers. Vaswani et al., https://arxiv.org/abs/1706.03762."""

from __future__ import annotations

import copy
import warnings
from collections.abc import Callable
from inspect import unwrap
from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.mode import is_grad_enabled
from minitorch.factory import full
from minitorch.nn import functional as F, init
from minitorch.nn.modules.activation import GELU, ReLU
from minitorch.nn.modules.attention import MultiheadAttention
from minitorch.nn.modules.container import ModuleList
from minitorch.nn.modules.dropout import Dropout
from minitorch.nn.modules.linear import Linear
from minitorch.nn.modules.module import Module
from minitorch.nn.modules.normalization import LayerNorm
from minitorch.ops.nn.multihead import additive_mask

__all__ = [
    "Transformer",
    "TransformerDecoder",
    "TransformerDecoderLayer",
    "TransformerEncoder",
    "TransformerEncoderLayer",
]

Activation = str | Callable[[Tensor], Tensor]

# The masks of a decoder, as it passes them on to its layers.
MASKS = ("tgt_mask", "memory_mask", "tgt_key_padding_mask", "memory_key_padding_mask")


def _causal_mask(size: int, device: Any = None, dtype: Any = None) -> Tensor:
    """-inf above the diagonal, 0 elsewhere: position i sees 0..i only."""
    return full((size, size), float("-inf"), dtype=dtype, device=device).triu(1)


def _is_causal(mask: Tensor | None, hint: bool | None, x: Tensor, batch_first: bool) -> bool:
    """Whether `mask` is the causal one: as the hint says, or else by looking."""
    if hint is not None or mask is None:
        return hint is True
    L = x.shape[0] if x.ndim == 2 else x.shape[1 if batch_first else 0]
    causal = _causal_mask(L, dtype=mask.dtype)
    return mask.shape == causal.shape and bool((mask == causal).all())


def _activation(activation: Activation) -> Callable[[Tensor], Tensor]:
    if not isinstance(activation, str):
        return activation
    if activation not in ("relu", "gelu"):
        raise RuntimeError(f"activation should be relu/gelu, not {activation}")
    return F.relu if activation == "relu" else F.gelu


def _clones(layer: Module, count: int) -> ModuleList:
    return ModuleList([copy.deepcopy(layer) for _ in range(count)])


class _Layer(Module):
    """Base of both kinds of layer: a feed-forward block, and the residuals."""

    attentions: tuple[str, ...] = ()

    def __init__(
        self,
        d_model: int,
        nhead: int,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        for name in self.attentions:
            attention = MultiheadAttention(
                d_model, nhead, dropout=dropout, batch_first=batch_first, **made
            )
            self.add_module(name, attention)
        self.linear1 = Linear(d_model, dim_feedforward, **made)
        self.dropout = Dropout(dropout)
        self.linear2 = Linear(dim_feedforward, d_model, **made)
        self.norm_first = norm_first
        blocks = range(1, len(self.attentions) + 2)
        for number in blocks:
            self.add_module(f"norm{number}", LayerNorm(d_model, eps=layer_norm_eps, **made))
        for number in blocks:
            self.add_module(f"dropout{number}", Dropout(dropout))
        self.activation = _activation(activation)
        # One that classes may take over (see `minitorch.overrides`) is known by what it is around.
        kinds = (F.relu, ReLU), (F.gelu, GELU)  # by their numbers, as PyTorch's pickles have them
        self.activation_relu_or_gelu = next(
            (
                number
                for number, (function, kind) in enumerate(kinds, 1)
                if unwrap(self.activation) is unwrap(function) or isinstance(self.activation, kind)
            ),
            0,
        )

    def _residual(self, x: Tensor, number: int, block: Callable[[Tensor], Tensor]) -> Tensor:
        """`x` and what the `number`-th block makes of it, one of them normalised."""
        norm, dropout = getattr(self, f"norm{number}"), getattr(self, f"dropout{number}")
        if self.norm_first:
            return x + dropout(block(norm(x)))
        return norm(x + dropout(block(x)))

    def _feed_forward(self, x: Tensor) -> Tensor:
        return self.linear2(self.dropout(self.activation(self.linear1(x))))


class TransformerEncoderLayer(_Layer):
    """Self-attention and a feed-forward block, each with a residual and a normalisation.

    Args:
        d_model: features of each position.
        nhead: heads of the attention.
        dim_feedforward: features between the two linear maps of the feed-forward block.
        dropout: probability.
        activation: 'relu', 'gelu' or a function.
        norm_first: normalise before each block, instead of after its residual.
        bias: whether the linear maps and the normalisations have biases.

    Shape: ``(L, N, d_model)`` (``(N, L, d_model)`` if `batch_first`; or without N), to the same.

    >>> import minitorch
    >>> TransformerEncoderLayer(8, 2)(minitorch.zeros(5, 1, 8)).shape
    torch.Size([5, 1, 8])
    """

    attentions = ("self_attn",)

    def forward(
        self,
        src: Tensor,
        src_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool = False,
    ) -> Tensor:
        padding = additive_mask(src_key_padding_mask, "src_key_padding_mask", src_mask, src)
        mask = additive_mask(src_mask, "src_mask", None, src)

        def attend(x: Tensor) -> Tensor:
            return self.self_attn(x, x, x, padding, False, mask, is_causal=is_causal)[0]

        return self._residual(self._residual(src, 1, attend), 2, self._feed_forward)


class TransformerDecoderLayer(_Layer):
    """Self-attention, attention to `memory` and a feed-forward block; see the encoder's layer."""

    attentions = ("self_attn", "multihead_attn")

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool = False,
        memory_is_causal: bool = False,
    ) -> Tensor:
        def attend(x: Tensor) -> Tensor:
            masks = (tgt_key_padding_mask, False, tgt_mask)
            return self.self_attn(x, x, x, *masks, is_causal=tgt_is_causal)[0]

        def look_up(x: Tensor) -> Tensor:
            masks = (memory_key_padding_mask, False, memory_mask)
            return self.multihead_attn(x, memory, memory, *masks, is_causal=memory_is_causal)[0]

        x = self._residual(tgt, 1, attend)
        return self._residual(self._residual(x, 2, look_up), 3, self._feed_forward)


class TransformerEncoder(Module):
    """A layer's copies, one after another, and a last normalisation if one is given.

    Args:
        encoder_layer: copied `num_layers` times: all start with the same parameters.
        enable_nested_tensor: in evaluation, set padded positions to 0, as PyTorch does where it
            leaves them out (then only: `batch_first`, biases, an even number of heads, relu or
            gelu, not `norm_first`; nothing recorded; a padding mask whose padding is at the end,
            and no other mask).
        mask_check: look whether the padding is at the end.
    """

    def __init__(
        self,
        encoder_layer: Module,
        num_layers: int,
        norm: Module | None = None,
        enable_nested_tensor: bool = True,
        mask_check: bool = True,
    ) -> None:
        super().__init__()
        self.layers = _clones(encoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm
        self.enable_nested_tensor, self.mask_check = enable_nested_tensor, mask_check
        why_not = _why_not_nested(encoder_layer)
        self.use_nested_tensor = enable_nested_tensor and not why_not
        if enable_nested_tensor and why_not:
            warnings.warn(
                "enable_nested_tensor is True, but self.use_nested_tensor is False because "
                f"{why_not}",
                stacklevel=2,
            )

    def forward(
        self,
        src: Tensor,
        mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        is_causal: bool | None = None,
    ) -> Tensor:
        padding = additive_mask(src_key_padding_mask, "src_key_padding_mask", mask, src)
        mask = additive_mask(mask, "mask", None, src)
        causal = _is_causal(mask, is_causal, src, self.layers[0].self_attn.batch_first)
        output = src
        for layer in self.layers:
            output = layer(output, src_mask=mask, is_causal=causal, src_key_padding_mask=padding)
        if padding is not None and mask is None and self._leaves_padding_out(src, padding):
            output = output.masked_fill((padding != 0).unsqueeze(-1), 0)
        return output if self.norm is None else self.norm(output)

    def _leaves_padding_out(self, src: Tensor, padding: Tensor) -> bool:
        """Whether PyTorch would go through without the padding, and leave zeros there."""
        first = self.layers[0]
        if not self.use_nested_tensor or first.training or src.ndim != 3:
            return False
        if is_grad_enabled() and any(x.requires_grad for x in (src, *first.parameters())):
            return False
        padded = padding._array != 0
        return not self.mask_check or bool((padded[:, 1:] >= padded[:, :-1]).all())


def _why_not_nested(layer: Module) -> str:
    """Why PyTorch would not leave the padding out in this layer; nothing if it would."""
    if not isinstance(layer, TransformerEncoderLayer):
        return "encoder_layer was not TransformerEncoderLayer"
    attention = layer.self_attn
    better = "(use batch_first for better inference performance)"
    reasons = {
        "norm_first was True": layer.norm_first,
        f"self_attn.batch_first was not True{better}": not attention.batch_first,
        "self_attn._qkv_same_embed_dim was not True": not attention._qkv_same_embed_dim,
        "self_attn was passed bias=False": attention.in_proj_bias is None,
        "activation_relu_or_gelu was not True": not layer.activation_relu_or_gelu,
        "norm1.eps was not equal to encoder_layer.norm2.eps": layer.norm1.eps != layer.norm2.eps,
        "self_attn.num_heads is odd": attention.num_heads % 2,
    }
    return next((f"encoder_layer.{reason}" for reason, holds in reasons.items() if holds), "")


class TransformerDecoder(Module):
    """A layer's copies, one after another, and a last normalisation if one is given."""

    def __init__(self, decoder_layer: Module, num_layers: int, norm: Module | None = None) -> None:
        super().__init__()
        self.layers = _clones(decoder_layer, num_layers)
        self.num_layers, self.norm = num_layers, norm

    def forward(
        self,
        tgt: Tensor,
        memory: Tensor,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        causal = _is_causal(tgt_mask, tgt_is_causal, tgt, self.layers[0].self_attn.batch_first)
        given = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        masks: dict[str, Any] = dict(zip(MASKS, given, strict=True))
        masks |= {"tgt_is_causal": causal, "memory_is_causal": memory_is_causal}
        output = tgt
        for layer in self.layers:
            output = layer(output, memory, **masks)
        return output if self.norm is None else self.norm(output)


class Transformer(Module):
    """An encoder of the source and a decoder of the target, which attends to what that gives.

    Args:
        d_model, nhead, dim_feedforward, dropout, activation, norm_first: of each layer.
        custom_encoder, custom_decoder: modules to use instead.

    Shape: src ``(S, N, d_model)`` and tgt ``(T, N, d_model)`` (N first if `batch_first`; or without
    N); the output as tgt.

    >>> import minitorch
    >>> model = Transformer(8, 2, 1, 1, 16, batch_first=True)
    >>> model(minitorch.zeros(1, 5, 8), minitorch.zeros(1, 3, 8)).shape
    torch.Size([1, 3, 8])
    """

    def __init__(
        self,
        d_model: int = 512,
        nhead: int = 8,
        num_encoder_layers: int = 6,
        num_decoder_layers: int = 6,
        dim_feedforward: int = 2048,
        dropout: float = 0.1,
        activation: Activation = F.relu,
        custom_encoder: Any = None,
        custom_decoder: Any = None,
        layer_norm_eps: float = 1e-5,
        batch_first: bool = False,
        norm_first: bool = False,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        made: dict[str, Any] = {"bias": bias, "device": device, "dtype": dtype}
        sizes = (d_model, nhead, dim_feedforward, dropout, activation, layer_norm_eps)
        if custom_encoder is None:
            encoder_layer = TransformerEncoderLayer(*sizes, batch_first, norm_first, **made)
            norm = LayerNorm(d_model, eps=layer_norm_eps, **made)
            custom_encoder = TransformerEncoder(encoder_layer, num_encoder_layers, norm)
        self.encoder = custom_encoder
        if custom_decoder is None:
            decoder_layer = TransformerDecoderLayer(*sizes, batch_first, norm_first, **made)
            norm = LayerNorm(d_model, eps=layer_norm_eps, **made)
            custom_decoder = TransformerDecoder(decoder_layer, num_decoder_layers, norm)
        self.decoder = custom_decoder
        self._reset_parameters()
        self.d_model, self.nhead, self.batch_first = d_model, nhead, batch_first

    def _reset_parameters(self) -> None:
        """Draw every matrix anew, by Glorot's rule."""
        for parameter in self.parameters():
            if parameter.ndim > 1:
                init.xavier_uniform_(parameter)

    def forward(
        self,
        src: Tensor,
        tgt: Tensor,
        src_mask: Tensor | None = None,
        tgt_mask: Tensor | None = None,
        memory_mask: Tensor | None = None,
        src_key_padding_mask: Tensor | None = None,
        tgt_key_padding_mask: Tensor | None = None,
        memory_key_padding_mask: Tensor | None = None,
        src_is_causal: bool | None = None,
        tgt_is_causal: bool | None = None,
        memory_is_causal: bool = False,
    ) -> Tensor:
        batch_dim = 0 if self.batch_first else 1
        if src.ndim == 3 and src.size(batch_dim) != tgt.size(batch_dim):
            raise RuntimeError(
                "the batch number of src and tgt must be equal, got "
                f"{src.size(batch_dim)} and {tgt.size(batch_dim)}"
            )
        if src.size(-1) != self.d_model or tgt.size(-1) != self.d_model:
            raise RuntimeError(
                "the feature number of src and tgt must be equal to d_model, got "
                f"{src.size(-1)} and {tgt.size(-1)} for {self.d_model}"
            )
        padding = {"src_key_padding_mask": src_key_padding_mask}
        memory = self.encoder(src, mask=src_mask, is_causal=src_is_causal, **padding)
        given = (tgt_mask, memory_mask, tgt_key_padding_mask, memory_key_padding_mask)
        masks: dict[str, Any] = dict(zip(MASKS, given, strict=True))
        masks |= {"tgt_is_causal": tgt_is_causal, "memory_is_causal": memory_is_causal}
        return self.decoder(tgt, memory, **masks)

    @staticmethod
    def generate_square_subsequent_mask(sz: int, device: Any = None, dtype: Any = None) -> Tensor:
        """-inf above the diagonal, 0 elsewhere: position i sees 0..i only."""
        return _causal_mask(sz, device, dtype)
