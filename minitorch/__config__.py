"""Text on how minitorch was built: on NumPy."""

from minitorch._config import config_text as show

__all__ = ["parallel_info", "show"]

parallel_info = show
