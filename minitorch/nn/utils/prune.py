"""Pruning: parameters multiplied by masks of zeros and ones.

A pruned parameter ``weight`` becomes ``weight_orig``, with a buffer ``weight_mask`` beside it; the
attribute ``weight`` is their product, computed anew before each call.

>>> import minitorch
>>> layer = minitorch.nn.Linear(2, 2, bias=False)
>>> layer.weight.data = minitorch.tensor([[1.0, -2.0], [3.0, -4.0]])
>>> l1_unstructured(layer, "weight", amount=0.5).weight.detach()
tensor([[ 0., -0.],
        [ 3., -4.]])
"""

from __future__ import annotations

import numbers
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from typing import Any, ClassVar

import minitorch
from minitorch._missing import missing
from minitorch._tensor import Tensor
from minitorch.nn.modules.module import Module
from minitorch.nn.utils.convert_parameters import parameters_to_vector

__getattr__ = missing(__name__)


class BasePruningMethod(ABC):
    """The hook that prunes one parameter; a subclass says which elements, in `compute_mask`.

    Attributes:
        PRUNING_TYPE: of which part of the parameter a further method is given what is left:
            'unstructured' for elements, 'structured' for channels along ``dim``, 'global' for all.
    """

    PRUNING_TYPE: ClassVar[str]
    _tensor_name: Any = None

    def __call__(self, module: Module, inputs: Any) -> None:
        setattr(module, self._tensor_name, self.apply_mask(module))

    @abstractmethod
    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return a mask for scores of importance `t`, within `default_mask`, of the same shape."""

    def apply_mask(self, module: Module) -> Tensor:
        """Return the product of the original parameter and the mask.

        Raises:
            AssertionError: before `apply`.
        """
        if self._tensor_name is None:
            raise AssertionError(f"Module {module} has to be pruned")
        mask, original = (getattr(module, f"{self._tensor_name}_{p}") for p in ("mask", "orig"))
        return mask.to(dtype=original.dtype) * original

    @classmethod
    def apply(
        cls, module: Module, name: str, *args: Any, importance_scores: Any = None, **kwargs: Any
    ) -> BasePruningMethod:
        """Prune the parameter `name`, on top of what prunes it already; returns the hook.

        Args:
            args, kwargs: for the constructor.
            importance_scores: of the parameter's shape; None for the parameter itself.

        Raises:
            AssertionError: for scores of another shape.
        """
        held = [(key, hook) for key, hook in _hooks(module) if hook._tensor_name == name]
        if len(held) > 1:
            raise AssertionError(
                f"Avoid adding multiple pruning hooks to the same tensor {name} of module "
                f"{module}. Use a PruningContainer."
            )
        for key, _ in held:
            del module._forward_pre_hooks[key]
        method: BasePruningMethod = cls(*args, **kwargs)
        method._tensor_name = name
        if held:
            older = held[0][1]
            together = older if isinstance(older, PruningContainer) else PruningContainer(older)
            together.add_pruning_method(method)
            method = together

        original = getattr(module, name)
        if importance_scores is None:
            importance_scores = original
        elif importance_scores.shape != original.shape:
            raise AssertionError(
                f"importance_scores should have the same shape as parameter {name} of {module}, "
                f"got {importance_scores.shape} vs {original.shape}"
            )
        if held:
            before = getattr(module, f"{name}_mask").detach().clone()
        else:
            module.register_parameter(f"{name}_orig", original)
            del module._parameters[name]
            before = minitorch.ones_like(original)
        try:
            mask = method.compute_mask(importance_scores, default_mask=before)
            module.register_buffer(f"{name}_mask", mask)
            setattr(module, name, method.apply_mask(module))
            module.register_forward_pre_hook(method)
        except Exception:
            if not held:
                module.register_parameter(name, getattr(module, f"{name}_orig"))
                del module._parameters[f"{name}_orig"]
            raise
        return method

    def prune(self, t: Tensor, default_mask: Any = None, importance_scores: Any = None) -> Tensor:
        """Return `t` with the elements set to zero that the method would prune.

        Raises:
            AssertionError: for scores of another shape.
        """
        if importance_scores is None:
            importance_scores = t
        elif importance_scores.shape != t.shape:
            raise AssertionError(
                "importance_scores should have the same shape as tensor t, got "
                f"{importance_scores.shape} vs {t.shape}"
            )
        before = minitorch.ones_like(t) if default_mask is None else default_mask
        return t * self.compute_mask(importance_scores, default_mask=before)

    def remove(self, module: Module) -> None:
        """Make the pruned parameter a plain one, with zeros where it was pruned.

        Raises:
            AssertionError: before `apply`.
        """
        name = self._tensor_name
        if name is None:
            raise AssertionError(f"Module {module} has to be pruned before pruning can be removed")
        weight = self.apply_mask(module)
        if hasattr(module, name):
            delattr(module, name)
        original = module._parameters.pop(f"{name}_orig")
        original.data = weight.data
        del module._buffers[f"{name}_mask"]
        setattr(module, name, original)


class PruningContainer(BasePruningMethod):
    """Several methods for one parameter, in the order in which they were applied."""

    def __init__(self, *args: Any) -> None:
        self._pruning_methods: tuple[Any, ...] = ()
        if len(args) == 1:
            self._tensor_name = args[0]._tensor_name
        for method in args:
            self.add_pruning_method(method)

    def add_pruning_method(self, method: Any) -> None:
        """Add a method for the same parameter.

        Raises:
            TypeError: for anything else.
            ValueError: for a method of another parameter.
        """
        if not isinstance(method, BasePruningMethod) and method is not None:
            raise TypeError(f"{type(method)} is not a BasePruningMethod subclass")
        if method is not None and self._tensor_name != method._tensor_name:
            raise ValueError(
                "Can only add pruning methods acting on the parameter named "
                f"'{self._tensor_name}' to PruningContainer {self}. Found '{method._tensor_name}'"
            )
        self._pruning_methods += (method,)

    def __len__(self) -> int:
        return len(self._pruning_methods)

    def __iter__(self) -> Iterator[Any]:
        return iter(self._pruning_methods)

    def __getitem__(self, idx: Any) -> Any:
        return self._pruning_methods[idx]

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        """Return the mask of the latest method, computed for what the others have left.

        Raises:
            ValueError: for a method of no known `PRUNING_TYPE`.
            AttributeError: for a 'structured' one without ``dim``.
            IndexError: for a ``dim`` that `t` has not.
        """
        method = self._pruning_methods[-1]
        left: Any = tuple([slice(None)] * t.dim())
        if method.PRUNING_TYPE == "unstructured":
            left = default_mask == 1
        elif method.PRUNING_TYPE == "structured":
            if not hasattr(method, "dim"):
                raise AttributeError(
                    'Pruning methods of PRUNING_TYPE "structured" need to have the attribute `dim` '
                    "defined."
                )
            dim = method.dim + t.dim() if method.dim < 0 else method.dim
            if dim < 0:
                raise IndexError(f"Index is out of bounds for tensor with dimensions {t.dim()}")
            kept = default_mask.sum(dim=[d for d in range(t.dim()) if d != dim]) != 0
            left = (*left[:dim], kept, *left[dim + 1 :])
        elif method.PRUNING_TYPE != "global":
            raise ValueError(f"Unrecognized PRUNING_TYPE {method.PRUNING_TYPE}")
        mask = default_mask.to(dtype=t.dtype)
        partial = method.compute_mask(t[left], default_mask=default_mask[left])
        mask[left] = partial.to(dtype=mask.dtype)
        return mask


class Identity(BasePruningMethod):
    """Prune nothing: a mask of ones."""

    PRUNING_TYPE = "unstructured"

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        return default_mask

    @classmethod
    def apply(cls, module: Module, name: str) -> BasePruningMethod:  # type: ignore[override]
        return super().apply(module, name)


class _ByAmount(BasePruningMethod):
    """A method that prunes a number of elements or channels, or a share of them."""

    amount: Any

    def _count(self, size: int) -> int:
        """The number to prune, of `size`."""
        whole = isinstance(self.amount, numbers.Integral)
        count: Any = self.amount if whole else round(self.amount * size)
        if count > size:
            raise ValueError(
                f"amount={count} should be smaller than the number of parameters to prune={size}"
            )
        return count


class _Unstructured(_ByAmount):
    """A method that prunes the elements of an end of an order."""

    PRUNING_TYPE = "unstructured"

    def __init__(self, amount: float) -> None:
        self.amount = _checked(amount)

    def _first(self, t: Tensor, count: int) -> Tensor:
        """The places of those to prune, in the tensor laid flat."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        count = self._count(t.numel())
        mask = default_mask.clone(memory_format=minitorch.contiguous_format)
        if count:
            mask.view(-1)[self._first(t, count)] = 0
        return mask


class RandomUnstructured(_Unstructured):
    """Prune elements at random.

    Args:
        amount: how many, or (a float) which share of them.

    Raises:
        TypeError, ValueError: for an amount that is no number, below 0, or a share above 1.
    """

    def _first(self, t: Tensor, count: int) -> Tensor:
        return minitorch.rand_like(t).view(-1).topk(count).indices

    @classmethod
    def apply(cls, module: Module, name: str, amount: float) -> Any:  # type: ignore[override]
        return super().apply(module, name, amount=amount)


class L1Unstructured(_Unstructured):
    """Prune the elements that are smallest in absolute value.

    Args:
        amount: how many, or (a float) which share of them.

    Raises:
        TypeError, ValueError: for an amount that is no number, below 0, or a share above 1.
    """

    def _first(self, t: Tensor, count: int) -> Tensor:
        return t.abs().view(-1).topk(count, largest=False).indices

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Module, name: str, amount: float, importance_scores: Any = None
    ) -> Any:
        return super().apply(module, name, amount=amount, importance_scores=importance_scores)


class _Structured(_ByAmount):
    """A method that prunes channels along a dimension."""

    PRUNING_TYPE = "structured"
    dim: int

    def _kept(self, t: Tensor, size: int, count: int) -> Tensor:
        """An index of the channels that stay."""
        raise NotImplementedError

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if t.dim() <= 1:
            raise ValueError(
                "Structured pruning can only be applied to multidimensional tensors. Found tensor "
                f"of shape {t.shape} with {t.dim()} dims"
            )
        if self.dim >= t.dim():
            raise IndexError(f"Invalid index {self.dim} for tensor of size {t.shape}")
        size = t.shape[self.dim]
        count = self._count(size)
        kept = self._kept(t, size, count)
        if not count:
            return default_mask
        mask = minitorch.zeros_like(t)
        places: list[Any] = [slice(None)] * t.dim()
        places[self.dim] = kept
        mask[tuple(places)] = 1
        return mask * default_mask.to(dtype=mask.dtype)


class RandomStructured(_Structured):
    """Prune channels at random.

    Args:
        amount: how many, or (a float) which share of them.
        dim: the dimension of the channels.

    Raises:
        TypeError, ValueError: for an amount that is no number, below 0, or a share above 1.
    """

    def __init__(self, amount: float, dim: int = -1) -> None:
        self.amount, self.dim = _checked(amount), dim

    def _kept(self, t: Tensor, size: int, count: int) -> Tensor:
        if not count:
            return minitorch.arange(size)
        drawn = minitorch.rand(size)
        return drawn > drawn.kthvalue(count).values

    @classmethod
    def apply(  # type: ignore[override]
        cls, module: Module, name: str, amount: float, dim: int = -1
    ) -> Any:
        return super().apply(module, name, amount=amount, dim=dim)


class LnStructured(_Structured):
    """Prune the channels of the smallest norm.

    Args:
        amount: how many, or (a float) which share of them.
        n: of the norm, as `minitorch.norm` takes it.
        dim: the dimension of the channels.

    Raises:
        TypeError, ValueError: for an amount that is no number, below 0, or a share above 1.
    """

    def __init__(self, amount: float, n: Any, dim: int = -1) -> None:
        self.amount, self.n, self.dim = _checked(amount), n, dim

    def _kept(self, t: Tensor, size: int, count: int) -> Tensor:
        others = [d for d in range(t.dim()) if d != self.dim % t.dim()]
        return minitorch.norm(t, p=self.n, dim=others).topk(size - count).indices

    @classmethod
    def apply(  # type: ignore[override]
        cls,
        module: Module,
        name: str,
        amount: float,
        n: Any,
        dim: int,
        importance_scores: Any = None,
    ) -> Any:
        scores = importance_scores
        return super().apply(module, name, amount=amount, n=n, dim=dim, importance_scores=scores)


class CustomFromMask(BasePruningMethod):
    """Prune where a mask is 0."""

    PRUNING_TYPE = "global"

    def __init__(self, mask: Tensor) -> None:
        self.mask = mask

    def compute_mask(self, t: Tensor, default_mask: Tensor) -> Tensor:
        if default_mask.shape != self.mask.shape:
            raise AssertionError(
                f"default_mask shape {default_mask.shape} must match self.mask shape "
                f"{self.mask.shape}"
            )
        return default_mask * self.mask.to(dtype=default_mask.dtype)

    @classmethod
    def apply(cls, module: Module, name: str, mask: Tensor) -> Any:  # type: ignore[override]
        return super().apply(module, name, mask=mask)


def identity(module: Module, name: str) -> Module:
    """Give the parameter `name` a mask of ones; returns the module."""
    Identity.apply(module, name)
    return module


def random_unstructured(module: Module, name: str, amount: float) -> Module:
    """Prune elements at random; see `RandomUnstructured`. Returns the module."""
    RandomUnstructured.apply(module, name, amount)
    return module


def l1_unstructured(
    module: Module, name: str, amount: float, importance_scores: Any = None
) -> Module:
    """Prune the smallest elements; see `L1Unstructured`. Returns the module."""
    L1Unstructured.apply(module, name, amount, importance_scores)
    return module


def random_structured(module: Module, name: str, amount: float, dim: int) -> Module:
    """Prune channels at random; see `RandomStructured`. Returns the module."""
    RandomStructured.apply(module, name, amount, dim)
    return module


def ln_structured(
    module: Module, name: str, amount: float, n: Any, dim: int, importance_scores: Any = None
) -> Module:
    """Prune the channels of the smallest norm; see `LnStructured`. Returns the module."""
    LnStructured.apply(module, name, amount, n, dim, importance_scores)
    return module


def global_unstructured(
    parameters: Any, pruning_method: Any, importance_scores: Any = None, **kwargs: Any
) -> None:
    """Prune elements of several parameters together, so that some lose more than others.

    Args:
        parameters: pairs of a module and a parameter's name.
        pruning_method: an 'unstructured' class, such as `L1Unstructured`.
        importance_scores: by such pairs; a parameter that is left out is its own.
        kwargs: for the class, such as ``amount=0.2``.

    Raises:
        TypeError: for anything else.
    """
    if not isinstance(parameters, Iterable):
        raise TypeError("global_unstructured(): parameters is not an Iterable")
    scores = {} if importance_scores is None else importance_scores
    if not isinstance(scores, dict):
        raise TypeError("global_unstructured(): importance_scores must be of type dict")
    pairs: list[tuple[Module, str]] = list(parameters)
    values = [getattr(module, name) for module, name in pairs]
    importance = parameters_to_vector(
        [scores.get(pair, value) for pair, value in zip(pairs, values, strict=True)]
    )
    before = parameters_to_vector(
        [
            getattr(module, f"{name}_mask", minitorch.ones_like(value))
            for (module, name), value in zip(pairs, values, strict=True)
        ]
    )
    method = pruning_method(**kwargs)
    if method.PRUNING_TYPE != "unstructured":
        raise TypeError(
            'Only "unstructured" PRUNING_TYPE supported for the `pruning_method`. Found method '
            f"{pruning_method} of type {method.PRUNING_TYPE}"
        )
    method._tensor_name = "temp"
    masks = PruningContainer(method).compute_mask(importance, before)
    for (module, name), mask in zip(
        pairs, masks.split([value.numel() for value in values]), strict=True
    ):
        custom_from_mask(module, name, mask.view_as(getattr(module, name)))


def custom_from_mask(module: Module, name: str, mask: Tensor) -> Module:
    """Prune where `mask` is 0; returns the module."""
    CustomFromMask.apply(module, name, mask)
    return module


def remove(module: Module, name: str) -> Module:
    """Make the parameter `name` a plain one that stays as it was pruned; returns the module.

    Raises:
        ValueError: if it is not pruned.
    """
    for key, hook in _hooks(module):
        if hook._tensor_name == name:
            hook.remove(module)
            del module._forward_pre_hooks[key]
            return module
    raise ValueError(
        f"Parameter '{name}' of module {module} has to be pruned before pruning can be removed"
    )


def is_pruned(module: Module) -> bool:
    """Return whether a parameter of the module, or of one within it, is pruned.

    >>> layer = minitorch.nn.Linear(2, 2)
    >>> is_pruned(layer), is_pruned(identity(layer, "bias"))
    (False, True)
    """
    return any(_hooks(each) for each in module.modules())


def _hooks(module: Module) -> list[tuple[int, BasePruningMethod]]:
    """The module's pruning hooks and their keys."""
    found = [(key, held.call) for key, held in module._forward_pre_hooks.items()]
    return [(key, hook) for key, hook in found if isinstance(hook, BasePruningMethod)]


def _checked(amount: Any) -> Any:
    """The amount, if it is one."""
    if not isinstance(amount, numbers.Real):
        raise TypeError(f"Invalid type for amount: {amount}. Must be int or float.")
    share = not isinstance(amount, numbers.Integral)
    if float(amount) < 0.0 or (share and float(amount) > 1.0):
        raise ValueError(
            f"amount={amount} should either be a float in the range [0, 1] or a non-negative "
            "integer"
        )
    return amount
