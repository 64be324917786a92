"""``torch``, for a Python that has this folder on its path: minitorch, which takes the name."""

from minitorch.torch_alias import install_as_torch

install_as_torch()

import torch as torch  # noqa: E402 - the alias, which the import under way hands out in its place
