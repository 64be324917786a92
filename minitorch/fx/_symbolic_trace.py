"""Where libraries ask whether they are being traced: they are not."""

from minitorch.fx import Tracer as Tracer, symbolic_trace as symbolic_trace, wrap as wrap


def is_fx_tracing() -> bool:
    """False."""
    return False


is_fx_symbolic_tracing = is_fx_tracing
