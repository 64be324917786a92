"""Parameters that are functions of others: modules between what is learned and what is used.

A parametrized module gets a class of its own, in which the parameter is a property that computes
it; what is learned are the originals, in ``module.parametrizations``.

>>> import minitorch
>>> from minitorch import nn
>>> class Symmetric(nn.Module):
...     def forward(self, x):
...         return x.triu() + x.triu(1).T
>>> layer = register_parametrization(nn.Linear(3, 3), "weight", Symmetric())
>>> minitorch.equal(layer.weight, layer.weight.T)
True
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, ClassVar

from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.autograd.mode import no_grad
from minitorch.nn.modules.container import ModuleDict, ModuleList
from minitorch.nn.modules.module import Module
from minitorch.nn.parameter import Parameter


class _Cache:
    """Cache of what was computed within `cached`, by module and name."""

    depth: ClassVar[int] = 0
    held: ClassVar[dict[tuple[int, str], Tensor]] = {}


@contextmanager
def cached() -> Iterator[None]:
    """Within it, each parametrized tensor is computed once, when it is first used.

    For a parameter that is used often, as a recurrent network's are.
    """
    _Cache.depth += 1
    try:
        yield
    finally:
        _Cache.depth -= 1
        if not _Cache.depth:
            _Cache.held = {}


def _register(module: Module, name: str, value: Tensor) -> None:
    if isinstance(value, Parameter):
        module.register_parameter(name, value)
    else:
        module.register_buffer(name, value)


def _check_kept(what: str, of: str, before: Any, after: Any, names: tuple[str, str]) -> None:
    """Refuse a tensor of another dtype or shape than the one that it is to stand for."""
    for attribute in ("dtype", "shape"):
        was, now = getattr(before, attribute), getattr(after, attribute)
        if was != now:
            raise ValueError(
                f"{what} may not change the {attribute} of {of}, unless the `unsafe` flag is "
                f"enabled.\n{names[0]} {attribute}: {was}\n{names[1]} {attribute}: {now}"
            )


def _require(kinds: Any, value: Any, message: str) -> None:
    """Refuse a value of another type, which the message names."""
    if not isinstance(value, kinds):
        raise ValueError(message.format(type(value).__name__))


def _inverse(module: Module) -> Callable[[Any], Any] | None:
    return getattr(module, "right_inverse", None)


class ParametrizationList(ModuleList):
    """The parametrizations of one tensor, first to last, and its original or originals.

    Raises:
        ValueError: for none, or for some that change the dtype or shape (unless `unsafe`).
    """

    original: Tensor
    unsafe: bool

    def __init__(self, modules: Sequence[Module], original: Tensor, unsafe: bool = False) -> None:
        if not modules:
            raise ValueError("ParametrizationList requires one or more modules.")
        super().__init__(modules)
        self.unsafe = unsafe
        before = original.detach()
        new: Any = original
        with no_grad():
            for module in reversed(list(self)):
                inverse = _inverse(module)
                if inverse is not None:
                    with suppress(NotImplementedError):  # then the original is what it was
                        new = inverse(new)
        several = "'right_inverse' must return a Tensor or a Sequence of tensors (list, tuple...)."
        _require((Tensor, Sequence), new, f"{several} Got {{}}")
        self.is_tensor = isinstance(new, Tensor)
        self.ntensors = 1 if isinstance(new, Tensor) else len(new)
        if isinstance(new, Tensor):
            if original.dtype != new.dtype:
                raise ValueError(
                    "When `right_inverse` outputs one tensor, it may not change the dtype.\n"
                    f"original.dtype: {original.dtype}\n"
                    f"right_inverse(original).dtype: {new.dtype}"
                )
            original.data = new.detach()
            _register(self, "original", original)
        else:
            for number, part in enumerate(new):
                got = f"Got element {number} of the sequence with type {{}}."
                _require(Tensor, part, f"{several} {got}")
                part = part.detach()
                if isinstance(original, Parameter):
                    part = Parameter(part, original.requires_grad)
                part.requires_grad_(original.requires_grad)
                _register(self, f"original{number}", part)
        if not unsafe:
            try:
                made = self()
                _require(Tensor, made, "A parametrization must return a tensor. Got {}.")
                names = ("unparametrized", "parametrized")
                _check_kept("Registering a parametrization", "the tensor", before, made, names)
            except Exception:
                original.data = before
                raise

    def _originals(self) -> dict[str, Tensor]:
        numbers = [""] if self.is_tensor else range(self.ntensors)
        return {name: getattr(self, name) for name in [f"original{n}" for n in numbers]}

    def right_inverse(self, value: Any) -> None:
        """Set the originals such that the parametrized tensor becomes `value`.

        Raises:
            RuntimeError: if a parametrization has no inverse.
            ValueError: if one gives what does not fit.
        """
        with no_grad():
            for module in reversed(list(self)):
                inverse = _inverse(module)
                if inverse is None:
                    raise RuntimeError(
                        f"parametrization {type(module).__name__} does not implement right_inverse."
                    )
                value = inverse(value)
        sequence = "'right_inverse' must return a sequence of tensors"
        if self.is_tensor:
            _require(Tensor, value, "`right_inverse` should return a tensor. Got {}")
            parts = [value]
        else:
            _require(Sequence, value, f"{sequence}. Got {{}}")
            if len(value) != self.ntensors:
                raise ValueError(
                    f"{sequence} of length {self.ntensors}. Got a sequence of length {len(value)}."
                )
            parts = list(value)
        held = self._originals()
        for (name, old), new in zip(held.items(), parts, strict=True):
            _require(Tensor, new, f"{sequence}. Got {{}}")
            if old.dtype != new.dtype:
                raise ValueError(
                    f"The tensor returned by `right_inverse` has dtype {new.dtype} while `{name}` "
                    f"has dtype {old.dtype}"
                )
        for old, new in zip(held.values(), parts, strict=True):
            old.data = new.detach()

    def forward(self) -> Any:
        first, *rest = list(self)
        value = first(*self._originals().values())
        for module in rest:
            value = module(value)
        return value


def _refuse_pickling(self: Module) -> Any:
    raise RuntimeError(
        "Serialization of parametrized modules is only supported through state_dict(). See:\n"
        "https://pytorch.org/tutorials/beginner/saving_loading_models.html"
        "#saving-loading-a-general-checkpoint-for-inference-and-or-resuming-training"
    )


def _deepcopy(self: Module, memo: dict[int, Any]) -> Module:
    replica = type(self).__new__(type(self))
    memo[id(self)] = replica
    replica.__dict__.update(copy.deepcopy(self.__dict__, memo))
    return replica


def _own_class(module: Module) -> None:
    """Give the module a subclass of its class, in which there can be properties of its own."""
    cls = type(module)
    members: dict[str, Any] = {"__getstate__": _refuse_pickling}
    if not hasattr(cls, "__deepcopy__"):
        members["__deepcopy__"] = _deepcopy
    module.__class__ = type(f"Parametrized{cls.__name__}", (cls,), members)


def _own_property(module: Module, name: str) -> None:
    def compute(self: Module) -> Any:
        parametrization = self.parametrizations[name]
        if not _Cache.depth:
            return parametrization()
        key = (id(self), name)
        if key not in _Cache.held:
            _Cache.held[key] = parametrization()
        return _Cache.held[key]

    def assign(self: Module, value: Any) -> None:
        self.parametrizations[name].right_inverse(value)

    setattr(type(module), name, property(compute, assign))


def register_parametrization(
    module: Module, tensor_name: str, parametrization: Module, *, unsafe: bool = False
) -> Module:
    """Compute a parameter or buffer by `parametrization` from what it was, its original.

    Several may be registered; each is applied to what the one before gives. A parametrization
    may have ``right_inverse(value)``, which gives the original (or a tuple of originals) for a
    value; then the tensor can be assigned to.

    Args:
        unsafe: whether to allow another shape or dtype.

    Raises:
        ValueError: for no such tensor, or for a change of shape or dtype that is not allowed.
    """
    parametrization.train(module.training)
    if is_parametrized(module, tensor_name):
        if not unsafe:
            _check_next(module, tensor_name, parametrization)
        parametrizations = module.parametrizations[tensor_name]
        parametrizations.append(parametrization)
        parametrizations.unsafe |= unsafe
    elif tensor_name in module._buffers or tensor_name in module._parameters:
        original = getattr(module, tensor_name)
        parametrizations = ParametrizationList([parametrization], original, unsafe=unsafe)
        delattr(module, tensor_name)
        if not is_parametrized(module):
            _own_class(module)
            module.parametrizations = ModuleDict()
        _own_property(module, tensor_name)
        module.parametrizations[tensor_name] = parametrizations
    else:
        raise ValueError(
            f"Module '{module}' does not have a parameter, a buffer, or a parametrized element "
            f"with name '{tensor_name}'"
        )
    return module


def _check_next(module: Module, name: str, parametrization: Module) -> None:
    """Refuse a further parametrization that does not keep the dtype and shape."""
    before = getattr(module, name)
    after = parametrization(before)
    _require(Tensor, after, "A parametrization must return a tensor. Got {}.")
    names = (f"module.{name}", f"parametrization(module.{name})")
    _check_kept("Registering a parametrization", "the tensor", before, after, names)
    inverse = _inverse(parametrization)
    if inverse is None:
        return
    try:
        back = inverse(after)
    except NotImplementedError:
        return
    _require(Tensor, back, "parametrization.right_inverse must return a tensor. Got: {}")
    names = (f"module.{name}", "returned")
    _check_kept("parametrization.right_inverse", f"module.{name}", before, back, names)


def is_parametrized(module: Module, tensor_name: str | None = None) -> bool:
    """Whether the module is, or that tensor of it."""
    parametrizations = getattr(module, "parametrizations", None)
    if not isinstance(parametrizations, ModuleDict):
        return False
    return len(parametrizations) > 0 if tensor_name is None else tensor_name in parametrizations


def remove_parametrizations(
    module: Module, tensor_name: str, leave_parametrized: bool = True
) -> Module:
    """Make a tensor an ordinary one again.

    Args:
        leave_parametrized: whether it keeps the value that it has; else it becomes its original.

    Raises:
        ValueError: if it is not parametrized, or has no single original to become.
    """
    if not is_parametrized(module, tensor_name):
        raise ValueError(f"Module {module} does not have a parametrization on {tensor_name}")
    parametrizations = module.parametrizations[tensor_name]
    if parametrizations.is_tensor:
        original = parametrizations.original
        if leave_parametrized:
            with no_grad():
                original.data = getattr(module, tensor_name).detach()
    elif leave_parametrized:
        value = getattr(module, tensor_name)
        original = Parameter(value.detach()) if value.requires_grad else value
    else:
        raise ValueError(
            "Cannot leave unparametrized (`leave_parametrized=False`) a tensor that is "
            "parametrized in terms of a sequence of tensors."
        )
    delattr(type(module), tensor_name)
    del module.parametrizations[tensor_name]
    _register(module, tensor_name, original)
    if not is_parametrized(module):
        delattr(module, "parametrizations")
        module.__class__ = type(module).__bases__[0]
    return module


def type_before_parametrizations(module: Module) -> type:
    """The module's class, without the subclass that parametrizing gave it."""
    return type(module).__bases__[0] if is_parametrized(module) else type(module)


def transfer_parametrizations_and_params(
    from_module: Module, to_module: Module, tensor_name: str | None = None
) -> Module:
    """Parametrize tensors of `to_module` as those of `from_module` are, sharing what is learned."""
    if not is_parametrized(from_module):
        return to_module
    for name in list(from_module.parametrizations) if tensor_name is None else [tensor_name]:
        source = from_module.parametrizations[name]
        if not hasattr(to_module, name):
            setattr(to_module, name, Parameter(getattr(from_module, name).detach()))
        for parametrization in source:
            register_parametrization(to_module, name, parametrization)
        target = to_module.parametrizations[name]
        for key, original in source._originals().items():
            setattr(target, key, original)
    return to_module


__getattr__ = missing(__name__)
