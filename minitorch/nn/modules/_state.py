"""State dicts: what a module's parameters and buffers hold, by name, taken out and put back."""

from __future__ import annotations

import warnings
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from minitorch._tensor import Tensor
from minitorch.autograd.hooks import Hooks, RemovableHandle, add_hook
from minitorch.autograd.mode import no_grad
from minitorch.nn.modules._hook import _WrappedHook, add
from minitorch.nn.modules._tree import ModuleTree
from minitorch.nn.parameter import Parameter, is_lazy

EXTRA_STATE = "_extra_state"  # the name in a state dict of what `get_extra_state` gives


class _IncompatibleKeys(NamedTuple):
    """Result of `load_state_dict`."""

    missing_keys: list[str]
    unexpected_keys: list[str]

    def __repr__(self) -> str:
        if not self.missing_keys and not self.unexpected_keys:
            return "<All keys matched successfully>"
        fields = f"missing_keys={self.missing_keys}, unexpected_keys={self.unexpected_keys}"
        return f"_IncompatibleKeys({fields})"


class StateDictMixin(ModuleTree):
    """The part of `Module` that saves and loads state."""

    _version = 1  # of the state dict, in its metadata; a class that changes it can read the old one

    _state_dict_hooks: Hooks
    _state_dict_pre_hooks: Hooks
    _load_state_dict_pre_hooks: OrderedDict[int, _WrappedHook]
    _load_state_dict_post_hooks: Hooks

    def get_extra_state(self) -> Any:
        """Return what else belongs in the state dict; a class that has such writes its own.

        Raises:
            RuntimeError: unless it has.
        """
        raise RuntimeError(f"{type(self).__name__} has no extra state: it defines no such method")

    def set_extra_state(self, state: Any) -> None:
        """Take back what `get_extra_state` gave.

        Raises:
            RuntimeError: unless the class writes its own.
        """
        raise RuntimeError(f"{type(self).__name__} has no extra state: it defines no such method")

    def state_dict(
        self, *args: Any, destination: Any = None, prefix: str = "", keep_vars: bool = False
    ) -> Any:
        """Every parameter and persistent buffer under its dotted name.

        Args:
            destination: an OrderedDict to add to.
            prefix: put in front of every name.
            keep_vars: give the parameters themselves instead of detached views of them.
        """
        if args:
            warnings.warn(
                "Positional args are being deprecated, use kwargs instead. Refer to "
                "https://pytorch.org/docs/main/generated/torch.nn.Module.html"
                "#torch.nn.Module.state_dict for details.",
                FutureWarning,
                stacklevel=2,
            )
            given = (*args, *(destination, prefix, keep_vars)[len(args) :])
            destination, prefix, keep_vars = given[:3]
        if destination is None:
            destination = OrderedDict()
            destination._metadata = OrderedDict()
        local = {"version": self._version}
        if hasattr(destination, "_metadata"):
            destination._metadata[prefix[:-1]] = local
        for hook in self._state_dict_pre_hooks.values():
            hook(self, prefix, keep_vars)
        self._save_to_state_dict(destination, prefix, keep_vars)
        for name, module in self._modules.items():
            if module is not None:
                module.state_dict(
                    destination=destination, prefix=f"{prefix}{name}.", keep_vars=keep_vars
                )
        for hook in self._state_dict_hooks.values():
            changed = hook(self, destination, prefix, local)
            if changed is not None:
                if getattr(hook, "_from_public_api", False):
                    raise RuntimeError("state_dict post-hook must return None")
                destination = changed
        return destination

    def _own_state(self) -> dict[str, Tensor]:
        """The parameters and persistent buffers of this module alone."""
        members, left_out = {**self._parameters, **self._buffers}, self._non_persistent_buffers_set
        return {n: value for n, value in members.items() if value is not None and n not in left_out}

    def _save_to_state_dict(self, destination: Any, prefix: str, keep_vars: bool) -> None:
        for name, value in self._own_state().items():
            destination[prefix + name] = value if keep_vars or is_lazy(value) else value.detach()
        if type(self).get_extra_state is not StateDictMixin.get_extra_state:
            destination[prefix + EXTRA_STATE] = self.get_extra_state()

    def load_state_dict(
        self, state_dict: Any, strict: bool = True, assign: bool = False
    ) -> _IncompatibleKeys:
        """Copy a state dict's values into the parameters and buffers.

        Args:
            state_dict: what `state_dict` gave.
            strict: whether every key must match.
            assign: take over the tensors themselves instead of copying into the present ones.

        Raises:
            RuntimeError: listing what is missing, unexpected or of another size. Nothing has been
                changed then.
            TypeError: for anything but a mapping.
        """
        if not isinstance(state_dict, Mapping):
            raise TypeError(f"Expected state_dict to be dict-like, got {type(state_dict)}.")
        metadata = getattr(state_dict, "_metadata", None) or {}
        missing: list[str] = []
        unexpected: list[str] = []
        errors: list[str] = []
        # Modules copy as they go, for hooks to see; so what was there is kept until all is well.
        before = [
            (module, name, value, value.detach().clone())
            for module in self.modules()
            for name, value in module._own_state().items()
            if not is_lazy(value)
        ]

        def load(module: Any, state: dict[str, Any], prefix: str) -> None:
            local = dict(metadata.get(prefix[:-1], {}))
            if assign:
                local["assign_to_params_buffers"] = True
            module._load_from_state_dict(state, prefix, local, True, missing, unexpected, errors)
            for name, child in module._modules.items():
                if child is not None:
                    path = f"{prefix}{name}."
                    load(child, {k: v for k, v in state.items() if k.startswith(path)}, path)
            keys = _IncompatibleKeys(missing, unexpected)
            for hook in module._load_state_dict_post_hooks.values():
                if hook(module, keys) is not None:
                    raise AssertionError(
                        "Hooks registered with ``register_load_state_dict_post_hook`` are not "
                        "expected to return new values, if incompatible_keys need to be modified, "
                        "it should be done inplace."
                    )

        def undo() -> None:
            with no_grad():
                for module, name, value, values in before:
                    value.copy_(values)
                    if assign:
                        setattr(module, name, value)

        try:
            load(self, OrderedDict(state_dict), "")
        except Exception:
            undo()
            raise
        for fault, keys in (("Unexpected", unexpected), ("Missing", missing)):
            if strict and keys:
                listed = ", ".join(f'"{key}"' for key in keys)
                errors.insert(0, f"{fault} key(s) in state_dict: {listed}. ")
        if errors:
            undo()
            listed = "\n\t".join(errors)
            raise RuntimeError(
                f"Error(s) in loading state_dict for {type(self).__name__}:\n\t{listed}"
            )
        return _IncompatibleKeys(missing, unexpected)

    def _load_from_state_dict(
        self,
        state_dict: Any,
        prefix: str,
        local_metadata: Any,
        strict: bool,
        missing_keys: list[str],
        unexpected_keys: list[str],
        error_msgs: list[str],
    ) -> None:
        """Load this module's own state, without its children's; a class may write its own."""
        for hook in self._load_state_dict_pre_hooks.values():
            lists = (missing_keys, unexpected_keys, error_msgs)
            hook(state_dict, prefix, local_metadata, strict, *lists)
        assign = local_metadata.get("assign_to_params_buffers", False)
        own = self._own_state()
        for name, value in own.items():
            key = prefix + name
            if key not in state_dict:
                if strict:
                    missing_keys.append(key)
                continue
            given = state_dict[key]
            if not isinstance(given, Tensor):
                error_msgs.append(
                    f'While copying the parameter named "{key}", expected torch.Tensor or '
                    f"Tensor-like object from checkpoint but received {type(given)}"
                )
                continue
            lazy = is_lazy(value)
            if lazy and is_lazy(given):
                continue
            if not lazy and value.ndim == 0 and given.shape == (1,):
                given = given[0]  # scalars were saved like this once
            if not lazy and given.shape != value.shape:
                error_msgs.append(
                    f"size mismatch for {key}: copying a param with shape {given.shape} from "
                    f"checkpoint, the shape in current model is {value.shape}."
                )
                continue
            try:
                with no_grad():
                    self._load_one(name, value, given, assign)
            except Exception as error:
                error_msgs.append(
                    f'While copying the parameter named "{key}", whose dimensions in the model are '
                    f"{value.size()} and whose dimensions in the checkpoint are {given.size()}, an "
                    f"exception occurred : {error.args}."
                )
        self._load_extra_state(state_dict, prefix, strict, missing_keys, unexpected_keys)
        if strict:
            for key in state_dict:
                if key.startswith(prefix) and key != prefix + EXTRA_STATE:
                    first, dot, _ = key.removeprefix(prefix).partition(".")
                    if first not in (self._modules if dot else own):
                        unexpected_keys.append(key)

    def _load_one(self, name: str, value: Tensor, given: Tensor, assign: bool) -> None:
        if not assign:
            value.copy_(given)
            return
        if isinstance(value, Parameter):
            if isinstance(given, Parameter):
                given.requires_grad_(value.requires_grad)
            else:
                given = Parameter(given, requires_grad=value.requires_grad)
        setattr(self, name, given)

    def _load_extra_state(
        self, state_dict: Any, prefix: str, strict: bool, missing: list[str], unexpected: list[str]
    ) -> None:
        key = prefix + EXTRA_STATE
        wanted = type(self).set_extra_state is not StateDictMixin.set_extra_state
        if wanted and key in state_dict:
            self.set_extra_state(state_dict[key])
        elif strict and wanted:
            missing.append(key)
        elif strict and key in state_dict:
            unexpected.append(key)

    def register_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, prefix, keep_vars)`` before the state is gathered."""
        return add_hook(self._state_dict_pre_hooks, hook)

    def register_state_dict_post_hook(self, hook: Any) -> RemovableHandle:
        """Call ``hook(module, state_dict, prefix, local_metadata)`` after it was gathered."""
        hook._from_public_api = True
        return add_hook(self._state_dict_hooks, hook)

    def _register_state_dict_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """As `register_state_dict_post_hook`, but may return another state dict."""
        if getattr(hook, "_from_public_api", False):
            raise RuntimeError(
                "Cannot register the same function as the state dict post hook that was previously "
                "registered via register_state_dict_post_hook"
            )
        return add_hook(self._state_dict_hooks, hook)

    def register_load_state_dict_pre_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call the hook before loading, with the lists of errors to add to.

        ``hook(module, state_dict, prefix, metadata, strict, missing, unexpected, errors)``
        """
        return self._register_load_state_dict_pre_hook(hook, with_module=True)

    def _register_load_state_dict_pre_hook(
        self, hook: Callable[..., Any], with_module: bool = False
    ) -> RemovableHandle:
        """The same, for a hook that does not want the module unless `with_module`."""
        return add(
            self._load_state_dict_pre_hooks, _WrappedHook(hook, self if with_module else None)
        )

    def register_load_state_dict_post_hook(self, hook: Callable[..., Any]) -> RemovableHandle:
        """Call ``hook(module, incompatible_keys)`` after loading; it may change the lists."""
        return add_hook(self._load_state_dict_post_hooks, hook)
