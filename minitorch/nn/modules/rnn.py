"""Recurrent layers, and their cells that go one step."""

from __future__ import annotations

import math
import numbers
import warnings
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from minitorch._tensor import Tensor
from minitorch.factory import empty, zeros
from minitorch.nn import init
from minitorch.nn.modules.module import Module
from minitorch.nn.modules.utils import unusual
from minitorch.nn.parameter import Parameter
from minitorch.nn.utils.rnn import PackedSequence
from minitorch.ops.nn.recurrent import gru_cell, lstm_cell, recurrent, rnn_relu_cell, rnn_tanh_cell

__all__ = ["GRU", "GRUCell", "LSTM", "LSTMCell", "RNN", "RNNBase", "RNNCell", "RNNCellBase"]

GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}
CELLS = {"tanh": rnn_tanh_cell, "relu": rnn_relu_cell}


def _draw(module: Module, hidden_size: int) -> None:
    """All parameters from U(-1 / sqrt(hidden), 1 / sqrt(hidden)), in PyTorch's order."""
    bound = 1 / math.sqrt(hidden_size) if hidden_size > 0 else 0
    for weight in module.parameters():
        init.uniform_(weight, -bound, bound)


_LISTS = ("_flat_weights_names", "_flat_weights")  # attributes in PyTorch, and in its pickles


class RNNBase(Module):
    """Base of the recurrent layers: parameters, checks, and the way through.

    Args:
        mode: RNN_TANH, RNN_RELU, LSTM or GRU.
        num_layers: layers upon each other, each taking the outputs of the one below.
        bias: whether there are biases.
        batch_first: take and give ``(N, T, features)``.
        dropout: probability, of the outputs of each layer but the last.
        bidirectional: a second set of layers goes from the end to the beginning.
        proj_size: of an LSTM's output, brought there by another matrix; 0 for none.

    Raises:
        ValueError, TypeError: for sizes and options out of their range.
    """

    mode: str
    hidden_size: int
    _all_weights: list[list[str]]

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        is_number = isinstance(dropout, numbers.Number) and not isinstance(dropout, bool)
        if not is_number or not 0 <= dropout <= 1:
            raise ValueError(
                "dropout should be a number in range [0, 1] representing the probability of an "
                f"element being zeroed, got {dropout!r}"
            )
        if dropout > 0 and num_layers == 1:
            warnings.warn(
                "dropout option adds dropout after all but last recurrent layer, so non-zero "
                f"dropout expects num_layers greater than 1, but got dropout={dropout} and "
                f"num_layers={num_layers}",
                stacklevel=3,
            )
        for name, flag in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(flag, bool):
                raise TypeError(f"{name} should be of type bool, got: {type(flag).__name__}")
        for name, size in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(size, int):
                raise TypeError(f"{name} should be of type int, got: {type(size).__name__}")
            if size <= 0:
                raise ValueError(f"{name} must be greater than zero, got {size}")
        if num_layers <= 0:
            raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
        if proj_size < 0:
            raise ValueError(
                "proj_size should be a positive integer or zero to disable projections, got "
                f"{proj_size}"
            )
        if proj_size >= hidden_size:
            raise ValueError(
                f"proj_size has to be smaller than hidden_size, got {proj_size} and {hidden_size}"
            )
        if mode not in GATES:
            raise ValueError(f"Unrecognized RNN mode: {mode}")
        self.mode, self.input_size, self.hidden_size = mode, input_size, hidden_size
        self.num_layers, self.bias, self.batch_first = num_layers, bias, batch_first
        self.dropout, self.bidirectional, self.proj_size = float(dropout), bidirectional, proj_size

        directions, gates = 2 if bidirectional else 1, GATES[mode] * hidden_size
        out = proj_size or hidden_size
        self._all_weights = []
        for layer in range(num_layers):
            features = input_size if layer == 0 else out * directions
            shapes: dict[str, tuple[int, ...]]
            shapes = {"weight_ih": (gates, features), "weight_hh": (gates, out)}
            if bias:
                shapes |= {"bias_ih": (gates,), "bias_hh": (gates,)}
            if proj_size:
                shapes["weight_hr"] = (proj_size, hidden_size)
            for suffix in ("", "_reverse")[:directions]:
                named = {f"{kind}_l{layer}{suffix}": shape for kind, shape in shapes.items()}
                for name, shape in named.items():
                    drawn = Parameter(empty(*shape, device=device, dtype=dtype))
                    self.register_parameter(name, drawn)
                self._all_weights.append(list(named))
        self.reset_parameters()

    def __getstate__(self) -> dict[str, Any]:
        listed = {name: getattr(self, name) for name in _LISTS}
        return self.__dict__ | listed

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__({name: state[name] for name in state if name not in _LISTS})

    def reset_parameters(self) -> None:
        """Draw all from U(-1 / sqrt(hidden_size), 1 / sqrt(hidden_size)), as PyTorch does."""
        _draw(self, self.hidden_size)

    def flatten_parameters(self) -> None:
        """Do nothing: there is no other memory layout that would be quicker."""

    @property
    def _flat_weights_names(self) -> list[str]:
        return [name for names in self._all_weights for name in names]

    @property
    def _flat_weights(self) -> list[Tensor]:
        return [getattr(self, name) for name in self._flat_weights_names]

    @_flat_weights.setter
    def _flat_weights(self, weights: Sequence[Tensor]) -> None:
        for name, weight in zip(self._flat_weights_names, weights, strict=True):
            if getattr(self, name) is not weight:  # stands in for the parameter, which stays
                self.__dict__[name] = weight

    @property
    def all_weights(self) -> list[list[Parameter]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    # ---- checks ------------------------------------------------------------------------------

    def check_input(self, input: Tensor, batch_sizes: Tensor | None) -> None:
        """Refuse an input of another dtype, rank or size."""
        weight = getattr(self, self._all_weights[0][0])
        if input.dtype is not weight.dtype:
            raise ValueError(
                f"RNN input dtype ({input.dtype}) does not match weight dtype ({weight.dtype}). "
                f"Convert input: input.to({weight.dtype}), or convert model: "
                f"model.to({input.dtype})"
            )
        expected = 3 if batch_sizes is None else 2
        if input.ndim != expected:
            raise RuntimeError(f"input must have {expected} dimensions, got {input.ndim}")
        if input.size(-1) != self.input_size:
            raise RuntimeError(
                f"input.size(-1) must be equal to input_size. Expected {self.input_size}, got "
                f"{input.size(-1)}"
            )

    def get_expected_hidden_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the hidden state that goes with `input`."""
        layers = self.num_layers * (2 if self.bidirectional else 1)
        batch_dim = 0 if self.batch_first else 1
        N = input.size(batch_dim) if batch_sizes is None else int(batch_sizes[0])
        return layers, N, self.proj_size or self.hidden_size

    def check_hidden_size(
        self, hx: Tensor, expected_hidden_size: Any, msg: str = "Expected hidden size {}, got {}"
    ) -> None:
        """Refuse a state of another shape."""
        if tuple(hx.shape) != tuple(expected_hidden_size):
            raise RuntimeError(msg.format(expected_hidden_size, list(hx.shape)))

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input or a state that does not fit."""
        self.check_input(input, batch_sizes)
        self.check_hidden_size(hidden, self.get_expected_hidden_size(input, batch_sizes))

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """A state's sequences in another order."""
        return hx if permutation is None else hx.index_select(1, permutation)

    # ---- the way through ---------------------------------------------------------------------

    def forward(self, input: Any, hx: Any = None) -> Any:
        """The last layer's outputs, and the last state of every layer."""
        if isinstance(input, PackedSequence):
            return self._packed(input, hx)
        name = type(self).__name__
        if input.ndim not in (2, 3):
            raise ValueError(f"{name}: Expected input to be 2D or 3D, got {input.ndim}D instead")
        batched, batch_dim = input.ndim == 3, 0 if self.batch_first else 1
        states = None if hx is None else self._states(hx)
        if states is not None and any(state.ndim != input.ndim for state in states):
            ranks = ", ".join(f"{state.ndim}-D" for state in states)
            sort = "batched 3-D" if batched else "unbatched 2-D"
            raise RuntimeError(
                f"For {sort} input, hx (and cx) should also be {input.ndim}-D but got ({ranks}) "
                "tensors"
            )
        if not batched:
            input = input.unsqueeze(batch_dim)
            states = None if states is None else [state.unsqueeze(1) for state in states]
        if states is None:
            self.check_input(input, None)
        else:
            self.check_forward_args(input, self._given(states), None)
        x = input.transpose(0, 1) if self.batch_first else input
        y, *last = self._run(x, None, states)
        if self.batch_first:
            y = y.transpose(0, 1)
        if not batched:
            y, last = y.squeeze(batch_dim), [state.squeeze(1) for state in last]
        return y, self._given(last)

    def _packed(self, input: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, order, back = input
        if hx is None:
            states = None
            self.check_input(data, batch_sizes)
        else:
            states = self._states(self.permute_hidden(hx, order))
            self.check_forward_args(data, self._given(states), batch_sizes)
        y, *last = self._run(data, batch_sizes.tolist(), states)
        packed = PackedSequence(y, batch_sizes, order, back)
        return packed, self.permute_hidden(self._given(last), back)

    def _run(self, x: Tensor, batch_sizes: Any, states: list[Tensor] | None) -> tuple[Tensor, ...]:
        h, c = (*(states or ()), None, None)[:2]
        options = (self.bias, self.num_layers, self.dropout, self.training, self.bidirectional)
        return recurrent(self.mode.lower(), x, batch_sizes, h, c, self._flat_weights, *options)

    # The LSTM has two states, the others one.

    def _states(self, hx: Any) -> list[Tensor]:
        return [hx[0], hx[1]] if self.mode == "LSTM" else [hx]

    def _given(self, states: list[Tensor]) -> Any:
        return tuple(states) if self.mode == "LSTM" else states[0]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        text += unusual(self, proj_size=0, num_layers=1, bias=True, batch_first=False)
        return text + unusual(self, dropout=0, bidirectional=False)


class RNN(RNNBase):
    """``h[t] = tanh(W_ih x[t] + b_ih + W_hh h[t-1] + b_hh)``, or relu of it, for each step t.

    Args:
        nonlinearity: 'tanh' or 'relu'. See `RNNBase` for the others.

    Shape: input ``(T, N, input_size)`` (``(N, T, ...)`` if `batch_first`; without N: unbatched; or
    a `PackedSequence`) and hx ``(layers * directions, N, hidden_size)``, by default zeros; the
    output ``(T, N, directions * hidden_size)``, and a state as hx.

    >>> import minitorch
    >>> output, state = RNN(3, 4)(minitorch.zeros(5, 2, 3))
    >>> output.shape, state.shape
    (torch.Size([5, 2, 4]), torch.Size([1, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        nonlinearity: str = "tanh",
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if nonlinearity not in ("tanh", "relu"):
            raise ValueError(
                f"Unknown nonlinearity '{nonlinearity}'. Select from 'tanh' or 'relu'."
            )
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__(f"RNN_{nonlinearity.upper()}", *given, device=device, dtype=dtype)
        self.nonlinearity = nonlinearity


class LSTM(RNNBase):
    """Long short-term memory: ``c = f * c + i * g`` and ``h = o * tanh(c)`` for each step.

    The gates i, f, o are sigmoids, and g a tanh, of ``W_ih x + b_ih + W_hh h + b_hh``. With
    `proj_size`, h becomes ``W_hr h``. See `RNNBase` for the arguments.

    Shape: as `RNN`, with a pair of states (h, c); with `proj_size`, h has that many features.

    >>> import minitorch
    >>> output, (h, c) = LSTM(3, 4, bidirectional=True)(minitorch.zeros(5, 2, 3))
    >>> output.shape, c.shape
    (torch.Size([5, 2, 8]), torch.Size([2, 2, 4]))
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("LSTM", *given, proj_size, device=device, dtype=dtype)

    def get_expected_cell_size(
        self, input: Tensor, batch_sizes: Tensor | None
    ) -> tuple[int, int, int]:
        """The shape of the cell state that goes with `input`."""
        return *self.get_expected_hidden_size(input, batch_sizes)[:2], self.hidden_size

    def check_forward_args(self, input: Tensor, hidden: Any, batch_sizes: Tensor | None) -> None:
        """Refuse an input or states that do not fit."""
        self.check_input(input, batch_sizes)
        sizes = self.get_expected_hidden_size, self.get_expected_cell_size
        for number, (state, size) in enumerate(zip(hidden, sizes, strict=True)):
            expected = f"Expected hidden[{number}] size {{}}, got {{}}"
            self.check_hidden_size(state, size(input, batch_sizes), expected)

    def permute_hidden(self, hx: Any, permutation: Tensor | None) -> Any:
        """The states' sequences in another order."""
        if permutation is None:
            return hx
        return tuple(state.index_select(1, permutation) for state in hx)


class GRU(RNNBase):
    """Gated recurrent units: ``h = (1 - z) * n + z * h`` for each step.

    r and z are sigmoids of ``W_ih x + b_ih + W_hh h + b_hh``, and n the tanh of
    ``W_in x + b_in + r * (W_hn h + b_hn)``. See `RNNBase` for the arguments.

    Shape: as `RNN`.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        given = (input_size, hidden_size, num_layers, bias, batch_first, dropout, bidirectional)
        super().__init__("GRU", *given, device=device, dtype=dtype)


# ---- one step -----------------------------------------------------------------------------------


class RNNCellBase(Module):
    """Base of the cells."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool,
        num_chunks: int,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self.input_size, self.hidden_size, self.bias = input_size, hidden_size, bias
        gates = num_chunks * hidden_size
        shapes = {"weight_ih": (gates, input_size), "weight_hh": (gates, hidden_size)}
        for name, shape in (shapes | dict.fromkeys(("bias_ih", "bias_hh"), (gates,))).items():
            wanted = bias or name.startswith("weight")
            made = Parameter(empty(shape, device=device, dtype=dtype)) if wanted else None
            self.register_parameter(name, made)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw all from U(-1 / sqrt(hidden_size), 1 / sqrt(hidden_size)), as PyTorch does."""
        _draw(self, self.hidden_size)

    def _step(self, cell: Callable[..., Any], input: Tensor, hx: Any) -> Any:
        """The new states; `input` and the states `hx` may lack the batch dimension."""
        name, paired = type(self).__name__, cell is lstm_cell
        if input.ndim not in (1, 2):
            raise ValueError(f"{name}: Expected input to be 1D or 2D, got {input.ndim}D instead")
        for number, state in enumerate(() if hx is None else hx if paired else (hx,)):
            if state.ndim not in (1, 2):
                which = f"hx[{number}]" if paired else "hidden"
                raise ValueError(
                    f"{name}: Expected {which} to be 1D or 2D, got {state.ndim}D instead"
                )
        if input.ndim == 1:
            rows = None
            if hx is not None:
                rows = tuple(x.unsqueeze(0) for x in hx) if paired else hx.unsqueeze(0)
            new = self._step(cell, input.unsqueeze(0), rows)
            return tuple(x.squeeze(0) for x in new) if paired else new.squeeze(0)
        if hx is None:
            hx = zeros(input.size(0), self.hidden_size, dtype=input.dtype)
            hx = (hx, hx) if paired else hx
        return cell(input, hx, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)

    def extra_repr(self) -> str:
        return f"{self.input_size}, {self.hidden_size}" + unusual(self, bias=True)


class RNNCell(RNNCellBase):
    """One step of an `RNN`: the new hidden state.

    Shape: input ``(N, input_size)`` or ``(input_size)``; hx ``(N, hidden_size)`` or
    ``(hidden_size)``, by default zeros; the result as hx.
    """

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        if self.nonlinearity not in CELLS:
            raise RuntimeError(f"Unknown nonlinearity: {self.nonlinearity}")
        return self._step(CELLS[self.nonlinearity], input, hx)

    def extra_repr(self) -> str:
        return super().extra_repr() + unusual(self, nonlinearity="tanh")


class _GatedCell(RNNCellBase):
    _gates: ClassVar[int]

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, self._gates, device, dtype)


class LSTMCell(_GatedCell):
    """One step of an `LSTM`: the new pair of hidden and cell state.

    Shape: input ``(N, input_size)`` or ``(input_size)``; hx a pair, each ``(N, hidden_size)`` or
    ``(hidden_size)``, by default zeros; the results as hx.
    """

    _gates = 4

    def forward(
        self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None
    ) -> tuple[Tensor, Tensor]:
        return self._step(lstm_cell, input, hx)


class GRUCell(_GatedCell):
    """One step of a `GRU`: the new hidden state.

    Shape: as `RNNCell`.
    """

    _gates = 3

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        return self._step(gru_cell, input, hx)
