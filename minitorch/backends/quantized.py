"""Engines for quantized tensors: none, as there are no such tensors."""

engine = "none"
supported_engines = ["none"]
