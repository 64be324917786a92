"""`Module`: a tree of layers that knows its parameters, buffers, hooks and state."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from typing import Any, TypeVar

from minitorch._dtypes import bfloat16, dtype as dtype_type, float16, float32, float64
from minitorch._tensor import Tensor
from minitorch.autograd.hooks import RemovableHandle
from minitorch.autograd.mode import no_grad
from minitorch.factory import empty_like
from minitorch.nn.modules._global_hooks import (
    AT_CALLS,
    at_calls,
    register_module_buffer_registration_hook,
    register_module_forward_hook,
    register_module_forward_pre_hook,
    register_module_full_backward_hook,
    register_module_full_backward_pre_hook,
    register_module_module_registration_hook,
    register_module_parameter_registration_hook,
)
from minitorch.nn.modules._hook import (
    Hook,
    _WrappedHook as _WrappedHook,
    add,
    from_pytorch,
)
from minitorch.nn.modules._state import (
    StateDictMixin,
    _IncompatibleKeys as _IncompatibleKeys,  # where libraries look for it
)
from minitorch.ops.support.operands import renamed

__all__ = [
    "Module",
    "register_module_buffer_registration_hook",
    "register_module_forward_hook",
    "register_module_forward_pre_hook",
    "register_module_full_backward_hook",
    "register_module_full_backward_pre_hook",
    "register_module_module_registration_hook",
    "register_module_parameter_registration_hook",
]

M = TypeVar("M", bound="Module")

PACKAGE = __name__.partition(".")[0] + "."

_KINDS = ("forward", "forward_pre", "backward", "backward_pre", "state_dict", "state_dict_pre")
HOOKS = [f"_{kind}_hooks" for kind in (*_KINDS, "load_state_dict_pre", "load_state_dict_post")]

_EXTRA_STATE_KEY_SUFFIX = "_extra_state"


class Module(StateDictMixin):
    """The base of every layer and model: assign layers in ``__init__``, write `forward`.

    Attributes:
        training: whether layers such as dropout are on; see `train` and `eval`.

    >>> import minitorch
    >>> from minitorch import nn
    >>> class Twice(nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.fc = nn.Linear(2, 2, bias=False)
    ...     def forward(self, x):
    ...         return self.fc(self.fc(x))
    >>> [name for name, _ in Twice().named_parameters()]
    ['fc.weight']
    """

    training: bool

    dump_patches = False  # of old pickles: there are none
    call_super_init = False  # True: the next class in the order gets the constructor's arguments

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        private = cls.__init__.__qualname__.startswith("_") and cls.__module__.startswith(PACKAGE)
        if private and "__init__" not in cls.__dict__:  # of a base that no error should name
            cls.__init__ = renamed(cls.__init__, f"{cls.__qualname__}.__init__")  # type: ignore[method-assign]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if not self.call_super_init and (args or kwargs):
            who = f"{type(self).__name__}.__init__()"
            if kwargs:
                raise TypeError(f"{who} got an unexpected keyword argument '{next(iter(kwargs))}'")
            raise TypeError(f"{who} takes 1 positional argument but {len(args) + 1} were given")
        tables = self.__dict__
        tables.update(training=True, _parameters={}, _buffers={}, _modules={})
        tables["_non_persistent_buffers_set"] = set()
        for name in HOOKS:
            tables[name] = OrderedDict()
        if self.call_super_init:
            super().__init__(*args, **kwargs)

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """Compute the output; each subclass writes its own."""
        raise NotImplementedError(
            f'Module [{type(self).__name__}] is missing the required "forward" function'
        )

    # ---- calling -----------------------------------------------------------------------------

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not (
            self._forward_pre_hooks
            or self._forward_hooks
            or self._backward_hooks
            or self._backward_pre_hooks
            or AT_CALLS
        ):
            return self.forward(*args, **kwargs)
        return self._call_with_hooks(args, kwargs)

    def _call_with_hooks(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """Call `forward` between the hooks: those of all modules first, then this one's."""
        for hook in (*at_calls("forward_pre"), *self._forward_pre_hooks.values()):
            args, kwargs = hook.before(self, args, kwargs)
        watched = None
        befores = (*at_calls("backward_pre"), *self._backward_pre_hooks.values())
        afters = (*at_calls("backward"), *self._backward_hooks.values())
        if befores or afters:
            from minitorch.nn.modules._backward_hooks import BackwardHooks

            watched = BackwardHooks(self, befores, afters)
            args = watched.enter(args)
        pending = [*at_calls("forward"), *self._forward_hooks.values()]
        result = None
        try:
            result = self.forward(*args, **kwargs)
            while pending:
                changed = pending.pop(0).after(self, args, kwargs, result)
                if changed is not None:
                    result = changed
            return result if watched is None else watched.leave(result)
        except Exception:
            for hook in pending:
                if hook.always:
                    hook.after_error(self, args, kwargs, result)
            raise

    def register_forward_pre_hook(
        self, hook: Callable[..., Any], *, prepend: bool = False, with_kwargs: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, args)`` before `forward`; it may return other args."""
        return add(self._forward_pre_hooks, Hook(hook, with_kwargs), prepend)

    def register_forward_hook(
        self,
        hook: Callable[..., Any],
        *,
        prepend: bool = False,
        with_kwargs: bool = False,
        always_call: bool = False,
    ) -> RemovableHandle:
        """Call ``hook(module, args, output)`` after `forward`; it may return another output."""
        return add(self._forward_hooks, Hook(hook, with_kwargs, always_call), prepend)

    def register_full_backward_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_input, grad_output)`` when the module's gradients are there.

        It may return another grad_input. Not called where no input requires grad.
        """
        return add(self._backward_hooks, hook, prepend)

    def register_full_backward_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(module, grad_output)`` before the module's gradients are worked out."""
        return add(self._backward_pre_hooks, hook, prepend)

    def register_backward_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Not covered: PyTorch's deprecated backward hooks miss gradients.

        Raises:
            NotImplementedError: always.
        """
        raise NotImplementedError(
            "register_backward_hook is deprecated in PyTorch and not covered by minitorch: it "
            "misses some of grad_input; use register_full_backward_hook"
        )

    # ---- all of them at once -----------------------------------------------------------------

    def apply(self: M, fn: Callable[[Module], Any]) -> M:
        """Call ``fn(module)`` on every module, children first; returns the module."""
        for module in self.children():
            module.apply(fn)
        fn(self)
        return self

    def train(self: M, mode: bool = True) -> M:
        """Turn training mode on (or off) here and below.

        Raises:
            ValueError: for anything but a bool.
        """
        if not isinstance(mode, bool):
            raise ValueError("training mode is expected to be boolean")
        self.training = mode
        for module in self.children():
            module.train(mode)
        return self

    def eval(self: M) -> M:
        """Turn training mode off, here and below."""
        return self.train(False)

    def requires_grad_(self: M, requires_grad: bool = True) -> M:
        """Set whether the parameters learn."""
        for parameter in self.parameters():
            parameter.requires_grad_(requires_grad)
        return self

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the parameters' gradients, or (not `set_to_none`) make them zero."""
        for module in self.modules():
            for parameter in module._parameters.values():
                if parameter is not None:
                    clear_grad(parameter, set_to_none)

    def _apply(self: M, fn: Callable[[Tensor], Tensor], recurse: bool = True) -> M:
        """Replace every parameter, gradient and buffer by `fn` of it; parameters stay the same."""
        if recurse:
            for child in self.children():
                child._apply(fn)
        for parameter in self._parameters.values():
            if parameter is not None:
                with no_grad():
                    parameter.data = fn(parameter.data)
                    if parameter._grad is not None:
                        parameter._grad = fn(parameter._grad)
        for name, buffer in self._buffers.items():
            if buffer is not None:
                self._buffers[name] = fn(buffer)
        return self

    def to(self: M, *args: Any, **kwargs: Any) -> M:
        """Convert to a dtype: floating-point parameters and buffers only, in place.

        Raises:
            TypeError: for a dtype that is not floating point.
            RuntimeError: for a device that is not the CPU.
        """
        for value in (*args, kwargs.get("dtype")):
            if isinstance(value, dtype_type) and not value.is_floating_point:
                raise TypeError(
                    "nn.Module.to only accepts floating point or complex dtypes, but got desired "
                    f"dtype={value}"
                )
        memory_format = kwargs.pop("memory_format", None)

        def converted(t: Tensor) -> Tensor:
            made = t.to(*args, **kwargs) if t.is_floating_point() else t.to("cpu")
            laid = memory_format is not None and t.dim() in (4, 5)
            return made.to(memory_format=memory_format) if laid else made

        return self._apply(converted)

    def type(self: M, dst_type: Any) -> M:
        """Convert every parameter and buffer to a dtype, in place."""
        return self._apply(lambda t: t.type(dst_type))

    def float(self: M) -> M:
        """Convert floating-point parameters and buffers to float32."""
        return self.to(float32)

    def double(self: M) -> M:
        """Convert floating-point parameters and buffers to float64."""
        return self.to(float64)

    def half(self: M) -> M:
        """Convert floating-point parameters and buffers to float16."""
        return self.to(float16)

    def bfloat16(self: M) -> M:
        """Convert floating-point parameters and buffers to bfloat16."""
        return self.to(bfloat16)

    def cpu(self: M) -> M:
        """Return the module: it is on the CPU."""
        return self

    def cuda(self: M, device: Any = None) -> M:
        """Refuse to move to a GPU.

        Raises:
            AssertionError: if there is anything to move: there is the CPU only.
        """
        return self._apply(lambda t: t.cuda(device))

    def to_empty(self: M, *, device: Any, recurse: bool = True) -> M:
        """Replace every parameter and buffer by one like it with no particular values."""
        return self._apply(lambda t: empty_like(t, device=device), recurse)

    def share_memory(self: M) -> M:
        """Move every parameter and buffer to memory that other processes see; see `Tensor`'s."""
        return self._apply(lambda t: t.share_memory_())

    def compile(self, *args: Any, **kwargs: Any) -> None:
        """Do nothing: there is no compiler."""

    def __setstate__(self, state: dict[str, Any]) -> None:
        # A pickle of an older version may lack a table that there is now.
        self.__dict__.update({name: OrderedDict() for name in HOOKS})
        self.__dict__["_non_persistent_buffers_set"] = set()
        self.__dict__.update(from_pytorch(state))

    # ---- printing ----------------------------------------------------------------------------

    def _get_name(self) -> str:
        return type(self).__name__

    def extra_repr(self) -> str:
        """Write what the parentheses of the repr hold; each layer writes its own."""
        return ""

    def __repr__(self) -> str:
        extra = self.extra_repr()
        lines = extra.split("\n") if extra else []
        children = [f"({n}): {m!r}".replace("\n", "\n  ") for n, m in self._modules.items()]
        if not children and len(lines) <= 1:
            return f"{self._get_name()}({extra})"
        return "\n  ".join([f"{self._get_name()}(", *lines, *children]) + "\n)"


def clear_grad(parameter: Tensor, set_to_none: bool) -> None:
    """Drop a gradient, or make it zero and a leaf."""
    held = parameter._grad
    if held is None:
        return
    if set_to_none:
        parameter._grad = None
        return
    if held.grad_fn is not None:
        held.detach_()
    else:
        held.requires_grad_(False)
    held.zero_()
