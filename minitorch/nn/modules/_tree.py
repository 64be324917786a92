"""The tree that modules form: attributes kept in tables, and members found by dotted names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NoReturn

from minitorch._tensor import Tensor
from minitorch.nn.modules._global_hooks import registered
from minitorch.nn.parameter import Buffer, Parameter

if TYPE_CHECKING:
    from minitorch.nn.modules.module import Module


class ModuleTree:
    """The part of `Module` that keeps the tree."""

    _parameters: dict[str, Any]
    _buffers: dict[str, Any]
    _modules: dict[str, Any]
    _non_persistent_buffers_set: set[str]

    # The three tables that an attribute may live in, in the order in which they are searched.
    _TABLES = ("_parameters", "_buffers", "_modules")

    def __setattr__(self, name: str, value: Any) -> None:
        tables = self.__dict__
        if isinstance(value, Parameter):
            self._reserve_name(name, "_parameters", "assign parameters")
            self.register_parameter(name, value)
        elif isinstance(value, ModuleTree):
            self._reserve_name(name, "_modules", "assign module")
            tables["_modules"][name] = registered("module", self, name, value)
        elif name in tables.get("_parameters", ()):
            if value is not None:
                _refuse(value, "as parameter", name, "torch.nn.Parameter or None expected")
            tables["_parameters"][name] = None
        elif name in tables.get("_modules", ()):
            if value is not None:
                _refuse(value, "as child module", name, "torch.nn.Module or None expected")
            tables["_modules"][name] = registered("module", self, name, value)
        elif isinstance(value, Buffer) or name in tables.get("_buffers", ()):
            if value is not None and not isinstance(value, Tensor):
                expected = "torch.nn.Buffer, torch.Tensor or None expected"
                _refuse(value, "as buffer", name, expected)
            if isinstance(value, Buffer):
                persistent = value.persistent
            else:
                persistent = name not in tables["_non_persistent_buffers_set"]
            self.register_buffer(name, value, persistent)
        else:
            super().__setattr__(name, value)

    def _reserve_name(self, name: str, table: str, doing: str) -> None:
        """Make room for `name` in `table`, wherever it was before."""
        if table not in self.__dict__:
            raise AttributeError(f"cannot {doing} before Module.__init__() call")
        for other in ("__dict__", *self._TABLES):
            if other != table:
                (self.__dict__ if other == "__dict__" else self.__dict__[other]).pop(name, None)
        self.__dict__["_non_persistent_buffers_set"].discard(name)

    def __getattr__(self, name: str) -> Any:
        tables = self.__dict__
        for table in self._TABLES:
            found = tables.get(table)
            if found and name in found:
                return found[name]
        raise AttributeError(f"'{type(self).__name__}' object has no attribute '{name}'")

    def __delattr__(self, name: str) -> None:
        for table in self._TABLES:
            if name in self.__dict__[table]:
                del self.__dict__[table][name]
                self.__dict__["_non_persistent_buffers_set"].discard(name)
                return
        super().__delattr__(name)

    def __dir__(self) -> list[str]:
        names = {*object.__dir__(self), *self._parameters, *self._buffers, *self._modules}
        return sorted(name for name in names if not name[0].isdigit())

    def _check_name(self, kind: str, name: Any, table: dict[str, Any]) -> None:
        if "_parameters" not in self.__dict__:
            raise AttributeError(f"cannot assign {kind} before Module.__init__() call")
        if not isinstance(name, str):
            raise TypeError(f"{kind} name should be a string. Got {_type_name(name)}")
        if "." in name:
            got = f", got: {name}" if kind == "module" else ""
            raise KeyError(f'{kind} name can\'t contain "."{got}')
        if name == "":
            raise KeyError(f'{kind} name can\'t be empty string ""')
        if hasattr(self, name) and name not in table:
            raise KeyError(f"attribute '{name}' already exists")

    def register_parameter(self, name: str, param: Parameter | None) -> None:
        """Add a parameter, or None for one that is left out.

        Raises:
            KeyError, TypeError: for a name that is taken or no name, or for anything else.
            ValueError: for a tensor that was computed.
        """
        self._check_name("parameter", name, self.__dict__.get("_parameters", {}))
        if param is not None and not isinstance(param, Parameter):
            _refuse(param, "object to parameter", name, "torch.nn.Parameter or None required")
        if param is not None and param.grad_fn is not None:
            raise ValueError(
                f"Cannot assign non-leaf Tensor to parameter '{name}'. Model parameters must be "
                f"created explicitly. To express '{name}' as a function of another Tensor, compute "
                "the value in the forward() method."
            )
        if param is not None:
            param = registered("parameter", self, name, param)
        self._parameters[name] = param

    def register_buffer(self, name: str, tensor: Tensor | None, persistent: bool = True) -> None:
        """Add a tensor that is part of the state, but not learned; saved unless not `persistent`.

        Raises:
            KeyError, TypeError: for a name that is taken or no name, or for anything else.
        """
        self._check_name("buffer", name, self.__dict__.get("_buffers", {}))
        if tensor is not None and not isinstance(tensor, Tensor):
            _refuse(tensor, "object to buffer", name, "torch Tensor or None required")
        self._buffers[name] = registered("buffer", self, name, tensor)
        if persistent:
            self._non_persistent_buffers_set.discard(name)
        else:
            self._non_persistent_buffers_set.add(name)

    def add_module(self, name: str, module: Module | None) -> None:
        """Add a child.

        Raises:
            KeyError, TypeError: for a name that is taken or no name, or for anything else.
        """
        if not isinstance(module, ModuleTree) and module is not None:
            raise TypeError(f"{_type_name(module)} is not a Module subclass")
        self._check_name("module", name, self.__dict__.get("_modules", {}))
        self._modules[name] = registered("module", self, name, module)

    def register_module(self, name: str, module: Module | None) -> None:
        """Add a child; another name of `add_module`."""
        self.add_module(name, module)

    # ---- members ------------------------------------------------------------------------------

    def _named_members(
        self, table: str, prefix: str, recurse: bool, remove_duplicate: bool
    ) -> Iterator[tuple[str, Any]]:
        seen: set[int] = set()
        modules = self.named_modules(prefix=prefix, remove_duplicate=remove_duplicate)
        for path, module in modules if recurse else [(prefix, self)]:
            for name, value in getattr(module, table).items():
                if value is None or id(value) in seen:
                    continue
                if remove_duplicate:
                    seen.add(id(value))
                yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Parameter]]:
        """Each parameter with its dotted name; a shared one once."""
        return self._named_members("_parameters", prefix, recurse, remove_duplicate)

    def parameters(self, recurse: bool = True) -> Iterator[Parameter]:
        """Each parameter; a shared one once."""
        return (parameter for _, parameter in self.named_parameters(recurse=recurse))

    def named_buffers(
        self, prefix: str = "", recurse: bool = True, remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """Each buffer with its dotted name; a shared one once."""
        return self._named_members("_buffers", prefix, recurse, remove_duplicate)

    def buffers(self, recurse: bool = True) -> Iterator[Tensor]:
        """Each buffer; a shared one once."""
        return (buffer for _, buffer in self.named_buffers(recurse=recurse))

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """Each direct child with its name; a shared one once."""
        seen: set[int] = set()
        for name, module in self._modules.items():
            if module is not None and id(module) not in seen:
                seen.add(id(module))
                yield name, module

    def children(self) -> Iterator[Any]:
        """Each direct child; a shared one once."""
        return (module for _, module in self.named_children())

    def named_modules(
        self, memo: set[Any] | None = None, prefix: str = "", remove_duplicate: bool = True
    ) -> Iterator[tuple[str, Any]]:
        """The module itself and all below it, with their dotted names; a shared one once."""
        memo = set() if memo is None else memo
        if id(self) in memo:
            return
        if remove_duplicate:
            memo.add(id(self))
        yield prefix, self
        for name, module in self._modules.items():
            if module is not None:
                path = f"{prefix}.{name}" if prefix else name
                yield from module.named_modules(memo, path, remove_duplicate)

    def modules(self, remove_duplicate: bool = True) -> Iterator[Any]:
        """The module itself and all below it; a shared one once, unless `remove_duplicate` is off.

        >>> from minitorch import nn
        >>> list(nn.Sequential(nn.ReLU()).modules())[1]
        ReLU()
        """
        return (module for _, module in self.named_modules(remove_duplicate=remove_duplicate))

    def get_submodule(self, target: str) -> Any:
        """The module at a dotted name; the module itself for an empty one.

        Raises:
            AttributeError: if there is none.
        """
        module: Any = self
        for name in target.split(".") if target else []:
            module = _member(module, name)
            if not isinstance(module, ModuleTree):
                raise AttributeError(f"`{name}` is not an nn.Module")
        return module

    def set_submodule(self, target: str, module: Module, strict: bool = False) -> None:
        """Put a module at a dotted name, in place of the one there or (not `strict`) as a new one.

        Raises:
            ValueError: for an empty name, or for anything but a module.
            AttributeError: if its parent does not exist, or something else has that name.
        """
        if target == "":
            raise ValueError("Cannot set the submodule without a target name!")
        if not isinstance(module, ModuleTree):
            raise ValueError(f"`module` is not an nn.Module, found {type(module)}")
        path, _, name = target.rpartition(".")
        parent = self.get_submodule(path)
        if (strict or hasattr(parent, name)) and not isinstance(_member(parent, name), ModuleTree):
            raise AttributeError(f"`{name}` is not an nn.Module")
        setattr(parent, name, module)

    def get_parameter(self, target: str) -> Parameter:
        """The parameter at a dotted name.

        Raises:
            AttributeError: if there is none.
        """
        path, _, name = target.rpartition(".")
        parameter = _member(self.get_submodule(path), name)
        if not isinstance(parameter, Parameter):
            raise AttributeError(f"`{name}` is not an nn.Parameter")
        return parameter

    def get_buffer(self, target: str) -> Tensor:
        """The buffer at a dotted name.

        Raises:
            AttributeError: if there is none.
        """
        path, _, name = target.rpartition(".")
        module = self.get_submodule(path)
        buffer = _member(module, name)
        if name not in module._buffers:
            raise AttributeError(f"`{name}` is not a buffer")
        return buffer


def _member(module: Any, name: str) -> Any:
    if not hasattr(module, name):
        raise AttributeError(f"{type(module).__name__} has no attribute `{name}`")
    return getattr(module, name)


def _refuse(value: object, role: str, name: str, expected: str) -> NoReturn:
    raise TypeError(f"cannot assign '{_type_name(value)}' {role} '{name}' ({expected})")


def _type_name(value: object) -> str:
    """A type's full name, as PyTorch writes it in these messages."""
    kind = type(value)
    if isinstance(value, Tensor) and kind is Tensor:
        return value.type()
    if kind.__module__ == "builtins":
        return kind.__qualname__
    return f"{kind.__module__}.{kind.__qualname__}"
