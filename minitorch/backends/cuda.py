"""CUDA: not built."""


def is_built() -> bool:
    """False."""
    return False
