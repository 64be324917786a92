"""PyTorch's backends: what of them is here (nothing), and flags that a program may set freely."""

from minitorch.backends import cuda, cudnn, mkl, mps, openmp

__all__ = ["cuda", "cudnn", "mkl", "mps", "openmp"]
