"""Versions, where PyTorch programs look for them."""

__version__ = "0.1.0"
cuda = hip = xpu = None
debug = False
