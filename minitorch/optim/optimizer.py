"""`Optimizer`: parameter groups, state and hooks; a subclass writes how one parameter moves."""

from __future__ import annotations

import functools
import warnings
from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import Any

import numpy as np

from minitorch import _dtypes
from minitorch._dtypes import Array
from minitorch._tensor import Tensor
from minitorch.autograd.hooks import Hooks, RemovableHandle, add_hook
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.kernels.cache_blocks import COMPUTED_IN, cache_blocks
from minitorch.kernels.quiet import ignore_float_errors, restore
from minitorch.nn.modules.module import clear_grad
from minitorch.optim._common import Group as Group, State as State, number, scalar, zeros_like
from minitorch.optim._recorded import Recorded
from minitorch.optim._written_elsewhere import (
    ParamsT as ParamsT,
    _capturable_doc as _capturable_doc,
    _default_to_fused_or_foreach as _default_to_fused_or_foreach,
    _differentiable_doc as _differentiable_doc,
    _disable_dynamo_if_unsupported as _disable_dynamo_if_unsupported,
    _dispatch_sqrt as _dispatch_sqrt,
    _foreach_doc as _foreach_doc,
    _fused_doc as _fused_doc,
    _get_capturable_supported_devices as _get_capturable_supported_devices,
    _get_scalar_dtype as _get_scalar_dtype,
    _get_value as _get_value,
    _maximize_doc as _maximize_doc,
    _params_doc as _params_doc,
    _stack_if_compiling as _stack_if_compiling,
    _to_scalar as _to_scalar,
    _use_grad_for_differentiable as _use_grad_for_differentiable,
    _view_as_real as _view_as_real,
    params_t as params_t,
    required as required,
)

NUMBERS = ("step", "mu_product", "eta", "mu")
"""Names of state that is one number for a parameter of any shape."""

_global_pre_hooks: Hooks = OrderedDict()
_global_post_hooks: Hooks = OrderedDict()

# Options that a group saved by an older PyTorch may lack, and what they then mean.
_OFF = ("amsgrad", "capturable", "centered", "decoupled_weight_decay", "differentiable")
ADDED_LATER: Group = dict.fromkeys((*_OFF, "maximize", "nesterov"), False)
ADDED_LATER |= {"foreach": None, "fused": None, "momentum": 0}


HOOKS = tuple(
    f"_optimizer_{moment}_hooks"
    for moment in (
        "step_pre",
        "step_post",
        "state_dict_pre",
        "state_dict_post",
        "load_state_dict_pre",
        "load_state_dict_post",
    )
)
"""Where an optimizer keeps its hooks: wrappers that are never initialized set these themselves."""


class Optimizer:
    """The base of every optimizer.

    A subclass writes `init_state`, which fills a parameter's empty state, and `update`, the rule in
    PyTorch's words; or, as in PyTorch, a `step` of its own.

    Args:
        params: parameters, (name, parameter) pairs, or dicts of 'params' and their own options.
        defaults: the options of a group that has none of its own.

    Most optimizers have these options, too: `maximize`, to step along the gradient instead;
    `foreach` and `fused`, which are accepted, but there is one implementation; `capturable`, which
    is refused at the first step, as by PyTorch on the CPU; `differentiable`, to record the steps,
    so that gradients flow through them to the gradients, the state, lr and the parameters before.

    Raises:
        TypeError: for a single tensor, or for anything in the groups that is no tensor.
        ValueError: for no parameters, one that is no leaf, or one in two groups.
    """

    averages: tuple[str, ...] = ()
    """Names of what a parameter's state has of its shape: zeros at first, and seen by `update`."""

    OptimizerPreHook = OptimizerPostHook = Callable[..., Any]

    _optimizer_step_pre_hooks: Hooks
    _optimizer_step_post_hooks: Hooks
    _optimizer_state_dict_pre_hooks: Hooks
    _optimizer_state_dict_post_hooks: Hooks
    _optimizer_load_state_dict_pre_hooks: Hooks
    _optimizer_load_state_dict_post_hooks: Hooks

    def __init__(self, params: Any, defaults: Group) -> None:
        self.defaults = defaults
        self.state: defaultdict[Any, State] = defaultdict(dict)
        self.param_groups: list[Group] = []
        for name in HOOKS:
            setattr(self, name, OrderedDict())
        self._patch_step_function()
        if isinstance(params, Tensor):
            raise TypeError(
                "params argument given to the optimizer should be an iterable of Tensors or dicts, "
                f"but got {params.type()}"
            )
        groups = list(params)
        if not groups:
            raise ValueError("optimizer got an empty parameter list")
        if not isinstance(groups[0], dict):
            groups = [{"params": groups}]
        for group in groups:
            self.add_param_group(group)

    def __getstate__(self) -> dict[str, Any]:
        return {"defaults": self.defaults, "state": self.state, "param_groups": self.param_groups}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        for name in HOOKS:
            self.__dict__.setdefault(name, OrderedDict())
        self._patch_step_function()
        self.defaults.setdefault("differentiable", False)

    def add_param_group(self, param_group: Group) -> None:
        """Add parameters with options of their own.

        Raises:
            TypeError, ValueError: as for the constructor.
        """
        if not isinstance(param_group, dict):
            raise TypeError(f"param_group must be a dict, but got {type(param_group)}")
        group = dict(param_group)
        given = group["params"]
        if isinstance(given, set):
            raise TypeError(
                "optimizer parameters need to be organized in ordered collections, but the "
                "ordering of tensors in sets will change between runs. Please use a list instead."
            )
        given = [given] if isinstance(given, Tensor) else list(given)
        names = [member[0] for member in given if isinstance(member, tuple)]
        members = [member[1] if isinstance(member, tuple) else member for member in given]
        if names:
            if len(names) != len(members):
                raise ValueError(
                    "all optimizer params should be with/without names. Some param names are "
                    "missing"
                )
            group["param_names"] = names
        for member in members:
            if not isinstance(member, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(member)}"
                )
            differentiable = self.defaults.get("differentiable")
            if not (differentiable or member.is_leaf or member.retains_grad):
                raise ValueError("can't optimize a non-leaf Tensor")
        group["params"] = members
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        if len({id(m) for m in members}) != len(members):
            warnings.warn(
                "optimizer contains a parameter group with duplicate parameters; in future, this "
                "will cause an error; see github.com/pytorch/pytorch/issues/40967 for more "
                "information",
                stacklevel=3,
            )
        for other in self.param_groups:
            if ("param_names" in group) != ("param_names" in other):
                kind = "with" if "param_names" in group else "without"
                raise ValueError(
                    "all optimizer param groups should be with/without names. cannot add param "
                    f"group {kind} names to the optimizer"
                )
        known = {id(p) for p in chain.from_iterable(g["params"] for g in self.param_groups)}
        if any(id(m) in known for m in members):
            raise ValueError("some parameters appear in more than one parameter group")
        self.param_groups.append(group)

    # ---- stepping ----------------------------------------------------------------------------

    def init_state(self, parameter: Tensor, state: State, group: Group) -> None:
        """Fill the empty state of a parameter that is stepped for the first time."""
        state["step"] = scalar(0.0, group)
        for name in self.averages:
            state[name] = zeros_like(parameter)

    def advance(self, state: State, parameter: Tensor, group: Group) -> Any:
        """Count a step of one parameter: its number, from 1, or what else `update` is to know."""
        step = state["step"]._array
        step += 1
        return step.item()

    def update(self, p: Any, g: Any, state: State, group: Group, t: Any) -> None:
        """Change a parameter and its state in place: the rule.

        Args:
            p, g: the parameter and its gradient, which is left as it is: some elements of each, as
                blocks of arrays; or tensors, if the step is to be differentiated.
            state: the same elements of what the state has of the parameter's shape.
            group: the options.
            t: what `advance` returned.
        """
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter by its gradient.

        Args:
            closure: evaluates the loss anew and returns it, with gradients on.

        Returns:
            What the closure returned; None without one.
        """
        if not self._has_rule():
            raise NotImplementedError(
                f"{type(self).__name__}: an optimizer needs a step() of its own, or an update()"
            )
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        if any([group.get("capturable") for group in self.param_groups]):
            raise AssertionError(
                "If capturable=True, params and state_steps must be on supported devices: "
                "minitorch computes on the CPU only; use capturable=False"
            )
        recorded = self.defaults.get("differentiable")
        previous = ignore_float_errors()
        try:
            with enable_grad() if recorded else no_grad():
                for group in self.param_groups:
                    (self._step_recorded if recorded else self._step_group)(group)
        finally:
            restore(previous)
        return loss

    def _step_group(self, group: Group) -> None:
        """Step the parameters of one group that have a gradient."""
        states, maximize = self.state, group["maximize"]
        options = _plain(group)
        step = self._step_in_single if group.get("fused") else self.step_parameter
        for parameter in group["params"]:
            grad = parameter._grad
            if grad is None:
                continue
            state = states.get(parameter) or {}
            is_first = not state
            if is_first:
                self.init_state(parameter, state, options)
            t = self.advance(state, parameter, options)
            g = grad._array
            if parameter._bits is None:
                step(parameter._array, -g if maximize else g, state, options, t)
            else:
                g = np.negative(g).astype(g.dtype) if maximize else g
                _on_copies(step, parameter, g, state, options, t)
            parameter._bump_version()
            if is_first:
                if state:
                    states[parameter] = state
                continue
            for value in state.values():
                if isinstance(value, Tensor):
                    value._bump_version()

    def step_parameter(self, p: Array, g: Array, state: State, group: Group, t: Any) -> None:
        """Run `update` over a parameter, block by block."""
        arrays = {"p": p, "g": g}
        for name in self.averages:
            value = state.get(name)
            if value is not None:
                arrays[name] = value._array
        for block in cache_blocks(arrays):
            self.update(block["p"], block["g"], block, group, t)

    def _step_in_single(self, p: Array, g: Array, state: State, group: Group, t: Any) -> None:
        """Step a parameter of halves in float32 from end to end, as PyTorch's fused steps do."""
        if p.dtype not in COMPUTED_IN:
            self.step_parameter(p, g, state, group, t)
            return
        kept = {name: state[name]._array for name in self.averages if state.get(name) is not None}
        wide = {name: Tensor._wrap(array.astype(np.float32)) for name, array in kept.items()}
        single = p.astype(np.float32)
        self.step_parameter(single, g.astype(np.float32), wide, group, t)
        np.copyto(p, single, casting="same_kind")
        for name, array in kept.items():
            np.copyto(array, wide[name]._array, casting="same_kind")

    def _step_recorded(self, group: Group) -> None:
        """Step the parameters of one group in operations that are recorded."""
        stepped = [p for p in group["params"] if p._grad is not None]
        if any(p.requires_grad and p.is_leaf for p in stepped):
            raise RuntimeError(
                "a leaf Variable that requires grad is being used in an in-place operation: with "
                "differentiable=True give the optimizer clones of the parameters"
            )
        options = {**group, "lr": _zero_dim(group["lr"])}
        for parameter in stepped:
            state = self.state.get(parameter) or {}
            if not state:
                self.init_state(parameter, state, options)
            t = self.advance(state, parameter, options)
            grad = -parameter._grad if group["maximize"] else parameter._grad
            # (A clone, for `copy_` below changes what the rule may have saved.)
            p, names = Recorded(parameter.clone()), [n for n in self.averages if n in state]
            recorded = {name: Recorded(state[name]) for name in names}
            self.update(p, Recorded(grad), recorded, options, t)
            parameter.copy_(p.tensor)
            state.update((name, recorded[name].tensor) for name in names)
            if state:
                self.state[parameter] = state

    # ---- its hooks ---------------------------------------------------------------------------

    @classmethod
    def _has_rule(cls) -> bool:
        """Whether it says how a parameter moves, and leaves the rest of a step to this class."""
        base = Optimizer
        return cls.update is not base.update or cls.step_parameter is not base.step_parameter

    @staticmethod
    def profile_hook_step(func: Callable[..., Any]) -> Callable[..., Any]:
        """Return a `step` that calls the optimizer's step hooks before and after `func`."""

        @functools.wraps(func)
        def wrapper(*args: Any, **kwargs: Any) -> Any:
            self = args[0]
            for hook in [*_global_pre_hooks.values(), *self._optimizer_step_pre_hooks.values()]:
                replaced = hook(self, args, kwargs)
                if replaced is None:
                    continue
                if not (isinstance(replaced, tuple) and len(replaced) == 2):
                    raise RuntimeError(
                        f"{func} must return None or a tuple of (new_args, new_kwargs), but got "
                        f"{replaced}."
                    )
                args, kwargs = replaced
            result = func(*args, **kwargs)
            self._optimizer_step_code()
            for hook in [*self._optimizer_step_post_hooks.values(), *_global_post_hooks.values()]:
                hook(self, args, kwargs)
            return result

        return wrapper

    def _patch_step_function(self) -> None:
        """Let the class's `step` call hooks.

        Done when one is initialized, as by PyTorch: a wrapper that never is, has no hooks to call.
        """
        kind: Any = type(self)
        self._zero_grad_profile_name = f"Optimizer.zero_grad#{kind.__name__}.zero_grad"
        if not getattr(kind.step, "hooked", None):
            kind.step = self.profile_hook_step(kind.step)
            kind.step.hooked = True

    def _optimizer_step_code(self) -> None:
        """Do nothing: where PyTorch's profiler looks in."""

    def _cuda_graph_capture_health_check(self) -> None:
        """Do nothing: there is no GPU to capture."""

    _accelerator_graph_capture_health_check = _cuda_graph_capture_health_check

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the parameters' gradients, or (not `set_to_none`) make them zero."""
        if not hasattr(self, "_zero_grad_profile_name"):
            self._patch_step_function()
        for group in self.param_groups:
            for parameter in group["params"]:
                clear_grad(parameter, set_to_none)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step."""
        return add_hook(self._optimizer_step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._optimizer_step_post_hooks, hook)

    # ---- state -------------------------------------------------------------------------------

    def register_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` before `state_dict`."""
        return add_hook(self._optimizer_state_dict_pre_hooks, hook, prepend=prepend)

    def register_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` after `state_dict`; it may return another."""
        return add_hook(self._optimizer_state_dict_post_hooks, hook, prepend=prepend)

    def register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer, state_dict)`` before loading; it may return another."""
        return add_hook(self._optimizer_load_state_dict_pre_hooks, hook, prepend=prepend)

    def register_load_state_dict_post_hook(
        self, hook: Callable[..., Any], prepend: bool = False
    ) -> RemovableHandle:
        """Call ``hook(optimizer)`` after loading."""
        return add_hook(self._optimizer_load_state_dict_post_hooks, hook, prepend=prepend)

    def state_dict(self) -> dict[str, Any]:
        """The state by parameter number, and the groups with numbers for parameters."""
        for hook in list(self._optimizer_state_dict_pre_hooks.values()):
            hook(self)
        members = chain.from_iterable(group["params"] for group in self.param_groups)
        numbers = {id(p): number for number, p in enumerate(members)}
        groups = []
        for group in self.param_groups:
            packed = {key: value for key, value in group.items() if key != "params"}
            groups.append({**packed, "params": [numbers[id(p)] for p in group["params"]]})
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value
            for key, value in self.state.items()
        }
        packed_state = {"state": state, "param_groups": groups}
        for hook in list(self._optimizer_state_dict_post_hooks.values()):
            replaced = hook(self, packed_state)
            packed_state = packed_state if replaced is None else replaced
        return packed_state

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that `state_dict` gave, for the same parameters in the same order.

        The state is copied: two optimizers never share one.

        Raises:
            ValueError: if the groups differ in number or in size.
        """
        state_dict = dict(state_dict)
        for hook in list(self._optimizer_load_state_dict_pre_hooks.values()):
            replaced = hook(self, state_dict)
            state_dict = state_dict if replaced is None else replaced
        saved = deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        pairs = list(zip(saved, self.param_groups, strict=True))
        if any(len(theirs["params"]) != len(ours["params"]) for theirs, ours in pairs):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        owners = {
            number: (parameter, theirs)
            for theirs, ours in pairs
            for number, parameter in zip(theirs["params"], ours["params"], strict=True)
        }
        state: defaultdict[Any, State] = defaultdict(dict)
        for key, values in state_dict["state"].items():
            if key in owners:
                parameter, group = owners[key]
                old = NUMBERS if self._has_rule() else ()
                state[parameter] = _copy_state(values, parameter, group, old)
            else:
                state[key] = deepcopy(values)
        for theirs, ours in pairs:
            theirs["params"] = ours["params"]
            if "param_names" in ours:
                theirs.setdefault("param_names", ours["param_names"])
            for option in ADDED_LATER.keys() & self.defaults.keys():
                theirs.setdefault(option, ADDED_LATER[option])
        self.__setstate__({"state": state, "param_groups": saved})
        for hook in list(self._optimizer_load_state_dict_post_hooks.values()):
            hook(self)

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for index, group in enumerate(self.param_groups):
            text += f"\nParameter Group {index}\n"
            text += "".join(
                f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"
            )
        return text + ")"


PLAIN = {float, int, type(None)}


class _Copied:
    """A stand-in for a tensor of bfloat16: its numbers, which can be written to."""

    def __init__(self, tensor: Tensor) -> None:
        self._array = np.array(tensor._array)


def _on_copies(
    step: Callable[..., None], parameter: Tensor, g: Array, state: State, options: Group, t: Any
) -> None:
    """Step a parameter of bfloat16, and its state, as numbers, and put them back."""
    p = np.array(parameter._array)
    copied = {
        name: _Copied(value)
        for name, value in state.items()
        if isinstance(value, Tensor) and value._bits is not None
    }
    step(p, g, {**state, **copied}, options, t)
    parameter._write(p)
    for name, copy in copied.items():
        state[name]._write(copy._array)


def _plain(group: Group) -> Group:
    """Return the options of a group, those that were given as tensors as numbers."""
    lr, decay, betas = group["lr"], group.get("weight_decay"), group.get("betas", ())
    if PLAIN.issuperset(map(type, (lr, decay, *betas))):
        return group
    found = {"lr": number(lr), "weight_decay": number(decay), "betas": tuple(map(number, betas))}
    return {**group, **{name: value for name, value in found.items() if name in group}}


def _zero_dim(value: Any) -> Any:
    """A number, or a tensor of one element without dimensions."""
    return value.reshape(()) if isinstance(value, Tensor) else value


def _copy_state(
    value: Any, parameter: Tensor, group: Group, old: tuple[str, ...], name: Any = None
) -> Any:
    """A copy of loaded state, its tensors in their parameter's dtype; a step count keeps its own.

    What older versions saved as a plain number (`old`) and is a 0-d tensor now, becomes one.
    """
    if isinstance(value, Tensor):
        copied = value.detach().clone()
        if name == "step":
            wanted = group.get("capturable") or group.get("fused")
            return copied.to(_dtypes.float32) if wanted else copied
        return copied.to(parameter.dtype) if parameter.is_floating_point() else copied
    if isinstance(value, dict):
        return {key: _copy_state(item, parameter, group, old, key) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(_copy_state(item, parameter, group, old) for item in value)
    if name in old and isinstance(value, (int, float)):
        return scalar(value, group)
    return deepcopy(value)


def register_optimizer_step_pre_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` before each step of every optimizer."""
    return add_hook(_global_pre_hooks, hook)


def register_optimizer_step_post_hook(hook: Callable[..., Any]) -> RemovableHandle:
    """Call ``hook(optimizer, args, kwargs)`` after each step of every optimizer."""
    return add_hook(_global_post_hooks, hook)
