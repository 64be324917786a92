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

if not _typing.TYPE_CHECKING:
    __all__ = sorted(name for name in globals() if name[0].isalpha() and name != "missing")

__getattr__ = missing(__name__, {"attention": "minitorch.nn.attention"})

del _typing
