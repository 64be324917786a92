"""Versions, where PyTorch programs look for them."""

__version__ = "0.2.0"
TORCH = "2.13.0+cpu"  # whose surface this is, as `torch.__version__` gives it under the alias
cuda = hip = rocm = xpu = git_version = None
debug = False
