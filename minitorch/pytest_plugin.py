"""The pytest plugin by its name within the package, for ``pytest -p minitorch.pytest_plugin``.

An installed minitorch needs no ``-p``: pytest finds the plugin by itself.
"""

from __future__ import annotations

from typing import Any

import _minitorch_pytest as plugin


def pytest_addoption(parser: Any, pluginmanager: Any) -> None:
    """Register the plugin, if pytest has not found it already."""
    if not pluginmanager.is_registered(plugin):
        pluginmanager.register(plugin, "minitorch")
