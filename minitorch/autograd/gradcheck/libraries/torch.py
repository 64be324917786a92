"""PyTorch: its tensors share memory with the checker's arrays, strides and all."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from minitorch.autograd.gradcheck.bridge import (
    FEW,
    Bridge,
    ForeignCall,
    Library,
    NoSecondOrder,
    Pullback,
    written,
)
from minitorch.autograd.gradcheck.libraries import torch_contracts
from minitorch.autograd.gradcheck.libraries.torch_calls import calls_behind, nodes_behind
from minitorch.autograd.gradcheck.numeric import Array

BITS = {torch.float32: 24, torch.complex64: 24, torch.float16: 11, torch.bfloat16: 8}
COMPLEX = {np.dtype(np.float64): np.complex128, np.dtype(np.float32): np.complex64}


class Torch(Library):
    """Tensors on the CPU; complex numbers are pairs in a last dimension of their own."""

    name, imports, shares_memory = "torch", "import torch", True

    def is_floating(self, value: Any) -> bool:
        dense = isinstance(value, torch.Tensor) and value.layout is torch.strided and value.is_cpu
        return bool(dense and (value.is_floating_point() or value.is_complex()))

    def requires_grad(self, value: Any) -> bool:
        return bool(value.requires_grad)

    def bits(self, tensor: Any) -> int:
        return BITS.get(tensor.dtype, 53)

    def tensors_in(self, result: Any) -> list[Any]:
        if isinstance(result, torch.Tensor):
            return [result]
        leaves = torch.utils._pytree.tree_leaves(result)
        return [leaf for leaf in leaves if isinstance(leaf, torch.Tensor)]

    def refuse(self, place: str, value: Any) -> None:
        if not isinstance(value, torch.Tensor):
            return
        if value.device.type != "cpu":
            raise ValueError(
                f"gradcheck: {place} is on {value.device}, and the checker computes on the CPU: "
                "move it, and what the function closes over, with .cpu()"
            )
        if torch.is_inference_mode_enabled():
            raise ValueError("gradcheck: within torch.inference_mode() there are no gradients")
        kind = "nested" if value.is_nested else value.dtype
        tiny = value.is_floating_point() and value.itemsize == 1  # float8, which NumPy has not
        if tiny or value.is_nested or value.is_quantized or value.dtype is torch.complex32:
            raise ValueError(f"gradcheck: {place} is {kind}, which cannot be checked: convert it")
        if value.layout is not torch.strided:
            raise ValueError(
                f"gradcheck: {place} has layout {value.layout}, and only dense tensors can be "
                "checked: call .to_dense() on it"
            )

    def wrap(self, array: Array, like: Any, wanted: bool = False) -> Any:
        if like.is_complex():
            array = array if array.strides[-1] == array.itemsize else np.ascontiguousarray(array)
            array = array.view(COMPLEX[array.dtype])[..., 0]
        repeated = [step == 0 and n > 1 for step, n in zip(array.strides, array.shape, strict=True)]
        once = array
        if any(repeated):
            once = array[tuple(slice(0, 1) if again else slice(None) for again in repeated)]
        if not once.flags.writeable or any(step < 0 for step in once.strides):
            once = once.copy()
        tensor = torch.from_numpy(once)
        tensor = tensor.expand(array.shape) if any(repeated) else tensor
        if like.dtype is torch.bfloat16 and tensor.dtype is torch.float32:
            tensor = tensor.to(torch.bfloat16)
        return tensor.requires_grad_() if wanted else tensor

    def unwrap(self, tensor: Any) -> Array:
        tensor = tensor.detach()
        if tensor.dtype is torch.bfloat16:
            tensor = tensor.float()
        array: Array = tensor.numpy(force=True)  # of conjugates and the like a copy
        if tensor.is_complex():
            pairs = array.real.dtype
            return (
                array[..., None].view(pairs) if array.size else np.zeros((*array.shape, 2), pairs)
            )
        return array

    def value(self, func: Callable[..., Any], inputs: Sequence[Any]) -> list[Any]:
        with torch.enable_grad():
            return self.outputs_in(func(*inputs))

    def vjp(
        self,
        func: Callable[..., Any],
        inputs: Sequence[Any],
        wanted: Sequence[int],
        create_graph: bool = False,
    ) -> tuple[list[Any], list[bool], Pullback]:
        made, leaves = self.value(func, inputs), [inputs[i] for i in wanted]
        # Such a node has no edges, so that PyTorch does not run it, and gives None.
        second = getattr(func, "gives_gradients", False)
        barred = second and any(type(node).__name__ == "Error" for node in nodes_behind(made))

        def pullback(cotangents: Sequence[Any]) -> Sequence[Any]:
            pairs = zip(made, cotangents, strict=True)
            given = [(out, c) for out, c in pairs if c is not None and out.requires_grad]
            if not given:
                return [None for _ in leaves]
            outputs, seeds = zip(*given, strict=True)
            if barred:
                raise NoSecondOrder("a backward is marked with @once_differentiable")
            asked = seeds, True, create_graph
            try:
                return torch.autograd.grad(outputs, leaves, *asked, allow_unused=True)
            except RuntimeError as error:  # NotImplementedError, too, is one
                if second and _is_missing(error):
                    raise NoSecondOrder(str(error).rstrip(".")) from error
                raise

        return made, [out.requires_grad for out in made], pullback

    def jvp(
        self, func: Callable[..., Any], inputs: Sequence[Any], tangents: Sequence[Any]
    ) -> list[Any]:
        from torch.autograd import forward_ad

        with forward_ad.dual_level():
            pairs = zip(inputs, tangents, strict=True)
            duals = [x if t is None else forward_ad.make_dual(x, t) for x, t in pairs]
            made = [forward_ad.unpack_dual(out) for out in self.value(func, duals)]
            return [torch.zeros_like(p) if t is None else t for p, t in made]

    def gradient(self, func: Callable[..., Any], wanted: Sequence[int], count: int) -> Any:
        def gradient(*args: Any) -> tuple[Any, ...]:
            _, _, pullback = self.vjp(func, args[:count], wanted, create_graph=True)
            pairs = zip(pullback(args[count:]), wanted, strict=True)
            return tuple(torch.zeros_like(args[i]) if g is None else g for g, i in pairs)

        gradient.gives_gradients = True  # type: ignore[attr-defined]
        return gradient

    def module(self, model: Any, inputs: Any, loss: Any) -> tuple[Bridge, list[str]]:
        from torch.func import functional_call

        given = tuple(inputs) if isinstance(inputs, (tuple, list)) else (inputs,)
        parts = {**dict(model.named_parameters()), **dict(model.named_buffers())}
        count = len(parts)

        def run(*args: Any) -> Any:
            state = {  # a copy of what forward may change, such as running statistics
                name: value if name in trained else value.clone()
                for name, value in zip(parts, args[:count], strict=True)
            }
            with torch._C.DisableTorchFunction():  # copies, so that forward may change them, too
                fresh = [x.clone() if isinstance(x, torch.Tensor) else x for x in args[count:]]
            out = functional_call(model, state, tuple(fresh))
            return out if loss is None else loss(out)

        trained = {name for name, _ in model.named_parameters()}
        values = [part.detach().requires_grad_(part.requires_grad) for part in parts.values()]
        values += [x.detach().requires_grad_() if self.is_floating(x) else x for x in given]
        names = [f"parameter {name}" for name in parts]
        names += [f"input {i}" for i in range(len(given))]
        for name, value in zip(names, values, strict=True):
            self.refuse(name, value)
        return Bridge(self, run, values, type(model).__name__), names

    def calls(self, bridge: Bridge, inputs: Sequence[Any]) -> list[ForeignCall]:
        return calls_behind(self, bridge, inputs)

    def breaches(
        self, bridge: Bridge, inputs: Sequence[Any], vmapped: tuple[bool, bool]
    ) -> Iterator[tuple[str, str]]:
        return torch_contracts.breaches(bridge, inputs, vmapped)

    def source(self, value: Any) -> str:
        rest = f"dtype={value.dtype}" + (", requires_grad=True" if value.requires_grad else "")
        if value.numel() > FEW:
            return f"...  # {list(value.shape)}, {rest}"
        numbers = written(self.unwrap(value)) if value.is_floating_point() else value.tolist()
        return f"torch.tensor({numbers}, {rest})"


def _is_missing(error: RuntimeError) -> bool:
    """Whether PyTorch says that it has no derivative of one of its own operations."""
    return bool(re.match(r"(the )?derivative for .* is not implemented", str(error)))


LIBRARY = Torch()
