"""PyTorch's backends: what of them is here (nothing), and flags that a program may set freely."""

from contextlib import AbstractContextManager, nullcontext

from minitorch._missing import missing
from minitorch.backends import cpu, cuda, cudnn, mkl, mps, openmp

__all__ = ["cpu", "cuda", "cudnn", "mkl", "mps", "openmp"]


def __allow_nonbracketed_mutation() -> AbstractContextManager[None]:
    """Return a context manager that changes nothing: flags may be set at any time."""
    return nullcontext()


_later = ["cusparselt", "kleidiai", "mha", "miopen", "mkldnn", "nnpack", "opt_einsum", "quantized"]
__getattr__ = missing(__name__, {name: f"{__name__}.{name}" for name in _later})
