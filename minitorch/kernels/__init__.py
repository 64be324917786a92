"""Arithmetic on NumPy arrays, below the graph: ndarrays in, ndarrays out."""
