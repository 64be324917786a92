"""The reference: a page for each theme, written from what the package has and from its docstrings.

Nothing is listed by hand but the themes (`PAGES`). Every public name of every public module is
looked up; the module in which its value is defined says on which page it stands, and that module's
docstring is the heading there. A name whose module has no page stops the build.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
import reprlib
import types
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import minitorch
from minitorch import Tensor

FOLDER = Path(__file__).parent.parent / "api"

# Public modules. The first that has a value gives it its name; the others are told as "also". Last
# come, by themselves, the values that only another module's `__all__` names.
NAMESPACES = [
    "minitorch",
    "minitorch.nn.functional",
    "minitorch.linalg",
    "minitorch.special",
    "minitorch.nn",
    "minitorch.nn.init",
    "minitorch.nn.parameter",
    "minitorch.nn.utils",
    "minitorch.nn.utils.rnn",
    "minitorch.nn.modules",
    "minitorch.nn.modules.module",
    "minitorch.autograd",
    "minitorch.autograd.functional",
    "minitorch.autograd.graph",
    "minitorch.autograd.engine",
    "minitorch.autograd.gradcheck",
    "minitorch.ops",
    "minitorch.optim",
    "minitorch.optim.lr_scheduler",
    "minitorch.optim.swa_utils",
    "minitorch.utils",
    "minitorch.utils.data",
    "minitorch.utils.dlpack",
    "minitorch.distributions",
    "minitorch.distributions.constraints",
    "minitorch.distributions.transforms",
    "minitorch.random",
    "minitorch.serialization",
    "minitorch.signal.windows",
    "minitorch.safetensors",
    "minitorch.sklearn",
    "minitorch.testing",
    "minitorch.return_types",
    "minitorch.amp",
    "minitorch.accelerator",
    "minitorch.backends",
    "minitorch.backends.cuda",
    "minitorch.backends.cudnn",
    "minitorch.backends.mkl",
    "minitorch.backends.mps",
    "minitorch.backends.openmp",
    "minitorch.cpu",
    "minitorch.cuda",
    "minitorch.mps",
    "minitorch.xpu",
    "minitorch.version",
    "minitorch.viz",
    "minitorch.viz.layers",
    "minitorch.viz.pictures",
]


@dataclass
class Page:
    """One page: what is defined in these modules (without ``minitorch.``, and all below them)."""

    slug: str
    title: str
    modules: str
    entries: dict[str, list[Entry]] = field(default_factory=dict)  # by defining module


PAGES = [
    Page("tensor", "Tensor", "_tensor autograd.base _tensor_types _storage"),
    Page("creation", "Making tensors", "factory sampling signal"),
    Page(
        "dtypes",
        "Types, devices, settings",
        "_dtypes _type_info _predicates _symbolic _config _format version",
    ),
    Page(
        "pointwise",
        "Arithmetic and functions of elements",
        "ops.math.arithmetic ops.math.pointwise ops.math.bivariate ops.math.special "
        "ops.math.select ops.math.compare ops.support.cast _in_place",
    ),
    Page(
        "reduction",
        "Reductions, order, statistics",
        "ops.math.reduce ops.math.scan ops.math.sort ops.math.stats ops.math.histogram "
        "ops.math.norms return_types",
    ),
    Page(
        "linalg",
        "Linear algebra",
        "ops.math.linalg ops.math.einsum ops.math.systems ops.math.decompositions "
        "ops.math.orthogonal ops.math.spectral ops.math.lowrank ops.math.matrix_functions linalg "
        "ops.nn.distance",
    ),
    Page(
        "shape",
        "Shape",
        "ops.shape.views ops.shape.concatenate ops.shape.copies ops.shape.strided ops.nn.shuffle",
    ),
    Page(
        "indexing", "Index, gather, scatter", "ops.shape.index ops.shape.scatter ops.nn.embedding"
    ),
    Page("random", "Random numbers", "random ops.math.random"),
    Page(
        "activation",
        "Activations, softmax, dropout",
        "ops.nn.activation ops.nn.softmax ops.nn.dropout ops.nn.aten ops.aten",
    ),
    Page(
        "convolution",
        "Convolution and pooling",
        "ops.nn.conv ops.nn.pool ops.nn.adaptive_pool ops.nn.fractional_pool ops.nn.windows",
    ),
    Page(
        "resampling",
        "Padding and resampling",
        "ops.nn.pad ops.nn.interpolate ops.nn.resample ops.nn.grid",
    ),
    Page("normalisation", "Normalisation", "ops.nn.normalization"),
    Page("losses", "Losses", "ops.losses"),
    Page(
        "sequences",
        "Recurrence and attention",
        "ops.nn.recurrent ops.nn.attention ops.nn.multihead",
    ),
    Page(
        "modules",
        "Module",
        "nn.modules.module nn.modules.container nn.parameter nn.modules._global_hooks",
    ),
    Page("layers", "Layers", "nn.modules"),
    Page(
        "nn",
        "Initialisation and utilities",
        "nn nn.init nn.utils nn.functional nn.grad nn.parallel",
    ),
    Page("autograd", "Autograd", "autograd"),
    Page("gradcheck", "Checking gradients", "autograd.gradcheck"),
    Page("optim", "Optimizers", "optim"),
    Page("lr_scheduler", "Learning-rate schedules", "optim.lr_scheduler"),
    Page("data", "Data", "utils"),
    Page("distributions", "Distributions", "distributions"),
    Page("files", "Files", "serialization safetensors"),
    Page("testing", "For tests", "testing"),
    Page("sklearn", "For scikit-learn", "sklearn"),
    Page("viz", "Seeing inside", "viz"),
    Page("devices", "Devices and precision", "amp accelerator backends cpu cuda mps xpu"),
    Page(
        "libraries",
        "Names that libraries look for",
        "nn.common_types _C _checks _deprecated _foreach _not_covered compiler distributed "
        "functional futures fx hub jit library multiprocessing nn.attention "
        "nn.attention.flex_attention onnx overrides profiler storage torch_alias torch_version "
        "types",
    ),
]


@dataclass
class Entry:
    """A public value, and all the names that it goes by."""

    value: Any
    module: str  # where it is defined
    names: list[str]

    @property
    def name(self) -> str:
        """The name that it is documented under: the first that is its own."""
        own = getattr(self.value, "__name__", "")
        return next((n for n in self.names if n.rpartition(".")[2] == own), self.names[0])


def collect() -> list[Entry]:
    """Return every public value with its names, in the order of the namespaces."""
    entries: dict[int, Entry] = {}
    for namespace in [*NAMESPACES, *others()]:
        module = importlib.import_module(namespace)
        for name in public_names(module):
            value = getattr(module, name)
            if isinstance(value, types.ModuleType):
                continue
            if namespace not in NAMESPACES and id(value) in entries:
                continue  # listed where it is defined, and known by the names it is used under
            home = getattr(value, "__module__", None) if callable(value) else None
            home = None if home == "typing" else home  # of an alias for annotations
            entry = Entry(value, home or defined_in(type(value), module), [])
            # Two constants may be one object (None): only what is ours has one entry.
            key = id(value) if home else id(entry)
            entries.setdefault(key, entry).names.append(f"{namespace}.{name}")
    return list(entries.values())


def others() -> Iterator[str]:
    """Yield the public modules that are not among the namespaces and have an ``__all__``."""
    for info in pkgutil.walk_packages(minitorch.__path__, "minitorch."):
        # Adapters import their library, and nobody calls them by name.
        private = any(part[0] == "_" or part == "libraries" for part in info.name.split(".")[1:])
        if not private and info.name not in NAMESPACES:
            try:
                module = importlib.import_module(info.name)
            except ImportError:
                continue  # it needs an extra that is not installed
            if hasattr(module, "__all__"):
                yield info.name


def public_names(module: types.ModuleType) -> list[str]:
    """Return a module's ``__all__``, or what it defines itself under names without underscore."""
    if hasattr(module, "__all__"):
        return list(module.__all__)
    return [
        name
        for name, value in vars(module).items()
        if not name.startswith("_") and getattr(value, "__module__", None) == module.__name__
    ]


def defined_in(kind: type, module: types.ModuleType) -> str:
    """Return where a constant belongs: to its type, if that is ours, or to the module it is in."""
    return kind.__module__ if kind.__module__.startswith("minitorch") else module.__name__


def page_of(module: str, pages: list[Page]) -> Page:
    """Return the page on which a module's names stand: the one that names most of it."""
    name = module.removeprefix("minitorch.")
    fits = [
        (len(own), page.slug, page)
        for page in pages
        for own in page.modules.split()
        if name == own or name.startswith(own + ".")
    ]
    if not fits:
        raise LookupError(f"{module} is on no page of the reference: add it to PAGES in {__file__}")
    return max(fits)[2]


def write() -> None:
    """Write the pages, and remove those of an earlier build that are gone."""
    FOLDER.mkdir(exist_ok=True)
    entries = collect()
    SHARED.update({id(entry.value): entry for entry in entries if methods(entry.value)})
    pages = place(entries)
    texts = {f"{page.slug}.rst": "\n".join(render(page)) for page in pages}
    texts["index.rst"] = "\n".join(overview(pages))
    texts["names.rst"] = "\n".join(by_module(entries))
    for old in FOLDER.glob("*.rst"):
        if old.name not in texts:
            old.unlink()
    for name, text in texts.items():
        file = FOLDER / name
        if not file.exists() or file.read_text(encoding="utf-8") != text:
            file.write_text(text, encoding="utf-8")


def place(entries: list[Entry]) -> list[Page]:
    """Return the pages that have something to say, with their entries."""
    pages = [Page(page.slug, page.title, page.modules) for page in PAGES]
    for entry in entries:
        if entry.name in CONSTANTS:
            entry.module = "minitorch._dtypes"
        page_of(entry.module, pages).entries.setdefault(entry.module, []).append(entry)
    return [page for page in pages if page.entries]


def overview(pages: list[Page]) -> Iterator[str]:
    """Yield the lines of the reference's first page."""
    yield from heading("Reference", "=")
    count = sum(
        len(entry.names) for page in pages for found in page.entries.values() for entry in found
    )
    yield (
        f"The {count} public names, by theme. Names, signatures and defaults are PyTorch's; an "
        "entry says in a line what is computed, then shapes, ranges and errors. ``[source]`` shows "
        "an operation's value and gradient side by side. What is not covered is refused by name."
    )
    yield from ("", ".. toctree::", "   :maxdepth: 1", "")
    yield from (f"   {slug}" for slug in ["names", *(page.slug for page in pages)])
    yield ""


def by_module(entries: list[Entry]) -> Iterator[str]:
    """Yield the lines of the page that has all names, by the module they are taken from."""
    yield from heading("All names, by module", "=")
    modules: dict[str, list[tuple[str, Entry]]] = {}
    for entry in entries:
        for full in entry.names:
            module, _, name = full.rpartition(".")
            modules.setdefault(module, []).append((name, entry))
    for module, found in modules.items():
        yield from heading(f"``{module}``", "-")
        links = (
            f":py:obj:`{name} <{entry.name}>`" if callable(entry.value) else f"``{name}``"
            for name, entry in sorted(found, key=lambda pair: pair[0].lower())
        )
        yield from (", ".join(links), "")


def render(page: Page) -> Iterator[str]:
    """Yield the lines of a page."""
    yield from heading(page.title, "=")
    order = [f"minitorch.{module}" for module in page.modules.split()]
    homes = sorted(
        page.entries,
        key=lambda home: (max(i for i, own in enumerate(order) if home.startswith(own)), home),
    )
    for home in homes:
        first = (inspect.getdoc(importlib.import_module(home)) or home).partition("\n")[0]
        title, _, more = first.partition(": ")
        if len(homes) > 1:
            yield from heading(title.rstrip("."), "-")
            yield from (more[0].upper() + more[1:], "") if more else ()
        constants = [entry for entry in page.entries[home] if not callable(entry.value)]
        for entry in page.entries[home]:
            if entry not in constants:
                yield from describe(entry)
        if constants:
            yield from table(
                ("name", "value"),
                [(f"``{entry.name}``", f"``{reprlib.repr(entry.value)}``") for entry in constants],
            )


def heading(text: str, line: str) -> Iterator[str]:
    """Yield a title and the line below it."""
    yield from (text, line * len(text), "")


def describe(entry: Entry) -> Iterator[str]:
    """Yield the directive that shows an entry, and the other names that it has."""
    kind = "class" if inspect.isclass(entry.value) else "function"
    yield f".. auto{kind}:: {entry.name}"
    if kind == "class" and issubclass(entry.value, BaseException):
        yield "   :show-inheritance:"
    others = [name for name in [*entry.names, *methods(entry.value)] if name != entry.name]
    if kind == "class":
        yield "   :members:"
    if entry.value is Tensor:
        yield "   :inherited-members: TensorBase"
    if others:
        yield from ("", "   Also: " + ", ".join(f"``{name}``" for name in others))
    yield ""
    if entry.value is Tensor:
        yield from shared_methods()


def shared_methods() -> Iterator[str]:
    """Yield which methods of Tensor are functions, by theme, and which those in place."""
    yield from ("These methods are functions too, and described there:", "")
    themes: dict[str, list[str]] = {}
    for found in SHARED.values():
        themes.setdefault(page_of(found.module, PAGES).title, []).append(found.name)
    for title, names in themes.items():
        links = ", ".join(f":py:func:`~{name}`" for name in sorted(names))
        yield from (f"- {title}: {links}",)
    written = [n for n, v in vars(Tensor).items() if is_written_form(v) and not n.startswith("_")]
    yield from (
        "",
        "And these are functions written into the tensor itself, which is returned:",
        ", ".join(f"``{name}``" for name in sorted(written)) + ".",
        "",
    )


def is_written_form(value: Any) -> bool:
    """Whether a method is the in-place form of a function, and has no more to say."""
    return bool(
        re.match(r"`\w+`, written into the tensor itself", getattr(value, "__doc__", "") or "")
    )


def skip(
    app: Any, what: str, name: str, value: Any, skipped: bool, options: dict[str, Any]
) -> bool | None:
    """Leave out of a class what is described elsewhere, or is scikit-learn's."""
    foreign = not (getattr(value, "__module__", "minitorch") or "minitorch").startswith("minitorch")
    return True if foreign or id(value) in SHARED or is_written_form(value) else None


def methods(value: Any) -> list[str]:
    """Return the names under which a function is a method of Tensor too."""
    return [f"Tensor.{name}" for name in METHODS.get(id(value), [])]


def table(head: tuple[str, ...], rows: list[tuple[str, ...]]) -> Iterator[str]:
    """Yield a table."""
    yield from (".. list-table::", "   :header-rows: 1", "")
    for row in [head, *rows]:
        yield from (
            f"   {'-' if i else '* -'} {cell}".replace("   - ", "     - ")
            for i, cell in enumerate(row)
        )
    yield ""


METHODS: dict[int, list[str]] = {}
for _name, _value in vars(Tensor).items():
    if callable(_value) and not _name.startswith("_"):
        METHODS.setdefault(id(_value), []).append(_name)

SHARED: dict[int, Entry] = {}  # the functions that are methods of Tensor, by identity

_CONSTANTS = "e inf nan newaxis pi has_lapack has_mkl has_openmp has_spectral __version__"
CONSTANTS = {f"minitorch.{name}" for name in _CONSTANTS.split()}


def setup(app: Any) -> dict[str, Any]:
    """Sphinx's way in."""
    write()
    app.connect("autodoc-skip-member", skip)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
