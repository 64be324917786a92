"""What the tests share: PyTorch as the oracle, and a browser, where they are installed."""

from __future__ import annotations

from typing import Any

import pytest
from browser import browser, visit

__all__ = ["browser", "torch", "visit"]

pytest_plugins = ["pytester"]  # for tests of the pytest plugin: it runs pytest


@pytest.fixture(scope="session")
def torch() -> Any:
    return pytest.importorskip("torch", reason="the parity tests need: pip install torch==2.13.0")
