"""Networks: layers (`modules`), their functions (`functional`), initialisation (`init`)."""

import typing as _typing

from minitorch._missing import missing
from minitorch.nn import (
    functional as functional,
    init as init,
    modules as modules,
    parallel as parallel,
    parameter as parameter,
    utils as utils,
)
from minitorch.nn.modules import *
from minitorch.nn.parallel import DataParallel as DataParallel
from minitorch.nn.parameter import (
    Buffer as Buffer,
    Parameter as Parameter,
    UninitializedBuffer as UninitializedBuffer,
    UninitializedParameter as UninitializedParameter,
)


def factory_kwargs(kwargs: dict[str, _typing.Any] | None) -> dict[str, _typing.Any]:
    """Return what of `kwargs` a factory takes: device, dtype, memory_format.

    Raises:
        TypeError: for other names, or one that ``factory_kwargs`` among them gives, too.

    >>> factory_kwargs({"device": "cpu", "factory_kwargs": {"dtype": "float32"}})
    {'dtype': 'float32', 'device': 'cpu'}
    """
    given = dict(kwargs or {})
    made = dict(given.pop("factory_kwargs", {}))
    if unknown := given.keys() - {"device", "dtype", "memory_format"}:
        raise TypeError(f"unexpected kwargs {unknown}")
    if twice := given.keys() & made.keys():
        raise TypeError(f"{min(twice)} specified twice, in **kwargs and in factory_kwargs")
    return made | given


if not _typing.TYPE_CHECKING:
    __all__ = sorted(name for name in globals() if name[0].isalpha() and name != "missing")

__getattr__ = missing(
    __name__, {name: f"{__name__}.{name}" for name in ("attention", "common_types", "grad")}
)

del _typing
