"""The layers. `module` is what all of them are; the others hold what their names say."""

import typing as _typing

from minitorch.nn.modules.activation import *
from minitorch.nn.modules.adaptive import *
from minitorch.nn.modules.attention import *
from minitorch.nn.modules.batchnorm import *
from minitorch.nn.modules.channelshuffle import *
from minitorch.nn.modules.container import *
from minitorch.nn.modules.conv import *
from minitorch.nn.modules.distance import *
from minitorch.nn.modules.dropout import *
from minitorch.nn.modules.flatten import *
from minitorch.nn.modules.fold import *
from minitorch.nn.modules.instancenorm import *
from minitorch.nn.modules.lazy import *
from minitorch.nn.modules.linear import *
from minitorch.nn.modules.loss import *
from minitorch.nn.modules.module import Module as Module
from minitorch.nn.modules.normalization import *
from minitorch.nn.modules.padding import *
from minitorch.nn.modules.pixelshuffle import *
from minitorch.nn.modules.pooling import *
from minitorch.nn.modules.rnn import *
from minitorch.nn.modules.sparse import *
from minitorch.nn.modules.transformer import *
from minitorch.nn.modules.upsampling import *

if not _typing.TYPE_CHECKING:
    __all__ = sorted(name for name in globals() if name[0].isupper())

del _typing
