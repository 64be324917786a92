"""Automatic differentiation. Where to read what:

`base` what the graph needs of a tensor; `function` one operation, which is a node (`several`: with
several outputs; `rounded`: of bfloat16); `saved` what it keeps for backward; `node_api` what it
shows of itself; `ctx` the form in which users write one; `views` and `copy_slices` changing a view
in place; `layout` the order of memory; `walk` the engine; `engine` the two ways into it;
`interventions` what happens in a walk only if asked for; `observer` being told of it; `fast` what
is written again for speed; `mode` whether to record; `hooks`, `anomaly`; `gradcheck` comparing
gradients with numerical derivatives; `functional` Jacobians and Hessians; `graph` and `variable`
PyTorch's other names for what is here.
"""

from minitorch._missing import missing
from minitorch.autograd import engine, function, functional, graph, mode as grad_mode
from minitorch.autograd.anomaly import detect_anomaly, set_detect_anomaly
from minitorch.autograd.engine import backward, grad
from minitorch.autograd.function import Function
from minitorch.autograd.gradcheck import (
    GradcheckError,
    check_gradient,
    gradcheck,
    gradcheck_module,
    gradcheck_report,
    gradgradcheck,
)
from minitorch.autograd.mode import (
    enable_grad,
    inference_mode,
    is_grad_enabled,
    no_grad,
    set_grad_enabled,
)
from minitorch.autograd.variable import Variable

__all__ = [
    "Function",
    "GradcheckError",
    "Variable",
    "backward",
    "check_gradient",
    "detect_anomaly",
    "enable_grad",
    "engine",
    "function",
    "functional",
    "grad",
    "grad_mode",
    "gradcheck",
    "gradcheck_module",
    "gradcheck_report",
    "gradgradcheck",
    "graph",
    "inference_mode",
    "is_grad_enabled",
    "no_grad",
    "set_detect_anomaly",
    "set_grad_enabled",
]

__getattr__ = missing(__name__)
