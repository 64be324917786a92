"""Mixed precision: `autocast`, which computes products in a smaller dtype, and `GradScaler`.

Nothing looks for autocast until it is first switched on: then a function that casts the arguments
is put around each of those in `POLICIES`.
"""

from __future__ import annotations

import functools
import sys
import threading
import warnings
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from importlib import import_module
from types import FunctionType
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import bfloat16, dtype as DType, float16, float32, float64
from minitorch._missing import missing
from minitorch.autograd.base import TensorBase
from minitorch.autograd.mode import mode

__all__ = [
    "GradScaler",
    "autocast",
    "autocast_decrement_nesting",
    "autocast_increment_nesting",
    "clear_autocast_cache",
    "get_autocast_cpu_dtype",
    "get_autocast_dtype",
    "is_autocast_available",
    "is_autocast_cache_enabled",
    "is_autocast_cpu_enabled",
    "is_autocast_enabled",
    "set_autocast_cache_enabled",
    "set_autocast_cpu_dtype",
    "set_autocast_cpu_enabled",
    "set_autocast_dtype",
    "set_autocast_enabled",
]

# PyTorch's lists for the CPU: in aten/src/ATen/autocast_mode.h of its source.
_LOWER = (
    "addbmm addmm baddbmm bmm conv1d conv2d conv3d conv_transpose1d conv_transpose2d "
    "conv_transpose3d linear matmul mm multi_dot prelu scaled_dot_product_attention vecdot "
    "chain_matmul cov einsum inner matrix_power multi_head_attention_forward tensordot"
)  # the last line: what is made of the others
_FLOAT32 = (
    "adaptive_avg_pool3d adaptive_max_pool3d avg_pool3d binary_cross_entropy "
    "binary_cross_entropy_with_logits cdist cholesky cholesky_ex cholesky_inverse cholesky_solve "
    "cond cosine_embedding_loss cross_entropy ctc_loss eig eigh eigvals eigvalsh geqrf grid_sample "
    "hinge_embedding_loss householder_product huber_loss inv inv_ex inverse kl_div l1_loss lstsq "
    "lu_solve margin_ranking_loss matrix_rank max_pool3d max_unpool2d max_unpool3d mse_loss "
    "multi_margin_loss multilabel_margin_loss nanquantile nll_loss orgqr ormqr pinverse "
    "poisson_nll_loss prod qr quantile smooth_l1_loss soft_margin_loss solve svd svdvals "
    "tensorinv tensorsolve trace triangular_solve triplet_margin_loss"
)
POLICIES = {"lower": _LOWER, "float32": _FLOAT32, "padding": "pad"}
POLICIES["widest"] = "cat index_copy stack"
"""Functions by the dtype in which they compute: the smaller one, float32 (padding, unless by a
constant), or their widest one."""
_PLACES = ("minitorch", "minitorch.nn.functional", "minitorch.linalg")


class _State(threading.local):
    """The state of one thread."""

    def __init__(self) -> None:
        self.enabled: dict[str, bool] = {}  # by device
        self.dtypes: dict[str, DType] = {"cpu": bfloat16}
        self.nesting, self.caches, self.within = 0, True, False
        self.cache: dict[int, tuple[TensorBase, Any]] = {}  # leaves, and what they were cast to


_state = _State()
_installed = False


# ---- casting the arguments ----------------------------------------------------------------------


def _install() -> None:
    """Put a function that casts around each of those in `POLICIES`, wherever it is known."""
    global _installed
    if _installed:
        return
    places = [import_module(name) for name in _PLACES]
    overrides = sys.modules.get("minitorch.overrides")
    around: dict[Any, Any] = getattr(overrides, "_wrapped", {})
    made: dict[Any, Any] = {}
    for policy, names in POLICIES.items():
        for name in names.split():
            for place in places:
                found = getattr(place, name, None)
                function = around.get(found, found)
                if not isinstance(function, FunctionType):
                    continue
                # A method of Tensor has no out=. What asks classes stands around either of them.
                both = {function, getattr(function, "without_out", function)}
                outer = {wrapper for wrapper, inner in around.items() if inner in both}
                for each in (both | outer) - made.keys():
                    made[each] = _casting(each, policy)
    _installed = True
    for path, module in list(sys.modules.items()):
        # Operations are made of others, which nobody sees from outside.
        if path.partition(".")[0] != "minitorch" or path.startswith("minitorch.ops"):
            continue
        _replace(module, made)
        for kind in [value for value in vars(module).values() if isinstance(value, type)]:
            # Under the alias, a class of ours says that it is PyTorch's.
            if kind.__module__.partition(".")[0] in ("minitorch", "torch"):
                _replace(kind, made)


def _replace(place: Any, made: dict[Any, Any]) -> None:
    """Set the attributes of a module or class that are functions in `made`."""
    for name, value in list(vars(place).items()):
        function = value.__func__ if isinstance(value, staticmethod) else value
        if isinstance(function, FunctionType) and function in made:
            new = made[function]
            setattr(place, name, staticmethod(new) if function is not value else new)


def _casting(function: Callable[..., Any], policy: str) -> Any:
    """`function`, with its arguments cast while autocast is on."""

    @functools.wraps(function)
    def wrapper(*args: Any, **kwargs: Any) -> Any:
        if not _state.enabled.get("cpu") or _state.within or kwargs.get("out") is not None:
            return function(*args, **kwargs)
        wanted = _state.dtypes["cpu"]
        if (
            policy == "padding"
            and (args[2:3] or (kwargs.get("mode", "constant"),))[0] == "constant"
        ):
            return function(*args, **kwargs)
        if policy in ("float32", "padding"):
            wanted = float32
        elif policy == "widest":
            wanted = _widest(wanted, (*args, *kwargs.values()))
        with _excluded():
            args = tuple([_cast(arg, wanted) for arg in args])
            return function(*args, **{name: _cast(arg, wanted) for name, arg in kwargs.items()})

    return wrapper


@contextmanager
def _excluded() -> Iterator[None]:
    """Within it, no arguments are cast."""
    before, _state.within = _state.within, True
    try:
        yield
    finally:
        _state.within = before


def _cast(value: Any, wanted: DType) -> Any:
    """A tensor of floats (but float64), or each of several, in another dtype; all else as it is."""
    if isinstance(value, (list, tuple)):
        return type(value)([_cast(item, wanted) for item in value]) if _plain(value) else value
    if not isinstance(value, TensorBase):
        return value
    tensor: Any = value
    held = tensor.dtype
    if not held.is_floating_point or held is float64 or held is wanted:
        return tensor
    keeps = _state.caches and mode.grad  # what is cast without a graph passes no gradient on
    if not (keeps and tensor.requires_grad and tensor.is_leaf and held is float32):
        return tensor.to(wanted)
    kept = _state.cache.get(id(tensor))
    if kept is None or kept[1].dtype is not wanted:
        kept = _state.cache[id(tensor)] = tensor, tensor.to(wanted)
    return kept[1]


def _plain(value: Any) -> bool:
    """Whether a list or tuple is no class of its own, and holds tensors."""
    return type(value) in (list, tuple) and any(isinstance(item, TensorBase) for item in value)


def _widest(dtype: DType, values: tuple[Any, ...]) -> DType:
    """The widest dtype of the tensors, and of `dtype`."""
    for value in values:
        if isinstance(value, (list, tuple)):
            dtype = _widest(dtype, tuple(value))
        elif isinstance(value, TensorBase):
            held: DType = value.dtype  # type: ignore[attr-defined]
            if not held.is_floating_point or held is dtype or float64 in (held, dtype):
                dtype = held if held is float64 else dtype
            elif {held, dtype} == {float16, bfloat16}:
                raise RuntimeError("Unexpected floating ScalarType in at::autocast::prioritize")
            elif held is float32:
                dtype = held
    return dtype


# ---- switches -----------------------------------------------------------------------------------


class autocast:
    """A context manager and decorator: products are computed in a smaller dtype, losses in float32.

    What is neither a product nor a loss is computed in the dtype that comes. The gradients flow
    back to parameters in float32.

    Args:
        device_type: 'cpu'. For a device that is not there it switches itself off, with a warning.
        dtype: bfloat16 (default) or float16.
        enabled: False switches autocast off within.
        cache_enabled: whether a parameter is cast once for all its uses.

    >>> import minitorch
    >>> with minitorch.autocast("cpu", dtype=minitorch.bfloat16):
    ...     y = minitorch.ones(1, 2) @ minitorch.ones(2, 1)
    >>> y, (y.exp() + minitorch.ones(1)).dtype
    (tensor([[2.]], dtype=torch.bfloat16), torch.float32)
    """

    def __init__(
        self,
        device_type: str,
        dtype: DType | None = None,
        enabled: bool = True,
        cache_enabled: bool | None = None,
    ) -> None:
        if not isinstance(device_type, str):
            raise ValueError(
                f"Expected `device_type` of type `str`, got: `{type(device_type).__name__}`"
            )
        self.device = _dtypes.device(device_type).type
        self.fast_dtype = get_autocast_dtype("cpu") if dtype is None else dtype
        self._cache_enabled = _state.caches if cache_enabled is None else cache_enabled
        if enabled and self.device != "cpu":
            warnings.warn(
                "CUDA is not available or torch_xla is imported. Disabling autocast."
                if self.device == "cuda"
                else f"User provided device_type of '{device_type}', but it is not available. "
                "Disabling",
                stacklevel=2,
            )
            enabled = False
        elif enabled and self.fast_dtype not in (bfloat16, float16):
            warnings.warn(
                "In CPU autocast, but the target dtype is not supported. Disabling autocast.\n"
                "CPU Autocast only supports dtype of torch.bfloat16, torch.float16 currently.",
                stacklevel=2,
            )
            enabled = False
        self._enabled = enabled
        self._previous: list[tuple[bool, DType, bool]] = []

    def __enter__(self) -> autocast:
        if self.device == "cpu":
            before = is_autocast_enabled("cpu"), _state.dtypes["cpu"], _state.caches
            self._previous.append(before)
            set_autocast_enabled("cpu", self._enabled)
            set_autocast_dtype("cpu", self.fast_dtype)
            set_autocast_cache_enabled(self._cache_enabled)
            autocast_increment_nesting()
        return self

    def __exit__(self, *exc_info: object) -> None:
        if self.device == "cpu":
            if autocast_decrement_nesting() == 0:
                clear_autocast_cache()
            enabled, dtype, caches = self._previous.pop()
            set_autocast_enabled("cpu", enabled)
            set_autocast_dtype("cpu", dtype)
            set_autocast_cache_enabled(caches)

    def __call__(self, function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return function(*args, **kwargs)

        return wrapped


def is_autocast_available(device_type: str) -> bool:
    """Whether autocast can be switched on for a device: for the CPU."""
    return _dtypes.device(device_type).type == "cpu"


def is_autocast_enabled(device_type: str = "cuda") -> bool:
    """Whether autocast is on for a device, in this thread."""
    return _state.enabled.get(_dtypes.device(device_type).type, False)


def set_autocast_enabled(device_type: Any, enabled: bool | None = None) -> None:
    """Switch autocast on or off for a device (that of a GPU, if only `enabled` is given)."""
    if enabled is None:
        device_type, enabled = "cuda", device_type
    if enabled:
        _install()
    _state.enabled[_dtypes.device(device_type).type] = bool(enabled)


def get_autocast_dtype(device_type: str) -> DType:
    """The dtype that autocast computes in on a device: bfloat16 on the CPU, unless set."""
    return _state.dtypes.get(_dtypes.device(device_type).type, float16)


def set_autocast_dtype(device_type: str, dtype: DType) -> None:
    """Set the dtype that autocast computes in on a device."""
    _state.dtypes[_dtypes.device(device_type).type] = dtype


def is_autocast_cache_enabled() -> bool:
    """Whether a parameter is cast once for all its uses."""
    return _state.caches


def set_autocast_cache_enabled(enabled: bool) -> None:
    """Set whether a parameter is cast once for all its uses."""
    _state.caches = bool(enabled)


def clear_autocast_cache() -> None:
    """Forget the parameters that were cast."""
    _state.cache.clear()


def autocast_increment_nesting() -> int:
    """Count one `autocast` more that has been entered; returns how many there are."""
    _state.nesting += 1
    return _state.nesting


def autocast_decrement_nesting() -> int:
    """Count one `autocast` less; returns how many are left."""
    _state.nesting -= 1
    return _state.nesting


def is_autocast_cpu_enabled() -> bool:
    """`is_autocast_enabled` for the CPU, by its older name."""
    return is_autocast_enabled("cpu")


def set_autocast_cpu_enabled(enabled: bool) -> None:
    """`set_autocast_enabled` for the CPU, by its older name."""
    set_autocast_enabled("cpu", enabled)


def get_autocast_cpu_dtype() -> DType:
    """`get_autocast_dtype` for the CPU, by its older name."""
    return get_autocast_dtype("cpu")


def set_autocast_cpu_dtype(dtype: DType) -> None:
    """`set_autocast_dtype` for the CPU, by its older name."""
    set_autocast_dtype("cpu", dtype)


def custom_fwd(
    fwd: Callable[..., Any] | None = None, *, device_type: str, cast_inputs: DType | None = None
) -> Any:
    """Decorate the forward of a Function of your own, so that it knows what to do under autocast.

    Args:
        fwd: a static ``forward(ctx, ...)``.
        device_type: 'cpu'.
        cast_inputs: the dtype to cast floating-point tensors to; autocast is then off within. None
            to run as it is.
    """
    if fwd is None:
        return functools.partial(custom_fwd, device_type=device_type, cast_inputs=cast_inputs)

    @functools.wraps(fwd)
    def decorated(ctx: Any, *args: Any, **kwargs: Any) -> Any:
        ctx._dtype = get_autocast_dtype(device_type)
        on = is_autocast_enabled(device_type)
        ctx._fwd_used_autocast = on and cast_inputs is None
        if not on or cast_inputs is None:
            return fwd(ctx, *args, **kwargs)
        with autocast(device_type, enabled=False):
            args = tuple([_cast(arg, cast_inputs) for arg in args])
            kwargs = {name: _cast(arg, cast_inputs) for name, arg in kwargs.items()}
            return fwd(ctx, *args, **kwargs)

    return decorated


def custom_bwd(bwd: Callable[..., Any] | None = None, *, device_type: str) -> Any:
    """Decorate the backward of a Function with `custom_fwd`: autocast is as it was in forward."""
    if bwd is None:
        return functools.partial(custom_bwd, device_type=device_type)

    @functools.wraps(bwd)
    def decorated(ctx: Any, *grads: Any, **kwargs: Any) -> Any:
        with autocast(device_type, dtype=ctx._dtype, enabled=ctx._fwd_used_autocast):
            return bwd(ctx, *grads, **kwargs)

    return decorated


# ---- scaling the loss ---------------------------------------------------------------------------


class OptState(Enum):
    """Stages of an optimizer's step under a `GradScaler`."""

    READY = 0
    UNSCALED = 1
    STEPPED = 2


class GradScaler:
    """Scaling of a loss, so that small gradients do not vanish in float16.

    A step whose gradients hold an infinity or NaN is left out, and the scale made smaller; after
    many good steps it is made larger.

    Args:
        device: 'cpu'. For another one it switches itself off, with a warning.
        init_scale: the first scale.
        growth_factor: by what `update` multiplies it after `growth_interval` good steps.
        backoff_factor: by what `update` multiplies it after a step that was left out.
        growth_interval: how many good steps there have to be.
        enabled: False lets everything pass as it is.

    >>> import minitorch
    >>> w = minitorch.ones(1, requires_grad=True)
    >>> optimizer, scaler = minitorch.optim.SGD([w], lr=0.5), GradScaler("cpu", init_scale=8.0)
    >>> scaler.scale(w * w).sum().backward()
    >>> w.grad
    tensor([16.])
    >>> scaler.step(optimizer)
    >>> scaler.update()
    >>> w
    tensor([0.], requires_grad=True)
    """

    def __init__(
        self,
        device: str = "cuda",
        init_scale: float = 65536.0,
        growth_factor: float = 2.0,
        backoff_factor: float = 0.5,
        growth_interval: int = 2000,
        enabled: bool = True,
    ) -> None:
        device = str(device)
        self._device, self._enabled = device, enabled
        if enabled and device != "cpu":
            warnings.warn(
                f"torch.{device}.amp.GradScaler is enabled, but {device.upper()} is not available. "
                " Disabling.",
                stacklevel=2,
            )
            self._enabled = False
        if self._enabled:
            assert growth_factor > 1.0, "The growth factor must be > 1.0."
            assert backoff_factor < 1.0, "The backoff factor must be < 1.0."
            self._init_scale, self._scale = init_scale, None
            self._growth_factor, self._backoff_factor = growth_factor, backoff_factor
            self._growth_interval, self._growth_tracker = growth_interval, 0
            self._per_optimizer_states: Any = defaultdict(_fresh)

    _scale: float | None
    """The scale as a number in float32; None until it is first asked for."""

    def is_enabled(self) -> bool:
        """Whether it scales."""
        return self._enabled

    def scale(self, outputs: Any) -> Any:
        """`outputs` (a tensor, or several in lists and tuples) times the scale.

        Raises:
            ValueError: for anything else.
        """
        if not self._enabled:
            return outputs
        if isinstance(outputs, TensorBase):
            tensor: Any = outputs
            return tensor * tensor.new_tensor(self._now(), dtype=float32)
        if not isinstance(outputs, (list, tuple)):
            raise ValueError("outputs must be a Tensor or an iterable of Tensors")
        scaled = [self.scale(each) for each in outputs]
        return type(outputs)(scaled)

    def _now(self) -> float:
        if self._scale is None:
            self._scale = float(np.float32(self._init_scale))
        return self._scale

    def unscale_(self, optimizer: Any) -> None:
        """Divide the gradients of an optimizer's parameters by the scale, and look for infinities.

        Raises:
            RuntimeError: if that was done since the last `update`, or after `step`.
            ValueError: for gradients in float16.
        """
        if not self._enabled:
            return
        self._check_scale("unscale_")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] == OptState.UNSCALED:
            raise RuntimeError(
                "unscale_() has already been called on this optimizer since the last update()."
            )
        if state["stage"] == OptState.STEPPED:
            raise RuntimeError("unscale_() is being called after step().")
        inverse = float(np.float32(1.0 / self._now()))
        state["found_inf"] = self._unscale(optimizer, inverse, allow_fp16=False)
        state["stage"] = OptState.UNSCALED

    def _unscale(self, optimizer: Any, inverse: float, allow_fp16: bool) -> float | None:
        """1.0 if a gradient is not finite, else 0.0; None if there are none."""
        found = None
        for group in optimizer.param_groups:
            for parameter in group["params"]:
                grad = parameter.grad
                if grad is None:
                    continue
                if not allow_fp16 and grad.dtype is float16:
                    raise ValueError("Attempting to unscale FP16 gradients.")
                found = found or 0.0
                if not grad.isfinite().all():
                    found = 1.0
                if inverse != 1.0:
                    grad.detach().mul_(inverse)
        return found

    def step(self, optimizer: Any, *args: Any, **kwargs: Any) -> Any:
        """``optimizer.step()``, if the gradients (unscaled, if they are not yet) are all finite.

        Raises:
            RuntimeError: for a closure; for a second call since the last `update`.
        """
        if not self._enabled:
            return optimizer.step(*args, **kwargs)
        if "closure" in kwargs:
            raise RuntimeError("Closure use is not currently supported if GradScaler is enabled.")
        self._check_scale("step")
        state = self._per_optimizer_states[id(optimizer)]
        if state["stage"] == OptState.STEPPED:
            raise RuntimeError("step() has already been called since the last update().")
        if state["stage"] == OptState.READY:
            self.unscale_(optimizer)
        assert state["found_inf"] is not None, "No inf checks were recorded for this optimizer."
        result = None if state["found_inf"] else optimizer.step(*args, **kwargs)
        state["stage"] = OptState.STEPPED
        return result

    def update(self, new_scale: Any = None) -> None:
        """Make the scale smaller after a step that was left out, larger after many good ones.

        Args:
            new_scale: the scale to take instead: a number, or a tensor of one.
        """
        if not self._enabled:
            return
        self._check_scale("update")
        if new_scale is not None:
            number = new_scale if isinstance(new_scale, float) else new_scale.item()
            self._scale = float(np.float32(number))
        else:
            states = self._per_optimizer_states.values()
            found = [s["found_inf"] for s in states if s["found_inf"] is not None]
            assert found, "No inf checks were recorded prior to update."
            self._adapt(bool(sum(found)))
        self._per_optimizer_states = defaultdict(_fresh)

    def _adapt(self, found_inf: bool) -> None:
        if found_inf:
            self._scale = float(np.float32(self._now() * self._backoff_factor))
            self._growth_tracker = 0
            return
        self._growth_tracker += 1
        if self._growth_tracker == self._growth_interval:
            grown = float(np.float32(min(self._now() * self._growth_factor, 3.5e38)))
            if np.isfinite(grown):
                self._scale = grown
            self._growth_tracker = 0

    def _check_scale(self, who: str) -> None:
        fix = "This may indicate your script did not use scaler.scale(loss or outputs) earlier in "
        assert self._scale is not None, f"Attempted {who} but _scale is None.  {fix}the iteration."

    def get_scale(self) -> float:
        """The scale; 1.0 when switched off."""
        if not self._enabled:
            return 1.0
        return self._init_scale if self._scale is None else self._scale

    def get_growth_factor(self) -> float:
        """The growth factor."""
        return self._growth_factor

    def set_growth_factor(self, new_factor: float) -> None:
        """Set the growth factor."""
        self._growth_factor = new_factor

    def get_backoff_factor(self) -> float:
        """The backoff factor."""
        return self._backoff_factor

    def set_backoff_factor(self, new_factor: float) -> None:
        """Set the backoff factor."""
        self._backoff_factor = new_factor

    def get_growth_interval(self) -> int:
        """The growth interval."""
        return self._growth_interval

    def set_growth_interval(self, new_interval: int) -> None:
        """Set the growth interval."""
        self._growth_interval = new_interval

    def state_dict(self) -> dict[str, Any]:
        """The state, to go on from; nothing, when switched off."""
        if not self._enabled:
            return {}
        return {
            "scale": self.get_scale(),
            "growth_factor": self._growth_factor,
            "backoff_factor": self._backoff_factor,
            "growth_interval": self._growth_interval,
            "_growth_tracker": self._growth_tracker,
        }

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            RuntimeError: for an empty one, as of a scaler that was switched off.
        """
        if not self._enabled:
            return
        if not state_dict:
            raise RuntimeError(
                "The source state dict is empty, possibly because it was saved from a disabled "
                "instance of GradScaler."
            )
        self._init_scale = state_dict["scale"]
        if self._scale is not None:
            self._scale = float(np.float32(state_dict["scale"]))
        self._growth_factor = state_dict["growth_factor"]
        self._backoff_factor = state_dict["backoff_factor"]
        self._growth_interval = state_dict["growth_interval"]
        self._growth_tracker = state_dict["_growth_tracker"]


def _fresh() -> dict[str, Any]:
    """The state of an optimizer that nothing has been done to since the last `update`."""
    return {"stage": OptState.READY, "found_inf": None}


__getattr__ = missing(__name__)
