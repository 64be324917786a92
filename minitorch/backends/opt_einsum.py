"""The package opt_einsum, which PyTorch's einsum asks for an order: ours does not."""

enabled = False
strategy = None


def is_available() -> bool:
    """False."""
    return False
