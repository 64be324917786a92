"""Vectors of the processor's own width, for loops that a compiler does not find by itself.

A loop over channels and places of a kernel that keeps sums for many outputs is only fast if these
stay in registers. So a block of sums is a value of its own here: a tuple of vectors, made by
`zeros`, changed by `add_outer` and `add_products`, and taken apart by `store` and `add_totals`.
"""

from __future__ import annotations

from typing import Any

import llvmlite.binding as llvm
from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.core.datamodel import PrimitiveModel, register_default
from numba.extending import intrinsic

try:
    WIDE = bool(llvm.get_host_cpu_features().get("avx512f"))
except RuntimeError:  # a system where LLVM does not know
    WIDE = False
BYTES = 64 if WIDE else 32  # of a vector
HIGH = 8 if WIDE else 4  # rows of a block of sums, two vectors each, for which registers suffice


def lanes(dtype: Any) -> int:
    """Count the numbers that a vector has."""
    return BYTES // dtype.itemsize


class Vector(types.Type):
    """Numba's type of a vector of floats."""

    def __init__(self, dtype: Any) -> None:
        self.dtype, self.lanes = dtype, BYTES * 8 // dtype.bitwidth
        super().__init__(name=f"Vector({dtype}, {self.lanes})")


@register_default(Vector)
class _VectorModel(PrimitiveModel):
    def __init__(self, dmm: Any, fe_type: Vector) -> None:
        scalar = ir.FloatType() if fe_type.dtype == types.float32 else ir.DoubleType()
        super().__init__(dmm, fe_type, ir.VectorType(scalar, fe_type.lanes))


def _pointer(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    # The address of an element.
    assert kind.ndim == 1 and kind.layout == "C", f"a flat array without gaps, not {kind}"
    data = context.make_array(kind)(context, builder, array).data
    return builder.gep(data, [index])


def _load(context: Any, builder: Any, kind: Any, array: Any, index: Any) -> Any:
    # The vector that begins at an element.
    vector = context.get_value_type(Vector(kind.dtype))
    pointer = _pointer(context, builder, kind, array, index)
    pointer = builder.bitcast(pointer, vector.as_pointer())
    return builder.load(pointer, align=kind.dtype.bitwidth // 8)


def _splat(context: Any, builder: Any, kind: Any, number: Any) -> Any:
    # A vector whose elements are all the same number.
    vector = context.get_value_type(Vector(kind))
    one = builder.insert_element(ir.Constant(vector, ir.Undefined), number, ir.IntType(32)(0))
    every = ir.Constant(ir.VectorType(ir.IntType(32), vector.count), [0] * vector.count)
    return builder.shuffle_vector(one, ir.Constant(vector, ir.Undefined), every)


def _fma(builder: Any, a: Any, b: Any, c: Any) -> Any:
    name = f"llvm.fma.v{a.type.count}{'f32' if a.type.element == ir.FloatType() else 'f64'}"
    function = cgutils.get_or_insert_function(
        builder.module, ir.FunctionType(a.type, [a.type] * 3), name
    )
    return builder.call(function, [a, b, c])


def _unpack(builder: Any, block: Any, count: int) -> list[Any]:
    return [builder.extract_value(block, i) for i in range(count)]


@intrinsic(prefer_literal=True)
def rows_of(typingctx: Any, array: Any, index: Any, rows: Any) -> Any:
    """Make a block of sums, two vectors a row, each row of which starts as array[index + row]."""
    count = rows.literal_value
    block = types.UniTuple(Vector(array.dtype), 2 * count)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = []
        for row in range(count):
            at = builder.add(args[1], ir.IntType(64)(row))
            number = builder.load(_pointer(context, builder, array, args[0], at))
            values += [_splat(context, builder, array.dtype, number)] * 2
        return context.make_tuple(builder, block, values)

    return block(array, types.int64, rows), build


@intrinsic(prefer_literal=True)
def add_outer(typingctx: Any, block: Any, rows: Any, x: Any, at: Any, w: Any, place: Any) -> Any:
    """Add to each row of a block w[place + row] times the row of vectors of x from `at` on."""
    high = rows.literal_value
    across = len(block) // high

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = _unpack(builder, args[0], high * across)
        vectors = []
        for column in range(across):
            place = builder.add(args[3], ir.IntType(64)(column * block.dtype.lanes))
            vectors.append(_load(context, builder, x, args[2], place))
        for row in range(high):
            pointer = _pointer(context, builder, w, args[4], args[5])
            pointer = builder.gep(pointer, [ir.IntType(64)(row)])
            weight = _splat(context, builder, w.dtype, builder.load(pointer))
            for column, vector in enumerate(vectors):
                one = row * across + column
                values[one] = _fma(builder, vector, weight, values[one])
        return context.make_tuple(builder, block, values)

    return block(block, rows, x, types.int64, w, types.int64), build


@intrinsic(prefer_literal=True)
def store(typingctx: Any, block: Any, rows: Any, y: Any, at: Any, apart: Any) -> Any:
    """Write a block's rows to y: the first at `at`, the others `apart` from each other."""
    high = rows.literal_value
    across = len(block) // high

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = _unpack(builder, args[0], len(block))
        at = args[3]
        for row in range(high):
            for column in range(across):
                place = builder.add(at, ir.IntType(64)(column * block.dtype.lanes))
                pointer = _pointer(context, builder, y, args[2], place)
                vector = values[row * across + column]
                pointer = builder.bitcast(pointer, vector.type.as_pointer())
                builder.store(vector, pointer, align=y.dtype.bitwidth // 8)
            at = builder.add(at, args[4])
        return context.get_dummy_value()

    return types.none(block, rows, y, types.int64, types.int64), build


@intrinsic
def move(typingctx: Any, y: Any, to: Any, x: Any, at: Any) -> Any:
    """Copy the vector of x that begins at `at` to y, from `to` on."""

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = _load(context, builder, x, args[2], args[3])
        pointer = _pointer(context, builder, y, args[0], args[1])
        pointer = builder.bitcast(pointer, vector.type.as_pointer())
        builder.store(vector, pointer, align=y.dtype.bitwidth // 8)
        return context.get_dummy_value()

    return types.none(y, types.int64, x, types.int64), build


@intrinsic(prefer_literal=True)
def nothing(typingctx: Any, like: Any, count: Any) -> Any:
    """Make a block of `count` sums, all zero, for numbers of an array's dtype."""
    block = types.UniTuple(Vector(like.dtype), count.literal_value)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        vector = context.get_value_type(Vector(like.dtype))
        zero = ir.Constant(vector, [0.0] * vector.count)
        return context.make_tuple(builder, block, [zero] * len(block))

    return block(like, count), build


@intrinsic
def add_products(
    typingctx: Any, block: Any, g: Any, at: Any, apart: Any, x: Any, base: Any, places: Any
) -> Any:
    """Add to each sum of a block, (row, column), the vector of g at ``at + row * apart`` times that
    of x at ``base + places[column]``.
    """
    columns = len(places)

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        values = _unpack(builder, args[0], len(block))
        starts = _unpack(builder, args[6], columns)
        xs = [_load(context, builder, x, args[4], builder.add(args[5], p)) for p in starts]
        place = args[2]
        for row in range(len(block) // columns):
            a = _load(context, builder, g, args[1], place)
            for column in range(columns):
                one = row * columns + column
                values[one] = _fma(builder, a, xs[column], values[one])
            place = builder.add(place, args[3])
        return context.make_tuple(builder, block, values)

    return block(block, g, types.int64, types.int64, x, types.int64, places), build


@intrinsic(prefer_literal=True)
def add_totals(typingctx: Any, block: Any, y: Any, at: Any, apart: Any, columns: Any) -> Any:
    """Add the total of each sum (row, column) of a block to y[at + row * apart + column]."""
    width = columns.literal_value

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        at = args[2]
        for one, vector in enumerate(_unpack(builder, args[0], len(block))):
            scalar = vector.type.element
            short = "f32" if scalar == ir.FloatType() else "f64"
            name = f"llvm.vector.reduce.fadd.v{vector.type.count}{short}"
            kind = ir.FunctionType(scalar, [scalar, vector.type])
            reduce = cgutils.get_or_insert_function(builder.module, kind, name)
            total = builder.call(reduce, [scalar(0.0), vector], fastmath=("reassoc",))
            place = builder.add(at, ir.IntType(64)(one % width))
            pointer = _pointer(context, builder, y, args[1], place)
            builder.store(builder.fadd(builder.load(pointer), total), pointer)
            if one % width == width - 1:
                at = builder.add(at, args[3])
        return context.get_dummy_value()

    return types.none(block, y, types.int64, types.int64, columns), build


@intrinsic(prefer_literal=True)
def transpose_tile(
    typingctx: Any, y: Any, to: Any, apart: Any, x: Any, at: Any, between: Any, side: Any
) -> Any:
    """Copy a square tile: x's rows, `between` apart from `at` on, are y's columns.

    Of arrays of any strides; places and distances are counted in numbers from the first one.
    """
    size = side.literal_value

    def build(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        def address(kind: Any, array: Any, place: Any) -> Any:
            data = context.make_array(kind)(context, builder, array).data
            return builder.bitcast(builder.gep(data, [place]), vector.as_pointer())

        vector = ir.VectorType(context.get_value_type(x.dtype), size)
        rows, place = [], args[4]
        for _ in range(size):
            rows.append(builder.load(address(x, args[3], place), align=x.dtype.bitwidth // 8))
            place = builder.add(place, args[5])
        # Blocks off the diagonal change places, of 1 by 1 first, then of 2 by 2, and so on.
        step = 1
        while step < size:
            lanes = range(size)
            # Of two rows, a's lanes are 0 to size - 1 and b's the following.
            upper = [k + size - step if k & step else k for k in lanes]
            lower = [k + size if k & step else k + step for k in lanes]
            masks = [ir.Constant(ir.VectorType(ir.IntType(32), size), m) for m in (upper, lower)]
            for row in (r for r in range(size) if not r & step):
                a, b = rows[row], rows[row + step]
                rows[row] = builder.shuffle_vector(a, b, masks[0])
                rows[row + step] = builder.shuffle_vector(a, b, masks[1])
            step *= 2
        place = args[1]
        for row in rows:
            builder.store(row, address(y, args[0], place), align=x.dtype.bitwidth // 8)
            place = builder.add(place, args[2])
        return context.get_dummy_value()

    given = y, types.int64, types.int64, x, types.int64, types.int64, side
    return types.none(*given), build
