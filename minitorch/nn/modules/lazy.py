"""Layers that learn the size of their input from the first input."""

from __future__ import annotations

from typing import Any, ClassVar

from minitorch.nn.parameter import is_lazy

__all__ = ["LazyModuleMixin"]


class LazyModuleMixin:
    """The part of a layer that finds out its parameters' shapes when it is first called.

    Put it before the layer's class, make parameters `UninitializedParameter`s, and write
    `initialize_parameters`. After its first call the layer is of the class `cls_to_become`.

    >>> import minitorch
    >>> from minitorch.nn import Linear
    >>> from minitorch.nn.parameter import UninitializedParameter
    >>> class Scale(LazyModuleMixin, minitorch.nn.Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.by = UninitializedParameter()
    ...     def initialize_parameters(self, x):
    ...         self.by.materialize(x.shape[-1:])
    ...         minitorch.nn.init.ones_(self.by)
    ...     def forward(self, x):
    ...         return x * self.by
    >>> Scale()(minitorch.tensor([1.0, 2.0])).detach()
    tensor([1., 2.])
    """

    cls_to_become: ClassVar[type[Any] | None] = None

    def __init__(self: Any, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._load_hook = self._register_load_state_dict_pre_hook(self._lazy_load_hook)
        self._initialize_hook = self.register_forward_pre_hook(
            self._infer_parameters, with_kwargs=True
        )

    def _lazy_load_hook(self: Any, state_dict: Any, prefix: str, *rest: Any) -> None:
        """Take the shapes from a state dict that is about to be loaded."""
        for name, value in {**self._parameters, **self._buffers}.items():
            given = state_dict.get(prefix + name)
            if is_lazy(value) and given is not None and not is_lazy(given):
                value.materialize(given.shape)

    def initialize_parameters(self, *args: Any, **kwargs: Any) -> None:
        """Materialize the parameters for the arguments of the first call, and draw their values.

        Raises:
            NotImplementedError: unless the class writes its own.
        """
        raise NotImplementedError(
            f"initialize_parameters is not implemented for {type(self).__name__}"
        )

    def has_uninitialized_params(self: Any) -> bool:
        """Return whether a parameter or buffer of the layer itself has no shape yet."""
        return any(map(is_lazy, (*self._parameters.values(), *self._buffers.values())))

    def _infer_parameters(self: Any, module: Any, args: Any, kwargs: Any = None) -> None:
        """Initialize the layer and make it an ordinary one; called before its first `forward`."""
        module.initialize_parameters(*args, **(kwargs or {}))
        if module.has_uninitialized_params():
            raise RuntimeError(f"module {self._get_name()} has not been fully initialized")
        for name in ("_initialize_hook", "_load_hook"):
            getattr(module, name).remove()
            delattr(module, name)
        if module.cls_to_become is not None:
            module.__class__ = module.cls_to_become

    def _replicate_for_data_parallel(self) -> None:
        raise RuntimeError(
            "Modules with uninitialized parameters can't be used with `DataParallel`. Run a dummy "
            "forward pass to correctly initialize the modules"
        )
