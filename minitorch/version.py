"""Versions, where PyTorch programs look for them."""

__version__ = "0.2.0"
cuda = hip = xpu = None
debug = False
