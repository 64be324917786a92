"""`Optimizer`: parameter groups, state and hooks; a subclass writes how one group steps."""

from __future__ import annotations

from collections import OrderedDict, defaultdict
from collections.abc import Callable
from copy import deepcopy
from itertools import chain
from typing import Any

from minitorch._tensor import Tensor
from minitorch.autograd.hooks import Hooks, RemovableHandle, add_hook
from minitorch.autograd.mode import enable_grad, no_grad
from minitorch.nn.modules.module import clear_grad


class Optimizer:
    """The base of every optimizer.

    Args:
        params: parameters, (name, parameter) pairs, or dicts of 'params' and their own options.
        defaults: the options of a group that has none of its own.

    Raises:
        TypeError: for a single tensor, or for anything in the groups that is no tensor.
        ValueError: for no parameters, one that is no leaf, or one in two groups.
    """

    def __init__(self, params: Any, defaults: dict[str, Any]) -> None:
        self.defaults = defaults
        self.state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        self.param_groups: list[dict[str, Any]] = []
        self._step_pre_hooks: Hooks = OrderedDict()
        self._step_post_hooks: Hooks = OrderedDict()
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

    def add_param_group(self, param_group: dict[str, Any]) -> None:
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
        members = [given] if isinstance(given, Tensor) else list(given)
        if members and isinstance(members[0], tuple):
            group["param_names"] = [name for name, _ in members]
            members = [parameter for _, parameter in members]
        for member in members:
            if not isinstance(member, Tensor):
                raise TypeError(
                    f"optimizer can only optimize Tensors, but one of the params is {type(member)}"
                )
            if not member.is_leaf and not self.defaults.get("differentiable"):
                raise ValueError("can't optimize a non-leaf Tensor")
        if len({id(m) for m in members}) != len(members):
            raise ValueError("some parameters appear more than once in the parameter group")
        known = {id(p) for p in chain.from_iterable(g["params"] for g in self.param_groups)}
        if any(id(m) in known for m in members):
            raise ValueError("some parameters appear in more than one parameter group")
        group["params"] = members
        for name, value in self.defaults.items():
            group.setdefault(name, value)
        self.param_groups.append(group)

    # ---- stepping ----------------------------------------------------------------------------

    def update(self, group: dict[str, Any]) -> None:
        """Step the parameters of one group; each optimizer writes its own."""
        raise NotImplementedError

    def step(self, closure: Callable[[], Any] | None = None) -> Any:
        """Change every parameter by its gradient.

        Args:
            closure: evaluates the loss anew and returns it, with gradients on.

        Returns:
            What the closure returned; None without one.
        """
        for hook in list(self._step_pre_hooks.values()):
            hook(self, (closure,), {})
        loss = None
        if closure is not None:
            with enable_grad():
                loss = closure()
        with no_grad():
            for group in self.param_groups:
                self.update(group)
        for hook in list(self._step_post_hooks.values()):
            hook(self, (closure,), {})
        return loss

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Drop the parameters' gradients, or (not `set_to_none`) make them zero."""
        for group in self.param_groups:
            for parameter in group["params"]:
                clear_grad(parameter, set_to_none)

    def register_step_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` before each step."""
        return add_hook(self._step_pre_hooks, hook)

    def register_step_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(optimizer, args, kwargs)`` after each step."""
        return add_hook(self._step_post_hooks, hook)

    # ---- state -------------------------------------------------------------------------------

    def state_dict(self) -> dict[str, Any]:
        """The state by parameter number, and the groups with numbers for parameters."""
        numbers: dict[int, int] = {}
        groups = []
        for group in self.param_groups:
            for parameter in group["params"]:
                numbers.setdefault(id(parameter), len(numbers))
            packed = {key: value for key, value in group.items() if key != "params"}
            packed["params"] = [numbers[id(parameter)] for parameter in group["params"]]
            groups.append(packed)
        state = {
            numbers[id(key)] if isinstance(key, Tensor) else key: value
            for key, value in self.state.items()
        }
        return {"state": state, "param_groups": groups}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Take over a state that `state_dict` gave, for the same parameters in the same order.

        Raises:
            ValueError: if the groups differ in number or in size.
        """
        saved = deepcopy(state_dict["param_groups"])
        if len(saved) != len(self.param_groups):
            raise ValueError("loaded state dict has a different number of parameter groups")
        if any(
            len(theirs["params"]) != len(ours["params"])
            for theirs, ours in zip(saved, self.param_groups, strict=True)
        ):
            raise ValueError(
                "loaded state dict contains a parameter group that doesn't match the size of "
                "optimizer's group"
            )
        by_number = {
            number: parameter
            for theirs, ours in zip(saved, self.param_groups, strict=True)
            for number, parameter in zip(theirs["params"], ours["params"], strict=True)
        }
        state: defaultdict[Any, dict[str, Any]] = defaultdict(dict)
        for key, values in state_dict["state"].items():
            parameter = by_number.get(key)
            if parameter is None:
                state[key] = deepcopy(values)
            else:
                state[parameter] = {
                    name: _cast(name, value, parameter) for name, value in values.items()
                }
        for theirs, ours in zip(saved, self.param_groups, strict=True):
            theirs["params"] = ours["params"]
        self.state, self.param_groups = state, saved

    def __repr__(self) -> str:
        text = f"{type(self).__name__} ("
        for number, group in enumerate(self.param_groups):
            text += f"\nParameter Group {number}\n"
            text += "".join(
                f"    {key}: {group[key]}\n" for key in sorted(group) if key != "params"
            )
        return text + ")"


def _cast(name: str, value: Any, parameter: Tensor) -> Any:
    """A loaded value in its parameter's dtype; a step count keeps its own."""
    if not isinstance(value, Tensor):
        return deepcopy(value)
    copied = value.detach().clone()
    return copied if name == "step" or not value.is_floating_point() else copied.to(parameter.dtype)


def check_range(name: str, value: Any, low: float = 0.0) -> None:
    """Refuse an option below `low`.

    Raises:
        ValueError: naming the option and its value.
    """
    number = value.item() if isinstance(value, Tensor) else value
    if not low <= number:
        raise ValueError(f"Invalid {name}: {value}")
