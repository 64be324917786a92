"""minitorch: PyTorch's tensors, autograd, nn and optim, on NumPy alone.

    import minitorch as torch
    from minitorch import nn, optim

Where to read what, from the bottom up: `kernels` (ndarrays in, ndarrays out), `autograd` (the
graph), `ops` (each operation beside its gradient), `_tensor` (the class and its one table of
operators), `factory`, `sampling` and `random` (making tensors), `nn`, `optim`, `utils` (models and
training), `serialization` and `safetensors` (files), `distributions`, `testing`, `sklearn`, `viz`
(looking inside), `cli`.
"""

import typing as _typing
from math import e as e, inf as inf, nan as nan, pi as pi

from minitorch import kernels as _kernels  # sets up the process: before NumPy is loaded

# isort: split
from minitorch import (
    _dtypes,
    accelerator as accelerator,
    amp as amp,
    autograd as autograd,
    backends as backends,
    cpu as cpu,
    cuda as cuda,
    linalg as linalg,
    mps as mps,
    ops as ops,
    random as random,
    return_types as return_types,
    special as special,
    version as version,
    xpu as xpu,
)
from minitorch._checks import *
from minitorch._config import *
from minitorch._deprecated import *
from minitorch._dtypes import *
from minitorch._foreach import *
from minitorch._format import set_printoptions as set_printoptions
from minitorch._in_place import *
from minitorch._missing import missing
from minitorch._predicates import *
from minitorch._storage import UntypedStorage as UntypedStorage
from minitorch._symbolic import *
from minitorch._tensor import Tensor as Tensor
from minitorch._tensor_types import *
from minitorch._type_info import *
from minitorch.amp import *
from minitorch.autograd.anomaly import (
    is_anomaly_check_nan_enabled as is_anomaly_check_nan_enabled,
    is_anomaly_enabled as is_anomaly_enabled,
)
from minitorch.autograd.mode import (
    enable_grad as enable_grad,
    inference_mode as inference_mode,
    is_grad_enabled as is_grad_enabled,
    is_inference_mode_enabled as is_inference_mode_enabled,
    no_grad as no_grad,
    set_grad_enabled as set_grad_enabled,
)
from minitorch.factory import *
from minitorch.ops.aten import *
from minitorch.ops.math.arithmetic import *
from minitorch.ops.math.bivariate import *
from minitorch.ops.math.compare import *
from minitorch.ops.math.decompositions import *
from minitorch.ops.math.einsum import *
from minitorch.ops.math.histogram import *
from minitorch.ops.math.linalg import *
from minitorch.ops.math.lowrank import *
from minitorch.ops.math.matrix_functions import *
from minitorch.ops.math.norms import *
from minitorch.ops.math.orthogonal import *
from minitorch.ops.math.pointwise import *
from minitorch.ops.math.random import *
from minitorch.ops.math.random import (
    _dirichlet_grad as _dirichlet_grad,
    _sample_dirichlet as _sample_dirichlet,
    _standard_gamma as _standard_gamma,
    _standard_gamma_grad as _standard_gamma_grad,
)
from minitorch.ops.math.reduce import *
from minitorch.ops.math.scan import *
from minitorch.ops.math.select import *
from minitorch.ops.math.sort import *
from minitorch.ops.math.special import *
from minitorch.ops.math.spectral import *
from minitorch.ops.math.stats import *
from minitorch.ops.math.systems import *
from minitorch.ops.nn.activation import (
    celu as celu,
    celu_ as celu_,
    hardshrink as hardshrink,
    prelu as prelu,
    relu as relu,
    relu_ as relu_,
    rrelu as rrelu,
    rrelu_ as rrelu_,
    selu as selu,
    selu_ as selu_,
    threshold as threshold,
    threshold_ as threshold_,
)
from minitorch.ops.nn.adaptive_pool import adaptive_avg_pool1d as adaptive_avg_pool1d
from minitorch.ops.nn.aten import *
from minitorch.ops.nn.conv import (
    conv1d as conv1d,
    conv2d as conv2d,
    conv3d as conv3d,
    conv_transpose1d as conv_transpose1d,
    conv_transpose2d as conv_transpose2d,
    conv_transpose3d as conv_transpose3d,
)
from minitorch.ops.nn.distance import *
from minitorch.ops.nn.normalization import rms_norm as rms_norm
from minitorch.ops.nn.pool import (
    avg_pool1d as avg_pool1d,
    max_pool1d as max_pool1d,
    max_pool2d as max_pool2d,
    max_pool3d as max_pool3d,
)
from minitorch.ops.nn.recurrent import *
from minitorch.ops.nn.shuffle import *
from minitorch.ops.nn.softmax import *
from minitorch.ops.shape.concatenate import *
from minitorch.ops.shape.copies import *
from minitorch.ops.shape.index import *
from minitorch.ops.shape.scatter import *
from minitorch.ops.shape.strided import *
from minitorch.ops.shape.views import *
from minitorch.random import (
    Generator as Generator,
    default_generator as default_generator,
    get_rng_state as get_rng_state,
    initial_seed as initial_seed,
    manual_seed as manual_seed,
    seed as seed,
    set_rng_state as set_rng_state,
)
from minitorch.sampling import *
from minitorch.version import __version__ as __version__

# PyTorch's other names for what is here.
bool = _dtypes.bool_
short, int, long = int16, int32, int64
half, float, double = float16, float32, float64
globals().update(_dtypes.ABSENT)  # in tables of libraries
chalf, cfloat, cdouble = (_dtypes.ABSENT[f"complex{bits}"] for bits in (32, 64, 128))
arccos, arcsin, arctan, arctan2 = acos, asin, atan, atan2
arccosh, arcsinh, arctanh = acosh, asinh, atanh
greater, greater_equal, less, less_equal, not_equal = gt, ge, lt, le, ne
absolute, negative, sgn, fix = abs, neg, sign, trunc
subtract, multiply, clip = sub, mul, clamp
divide = true_divide = div
concat = concatenate = cat
moveaxis, swapdims, row_stack = movedim, transpose, vstack
mvlgamma = special.multigammaln
newaxis = None

# What not every program needs is loaded when it is asked for.
_later = {
    "_C": "minitorch._C",
    "__config__": "minitorch.__config__",
    "_dynamo": "minitorch._dynamo",
    "_utils": "minitorch._utils",
    "compiler": "minitorch.compiler",
    "distributed": "minitorch.distributed",
    "distributions": "minitorch.distributions",
    "functional": "minitorch.functional",
    "futures": "minitorch.futures",
    "fx": "minitorch.fx",
    "hub": "minitorch.hub",
    "install_as_torch": "minitorch.torch_alias",
    "jit": "minitorch.jit",
    "library": "minitorch.library",
    "load": "minitorch.serialization",
    "multiprocessing": "minitorch.multiprocessing",
    "nn": "minitorch.nn",
    "onnx": "minitorch.onnx",
    "optim": "minitorch.optim",
    "overrides": "minitorch.overrides",
    "profiler": "minitorch.profiler",
    "save": "minitorch.serialization",
    "serialization": "minitorch.serialization",
    "signal": "minitorch.signal",
    "storage": "minitorch.storage",
    "testing": "minitorch.testing",
    "torch_version": "minitorch.torch_version",
    "types": "minitorch.types",
    "utils": "minitorch.utils",
    **dict.fromkeys(
        ("DispatchKey", "DispatchKeySet", "DisableTorchFunction", "DisableTorchFunctionSubclass"),
        "minitorch._C",
    ),
    **dict.fromkeys(("PyTorchFileReader", "PyTorchFileWriter"), "minitorch._C"),
    **dict.fromkeys(("Event", "Stream"), "minitorch.cuda"),
    **dict.fromkeys(("ScriptFunction", "ScriptModule", "fork", "wait"), "minitorch.jit"),
    "Future": "minitorch.futures",
    "TypedStorage": "minitorch.storage",
    "to_dlpack": "minitorch.utils.dlpack",
    **dict.fromkeys(
        (f"{name}_window" for name in ("bartlett", "blackman", "hamming", "hann", "kaiser")),
        "minitorch.signal.windows",
    ),
}

# What the modules above list is listed there only. (Type checkers read the imports themselves.)
if _typing.TYPE_CHECKING:
    from minitorch import (
        distributions as distributions,
        nn as nn,
        optim as optim,
        serialization as serialization,
        testing as testing,
        utils as utils,
    )
    from minitorch.serialization import load as load, save as save
else:
    # pytest, where it rewrites the asserts of what comes with a plugin, adds names with an @.
    __all__ = ["__version__", *_later, *(name for name in globals() if name[0].isalpha())]
    __all__ = sorted(set(__all__) - {"factory", "kernels", "missing", "sampling"})

__getattr__ = missing(__name__, _later)


def __dir__() -> list[str]:
    return sorted({*globals(), *_later})


del _kernels, _typing
