"""Trees of lists, tuples and dicts: taken apart into their leaves, and put together again.

>>> leaves, spec = tree_flatten({"a": 1, "b": [2, (3, None)]})
>>> leaves, tree_unflatten([x and 10 * x for x in leaves], spec)
([1, 2, 3, None], {'a': 10, 'b': [20, (30, None)]})
"""

from __future__ import annotations

import types
from collections import OrderedDict, defaultdict, deque, namedtuple
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from minitorch._missing import missing

PyTree = Any
Context = Any
IsLeaf = Callable[[Any], bool] | None


@dataclass(frozen=True)
class SequenceKey:
    """A step to an element by its number."""

    idx: int

    def __str__(self) -> str:
        return f"[{self.idx!r}]"

    def get(self, sequence: Any) -> Any:
        return sequence[self.idx]


@dataclass(frozen=True)
class MappingKey:
    """A step to a value by its key."""

    key: Any

    def __str__(self) -> str:
        return f"[{self.key!r}]"

    def get(self, mapping: Any) -> Any:
        return mapping[self.key]


@dataclass(frozen=True)
class GetAttrKey:
    """A step to an attribute."""

    name: str

    def __str__(self) -> str:
        return f".{self.name}"

    def get(self, obj: Any) -> Any:
        return getattr(obj, self.name)


KeyEntry = SequenceKey | MappingKey | GetAttrKey
KeyPath = tuple[Any, ...]


class NodeDef(NamedTuple):
    """The ways to take nodes of one type apart and to make them."""

    type: Any
    flatten_fn: Callable[[Any], tuple[list[Any], Any]]
    unflatten_fn: Callable[[Any, Any], Any]
    flatten_with_keys_fn: Callable[[Any], tuple[list[tuple[Any, Any]], Any]] | None


def _by_number(flatten: Callable[[Any], tuple[list[Any], Any]]) -> Callable[[Any], Any]:
    def with_keys(tree: Any) -> Any:
        children, context = flatten(tree)
        return [(SequenceKey(i), child) for i, child in enumerate(children)], context

    return with_keys


def _by_key(tree: Any) -> tuple[list[tuple[Any, Any]], Any]:
    return [(MappingKey(k), v) for k, v in tree.items()], list(tree)


def _namedtuple_with_keys(tree: Any) -> tuple[list[tuple[Any, Any]], Any]:
    return [(GetAttrKey(name), getattr(tree, name)) for name in tree._fields], type(tree)


SUPPORTED_NODES: dict[Any, NodeDef] = {}


def register_pytree_node(
    cls: Any,
    flatten_fn: Callable[[Any], tuple[list[Any], Any]],
    unflatten_fn: Callable[[Any, Any], Any],
    *,
    serialized_type_name: str | None = None,
    to_dumpable_context: Any = None,
    from_dumpable_context: Any = None,
    flatten_with_keys_fn: Any = None,
) -> None:
    """Let `cls` be a node of trees.

    Args:
        cls: the type.
        flatten_fn: gives a node's children, and what else is needed to make it again.
        unflatten_fn: makes a node of children and of that.
        flatten_with_keys_fn: as `flatten_fn`, each child with the step that leads to it.
        serialized_type_name, to_dumpable_context, from_dumpable_context: for PyTorch's files.

    Raises:
        ValueError: if it is one already.
    """
    if cls in SUPPORTED_NODES:
        raise ValueError(f"{cls} is already registered as pytree node.")
    SUPPORTED_NODES[cls] = NodeDef(cls, flatten_fn, unflatten_fn, flatten_with_keys_fn)


_register_pytree_node = _private_register_pytree_node = register_pytree_node


def _deregister_pytree_node(cls: Any) -> None:
    del SUPPORTED_NODES[cls]


def register_dataclass(
    cls: Any,
    *,
    field_names: list[str] | None = None,
    drop_field_names: list[str] | None = None,
    serialized_type_name: str | None = None,
) -> None:
    """Let a dataclass be a node, whose children are its fields."""
    names = field_names or [f.name for f in cls.__dataclass_fields__.values() if f.init]
    names = [name for name in names if name not in (drop_field_names or ())]

    def flatten_with_keys(tree: Any) -> Any:
        return [(GetAttrKey(name), getattr(tree, name)) for name in names], names

    register_pytree_node(
        cls,
        lambda tree: ([getattr(tree, name) for name in names], names),
        lambda children, context: cls(**dict(zip(context, children, strict=True))),
        flatten_with_keys_fn=flatten_with_keys,
    )


def register_constant(cls: Any) -> None:
    """Let values of `cls` be part of the tree's form, and no leaves."""
    register_pytree_node(
        cls, lambda x: ([], x), lambda _, x: x, flatten_with_keys_fn=lambda x: ([], x)
    )


def _sequence(cls: Any) -> None:
    def flatten(tree: Any) -> tuple[list[Any], Any]:
        return list(tree), None

    register_pytree_node(
        cls, flatten, lambda children, _: cls(children), flatten_with_keys_fn=_by_number(flatten)
    )


def _mapping(cls: Any) -> None:
    register_pytree_node(
        cls,
        lambda tree: (list(tree.values()), list(tree)),
        lambda children, keys: cls(zip(keys, children, strict=True)),
        flatten_with_keys_fn=_by_key,
    )


_sequence(list)
_sequence(tuple)
_mapping(dict)
_mapping(OrderedDict)
register_pytree_node(
    namedtuple,  # which stands for every class that it makes
    lambda tree: (list(tree), type(tree)),
    lambda children, cls: cls(*children),
    flatten_with_keys_fn=_namedtuple_with_keys,
)
register_pytree_node(
    defaultdict,
    lambda tree: (list(tree.values()), [tree.default_factory, list(tree)]),
    lambda children, made: defaultdict(made[0], zip(made[1], children, strict=True)),
    flatten_with_keys_fn=lambda tree: (_by_key(tree)[0], [tree.default_factory, list(tree)]),
)
register_pytree_node(
    deque,
    lambda tree: (list(tree), tree.maxlen),
    lambda children, maxlen: deque(children, maxlen=maxlen),
    flatten_with_keys_fn=lambda tree: (
        [(SequenceKey(i), x) for i, x in enumerate(tree)],
        tree.maxlen,
    ),
)
# PyTorch's names of these ways, which libraries give to types of their own.
_, _list_flatten, _list_unflatten, _list_flatten_with_keys = SUPPORTED_NODES[list]
_, _tuple_flatten, _tuple_unflatten, _tuple_flatten_with_keys = SUPPORTED_NODES[tuple]
_, _dict_flatten, _dict_unflatten, _dict_flatten_with_keys = SUPPORTED_NODES[dict]
_, _ordereddict_flatten, _ordereddict_unflatten, _ordereddict_flatten_with_keys = SUPPORTED_NODES[
    OrderedDict
]
_, _namedtuple_flatten, _namedtuple_unflatten, _namedtuple_flatten_with_keys = SUPPORTED_NODES[
    namedtuple
]
_, _defaultdict_flatten, _defaultdict_unflatten, _defaultdict_flatten_with_keys = SUPPORTED_NODES[
    defaultdict
]
_, _deque_flatten, _deque_unflatten, _deque_flatten_with_keys = SUPPORTED_NODES[deque]
_odict_flatten, _odict_unflatten = _ordereddict_flatten, _ordereddict_unflatten
DICTS = frozenset({dict, OrderedDict, defaultdict})
BUILTIN_TYPES = frozenset({tuple, list, dict, namedtuple, OrderedDict, defaultdict, deque})


def is_namedtuple_class(cls: Any) -> bool:
    """Whether it is a class that `namedtuple` or `NamedTuple` made, or a subclass of one."""
    fields = getattr(cls, "_fields", None)
    return isinstance(cls, type) and issubclass(cls, tuple) and isinstance(fields, tuple)


def is_namedtuple(obj: Any) -> bool:
    """Whether it is a named tuple or the class of one."""
    return is_namedtuple_class(obj if isinstance(obj, type) else type(obj))


def is_namedtuple_instance(obj: Any) -> bool:
    """Whether it is a named tuple."""
    return is_namedtuple_class(type(obj))


_is_namedtuple_instance = is_namedtuple_instance


def is_structseq_class(cls: Any) -> bool:
    """Whether it is a class of named tuples that is written in C, as `time.struct_time` is."""
    numbers = ("n_fields", "n_sequence_fields", "n_unnamed_fields")
    return (
        isinstance(cls, type)
        and cls.__bases__ == (tuple,)
        and all(isinstance(getattr(cls, number, None), int) for number in numbers)
    )


def is_structseq_instance(obj: Any) -> bool:
    """Whether it is a tuple of such a class."""
    return is_structseq_class(type(obj))


def is_structseq(obj: Any) -> bool:
    """Whether it is such a tuple or the class of one."""
    return is_structseq_class(obj if isinstance(obj, type) else type(obj))


def _get_node_type(tree: Any) -> Any:
    kind = type(tree)
    return namedtuple if kind not in SUPPORTED_NODES and is_namedtuple_class(kind) else kind


def _alike(kind: Any, other: Any) -> bool:
    """Whether two types of nodes fit each other: dicts of all kinds do."""
    return kind is other or (kind in DICTS and other in DICTS)


def tree_is_leaf(tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Whether it is no node, or `is_leaf` says that it is a leaf."""
    return (is_leaf is not None and is_leaf(tree)) or _get_node_type(tree) not in SUPPORTED_NODES


_is_leaf = tree_is_leaf


@dataclass(init=True, frozen=True, eq=True, repr=False)
class TreeSpec:
    """The form of a tree: its root's type, what else is needed to make it, its children's forms.

    Args:
        type: of the root; None for a leaf.
        context: what `flatten_fn` gave beside the children.
        children_specs: a form a child.
    """

    type: Any
    context: Any = None
    children_specs: list[TreeSpec] = field(default_factory=list)

    @property
    def num_nodes(self) -> int:
        """The number of nodes and leaves."""
        return 1 + sum(spec.num_nodes for spec in self.children_specs)

    @property
    def num_leaves(self) -> int:
        """The number of leaves."""
        return 1 if self.type is None else sum(spec.num_leaves for spec in self.children_specs)

    @property
    def num_children(self) -> int:
        """The number of the root's children."""
        return len(self.children_specs)

    def __hash__(self) -> int:
        return hash((self.type, tuple(self.children_specs)))

    def children(self) -> list[TreeSpec]:
        """A form a child."""
        return list(self.children_specs)

    def child(self, index: int) -> TreeSpec:
        """The form of one child."""
        return self.children_specs[index]

    def entries(self) -> list[Any]:
        """The steps to the children: keys, names or numbers."""
        if self.type is defaultdict:
            return list(self.context[1])
        return list(self.context) if self.type in DICTS else list(range(self.num_children))

    def is_leaf(self) -> bool:
        """Whether it is the form of a leaf."""
        return self.type is None

    def flatten_up_to(self, tree: Any) -> list[Any]:
        """Take `tree` apart as far as this form goes.

        Raises:
            ValueError: if it has another form.
        """
        if self.type is None:
            return [tree]
        if not _alike(kind := _get_node_type(tree), self.type):
            raise ValueError(f"Type mismatch; expected {self.type!r}, but got {kind!r}.")
        children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
        if kind in DICTS and set(tree) == set(self.entries()):
            children = [tree[key] for key in self.entries()]
        elif context != self.context:
            raise ValueError(f"Node context mismatch; expected {self.context}, but got {context}.")
        if len(children) != self.num_children:
            raise ValueError(
                f"Node arity mismatch; expected {self.num_children}, but got {len(children)}."
            )
        pairs = zip(self.children_specs, children, strict=True)
        return [leaf for spec, child in pairs for leaf in spec.flatten_up_to(child)]

    def unflatten(self, leaves: Any) -> Any:
        """Make a tree of this form.

        Raises:
            ValueError: if there are more or fewer leaves.
        """
        leaves = list(leaves)
        if len(leaves) != self.num_leaves:
            raise ValueError(
                f"treespec.unflatten(leaves): `leaves` has length {len(leaves)} but the spec "
                f"refers to a pytree that holds {self.num_leaves} items ({self})."
            )
        return self._made(iter(leaves))

    def _made(self, leaves: Iterator[Any]) -> Any:
        if self.type is None:
            return next(leaves)
        children = [spec._made(leaves) for spec in self.children_specs]
        return SUPPORTED_NODES[self.type].unflatten_fn(children, self.context)

    def __repr__(self) -> str:
        if self.type is None:
            return "*"
        inner = ", ".join(map(repr, self.children_specs))
        return f"TreeSpec({self.type.__name__}, {self.context}, [{inner}])"


class LeafSpec(TreeSpec):
    """The form of a leaf."""

    def __init__(self) -> None:
        super().__init__(None)


_LEAF_SPEC = LeafSpec()
PyTreeSpec = TreeSpec


def treespec_leaf() -> TreeSpec:
    """Return the form of a leaf."""
    return _LEAF_SPEC


def treespec_tuple(iterable: Any = (), /) -> TreeSpec:
    """Return the form of a tuple of trees of these forms."""
    return TreeSpec(tuple, None, list(iterable))


def treespec_dict(mapping: Any = (), /, **kwargs: Any) -> TreeSpec:
    """Return the form of a dict of trees of these forms."""
    specs = dict(mapping, **kwargs)
    return TreeSpec(dict, list(specs), list(specs.values()))


def tree_flatten_with_path(
    tree: Any, is_leaf: IsLeaf = None
) -> tuple[list[tuple[KeyPath, Any]], TreeSpec]:
    """Take a tree apart: its leaves, each with the steps that lead to it, and its form."""
    return list(_paths((), tree, is_leaf)), tree_structure(tree, is_leaf)


def _paths(path: KeyPath, tree: Any, is_leaf: IsLeaf) -> Iterator[tuple[KeyPath, Any]]:
    if tree_is_leaf(tree, is_leaf):
        yield path, tree
        return
    with_keys = SUPPORTED_NODES[kind := _get_node_type(tree)].flatten_with_keys_fn
    if with_keys is None:
        raise ValueError(f"Did not find a flatten_with_keys_fn for type: {kind}.")
    for key, child in with_keys(tree)[0]:
        yield from _paths((*path, key), child, is_leaf)


def tree_flatten(tree: Any, is_leaf: IsLeaf = None) -> tuple[list[Any], TreeSpec]:
    """Take a tree apart: its leaves, and its form."""
    leaves: list[Any] = []

    def visit(tree: Any) -> TreeSpec:
        if tree_is_leaf(tree, is_leaf):
            leaves.append(tree)
            return _LEAF_SPEC
        kind = _get_node_type(tree)
        children, context = SUPPORTED_NODES[kind].flatten_fn(tree)
        return TreeSpec(kind, context, [visit(child) for child in children])

    return leaves, visit(tree)


def tree_unflatten(leaves: Any, treespec: TreeSpec) -> Any:
    """Make a tree of its leaves and its form.

    Raises:
        TypeError: if `treespec` is no form.
        ValueError: if there are more or fewer leaves than it has.
    """
    if not isinstance(treespec, TreeSpec):
        raise TypeError(
            "Expected `treespec` to be an instance of PyTreeSpec but got item of type "
            f"{type(treespec)}."
        )
    return treespec.unflatten(leaves)


def tree_iter(tree: Any, is_leaf: IsLeaf = None) -> Iterator[Any]:
    """Go through the leaves."""
    yield from tree_leaves(tree, is_leaf)


def tree_leaves(tree: Any, is_leaf: IsLeaf = None) -> list[Any]:
    """List the leaves."""
    return tree_flatten(tree, is_leaf)[0]


def tree_leaves_with_path(tree: Any, is_leaf: IsLeaf = None) -> list[tuple[KeyPath, Any]]:
    """List the leaves, each with the steps that lead to it."""
    return tree_flatten_with_path(tree, is_leaf)[0]


def tree_structure(tree: Any, is_leaf: IsLeaf = None) -> TreeSpec:
    """Return the form of a tree."""
    return tree_flatten(tree, is_leaf)[1]


def arg_tree_leaves(*args: Any, **kwargs: Any) -> list[Any]:
    """List the leaves of a call's arguments."""
    return tree_leaves((args, kwargs))


def tree_map(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """Make a tree of what `func` gives for each leaf, with those of `rests` in the same place."""
    leaves, spec = tree_flatten(tree, is_leaf)
    return spec.unflatten(map(func, leaves, *[spec.flatten_up_to(rest) for rest in rests]))


def tree_map_(func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None) -> Any:
    """Call `func` for each leaf, and return the tree as it is."""
    tree_map(func, tree, *rests, is_leaf=is_leaf)
    return tree


def tree_map_with_path(
    func: Callable[..., Any], tree: Any, *rests: Any, is_leaf: IsLeaf = None
) -> Any:
    """Make a tree of what ``func(path, leaf)`` gives."""
    found, spec = tree_flatten_with_path(tree, is_leaf)
    columns = zip(*found, strict=True) if found else ((), ())
    return spec.unflatten(map(func, *columns, *[spec.flatten_up_to(rest) for rest in rests]))


def map_only(
    type_or_types_or_pred: Any, /
) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Return a decorator: the function is called for values of these types, others stay."""
    wanted = type_or_types_or_pred
    if isinstance(wanted, (type, tuple, types.UnionType)):
        chosen: Callable[[Any], bool] = lambda x: isinstance(x, wanted)  # noqa: E731
    elif callable(wanted):
        chosen = wanted
    else:
        raise TypeError("Argument must be a type, a tuple of types, or a callable.")

    def decorate(func: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: func(x) if chosen(x) else x

    return decorate


def tree_map_only(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf = None
) -> Any:
    """Make a tree in which `func` has changed the leaves of these types."""
    return tree_map(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_map_only_(
    type_or_types_or_pred: Any, /, func: Callable[[Any], Any], tree: Any, is_leaf: IsLeaf = None
) -> Any:
    """Call `func` for the leaves of these types, and return the tree as it is."""
    return tree_map_(map_only(type_or_types_or_pred)(func), tree, is_leaf=is_leaf)


def tree_all(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Whether `pred` is true of every leaf."""
    return all(map(pred, tree_leaves(tree, is_leaf)))


def tree_any(pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None) -> bool:
    """Whether `pred` is true of some leaf."""
    return any(map(pred, tree_leaves(tree, is_leaf)))


def tree_all_only(
    type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None
) -> bool:
    """Whether `pred` is true of every leaf of these types."""
    return all(pred(x) for x in tree_leaves(tree, is_leaf) if isinstance(x, type_or_types))


def tree_any_only(
    type_or_types: Any, /, pred: Callable[[Any], bool], tree: Any, is_leaf: IsLeaf = None
) -> bool:
    """Whether `pred` is true of some leaf of these types."""
    return any(pred(x) for x in tree_leaves(tree, is_leaf) if isinstance(x, type_or_types))


def _broadcast_to_and_flatten(tree: Any, treespec: TreeSpec, is_leaf: IsLeaf = None) -> Any:
    """The leaves of `tree`, each for all that `treespec` has in its place; None if it differs."""
    leaves, spec = tree_flatten(tree, is_leaf)
    try:
        parts = spec.flatten_up_to(treespec.unflatten([0] * treespec.num_leaves))
    except ValueError:
        return None
    pairs = zip(leaves, parts, strict=True)
    return [leaf for leaf, part in pairs for _ in tree_leaves(part, is_leaf)]


def keystr(kp: KeyPath) -> str:
    """Write the steps as one does in Python.

    >>> keystr((MappingKey("a"), SequenceKey(0)))
    "['a'][0]"
    """
    return "".join(map(str, kp))


def key_get(obj: Any, kp: KeyPath) -> Any:
    """Go the steps `kp` from `obj`."""
    for step in kp:
        obj = step.get(obj)
    return obj


__getattr__ = missing(__name__)
