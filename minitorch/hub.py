"""Weights that others publish. Code is not fetched: a program clones or installs what it runs."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from urllib.request import Request, urlopen

from minitorch._missing import missing
from minitorch._not_covered import refused
from minitorch.serialization import load as _load

try:
    from tqdm import tqdm
except ModuleNotFoundError:

    class tqdm:  # type: ignore[no-redef]
        """No bar, where tqdm is not installed."""

        def __init__(self, *args: Any, **kwargs: Any) -> None: ...

        def __enter__(self) -> Any:
            return self

        def __exit__(self, *exc_info: object) -> None: ...

        def update(self, n: int) -> None:
            """Show nothing."""


__all__ = [
    "download_url_to_file",
    "get_dir",
    "help",
    "list",
    "load",
    "load_state_dict_from_url",
    "set_dir",
]

load, list, help = (refused(f"torch.hub.{name}") for name in ("load", "list", "help"))
HASH_REGEX = re.compile(r"-([a-f0-9]*)\.")
_chosen: dict[str, str] = {}


def _get_torch_home() -> str:
    """The folder for all that PyTorch keeps: $TORCH_HOME, or one in the user's cache."""
    cache = os.environ.get("XDG_CACHE_HOME", "~/.cache")
    return os.path.expanduser(os.environ.get("TORCH_HOME", os.path.join(cache, "torch")))


def get_dir() -> str:
    """Return the folder of what was fetched: that of `set_dir`, or $TORCH_HOME/hub."""
    return _chosen.get("dir") or os.path.join(_get_torch_home(), "hub")


def set_dir(d: str | os.PathLike[str]) -> None:
    """Let what is fetched be kept in the folder `d`."""
    _chosen["dir"] = os.path.expanduser(d)


def download_url_to_file(
    url: str, dst: str, hash_prefix: str | None = None, progress: bool = True
) -> None:
    """Fetch `url` into the file `dst`, which is there whole or not at all.

    Args:
        url: of the file; ``file://`` for one on this machine.
        dst: where to put it.
        hash_prefix: how the SHA-256 of the file begins, in hexadecimal digits.
        progress: whether to show a bar.

    Raises:
        RuntimeError: if the file has another hash.
    """
    target, digest = Path(dst).expanduser(), hashlib.sha256()
    asked = Request(url, headers={"User-Agent": "torch.hub"})
    with (
        urlopen(asked) as source,
        tempfile.NamedTemporaryFile(dir=target.parent, delete=False) as made,
    ):
        try:
            total = int(source.headers.get("Content-Length") or 0) or None
            with tqdm(total=total, disable=not progress, unit="B", unit_scale=True) as bar:
                while part := source.read(1 << 17):
                    made.write(part)
                    digest.update(part)
                    bar.update(len(part))
            made.close()
            if hash_prefix and not digest.hexdigest().startswith(hash_prefix):
                raise RuntimeError(
                    f'invalid hash value (expected "{hash_prefix}", got "{digest.hexdigest()}")'
                )
            shutil.move(made.name, target)
        finally:
            Path(made.name).unlink(missing_ok=True)


def load_state_dict_from_url(
    url: str,
    model_dir: str | None = None,
    map_location: Any = None,
    progress: bool = True,
    check_hash: bool = False,
    file_name: str | None = None,
    weights_only: bool = False,
) -> Any:
    """Load what `torch.save` wrote, from `url`, or from the folder where it is since the last time.

    Args:
        url: of the file.
        model_dir: the folder; by default ``checkpoints`` in `get_dir`.
        map_location: as in `torch.load`.
        progress: whether to show a bar.
        check_hash: whether the file's name says how its SHA-256 begins, ``resnet18-f37072fd.pth``.
        file_name: its name in the folder; by default as in `url`.
        weights_only: as in `torch.load`; False, the default, runs what the file says: only for one
            that is trusted.
    """
    folder = Path(model_dir or os.path.join(get_dir(), "checkpoints"))
    folder.mkdir(parents=True, exist_ok=True)
    file = folder / (file_name or os.path.basename(urlparse(url).path))
    if not file.exists():
        found = HASH_REGEX.search(file.name) if check_hash else None
        print(f'Downloading: "{url}" to {file}', file=sys.stderr)
        download_url_to_file(url, str(file), found[1] if found else None, progress)
    return _load(file, map_location=map_location, weights_only=weights_only)


__getattr__ = missing(__name__)
