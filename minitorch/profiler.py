"""`torch.profiler`'s names: nothing is measured by the library."""

from minitorch._not_covered import any_name

__all__ = ["kineto_available"]


def kineto_available() -> bool:
    """False."""
    return False


__getattr__ = any_name(__name__)
