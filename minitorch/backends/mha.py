"""A faster path of attention in PyTorch: here there is one path."""


def get_fastpath_enabled() -> bool:
    """False."""
    return False


def set_fastpath_enabled(value: bool) -> None:
    """Do nothing."""
