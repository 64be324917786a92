"""Addresses, tensor types, Python's types as dtypes, and sizes that are none, against PyTorch."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

CALLS = """
m.randn(*()) .shape
m.zeros(*()).shape
m.ones(*()).shape
m.empty(*()).shape
m.rand(*()).shape
m.zeros(()).shape
m.zeros().shape
m.zeros(size=()).shape
m.randn().shape
m.zeros([]).shape
m.empty(0).data_ptr()
m.zeros(0,3).data_ptr()
(lambda x: x.data_ptr()==x.detach().data_ptr()==x.data.data_ptr()==x[:1].data_ptr())(m.zeros(2,3))
(lambda x: x.data_ptr()==x.view(-1).data_ptr()==x.t().data_ptr())(m.zeros(2,3))
(lambda x: x.data_ptr()==x.untyped_storage().data_ptr())(m.zeros(2,3))
(lambda x: x[1:].data_ptr()-x.data_ptr())(m.zeros(2,3))
(lambda x: x[1:].untyped_storage().data_ptr()-x.data_ptr())(m.zeros(2,3))
(lambda x: x[:, 1:].data_ptr()-x.data_ptr())(m.zeros(2,3))
(lambda x: x.storage().data_ptr()==x.data_ptr())(m.zeros(2,3))
(lambda x: x.clone().data_ptr()==x.data_ptr())(m.zeros(2,3))
(lambda x: x.contiguous().data_ptr()==x.data_ptr())(m.zeros(2,3))
(lambda x: x.numpy().__array_interface__["data"][0]==x.data_ptr())(m.zeros(2,3))
(lambda x: m.from_numpy(x).data_ptr()==x.__array_interface__["data"][0])(np.zeros(3))
(lambda x: x.data_ptr()==x.bfloat16().data_ptr())(m.zeros(3))
(lambda x: x.flip(0).data_ptr()==x.data_ptr())(m.zeros(3))
(lambda x: x.expand(4,3).data_ptr()==x.data_ptr())(m.zeros(3))
(lambda x: x[3:].data_ptr())(m.zeros(3))
(lambda x: x[:0].data_ptr())(m.zeros(3))
(lambda x: x.requires_grad_().data_ptr()==m.nn.Parameter(x).data_ptr())(m.zeros(3))
m.zeros(2).type()
m.zeros(2).type(m.Tensor).dtype
m.zeros(2).double().type(m.Tensor).dtype
m.zeros(2).type(m.FloatTensor).dtype
m.zeros(2).type("torch.DoubleTensor").dtype
m.zeros(2).type(m.int64).type()
m.zeros(2).bfloat16().type()
m.zeros(2).bool().type()
m.zeros(2).half().type()
m.zeros(2).type("torch.Tensor")
m.zeros(2).type("float32")
m.zeros(2).type(float).dtype
m.zeros(2).type(3)
m.zeros(2).type(dtype=m.int32).dtype
m.zeros(2,dtype=float).dtype
m.ones(2,dtype=int).dtype
m.empty(2,dtype=bool).dtype
m.full((2,),1,dtype=float).dtype
m.tensor([1],dtype=float).dtype
m.arange(3,dtype=float).dtype
m.linspace(0,1,3,dtype=float).dtype
m.eye(2,dtype=int).dtype
m.rand(2,dtype=float).dtype
m.randn(2,dtype=float).dtype
m.randint(3,(2,),dtype=float).dtype
m.randperm(3,dtype=int).dtype
m.zeros_like(m.zeros(2),dtype=int).dtype
m.full_like(m.zeros(2),1,dtype=bool).dtype
m.rand_like(m.zeros(2),dtype=float).dtype
m.zeros(2).sum(dtype=float).dtype
m.zeros(2).mean(dtype=float).dtype
m.zeros(2).prod(dtype=int).dtype
m.zeros(2).cumsum(0,dtype=float).dtype
m.zeros(2).softmax(0,dtype=float).dtype
m.zeros(2).log_softmax(0,dtype=float).dtype
m.nn.functional.softmax(m.zeros(2),0,dtype=float).dtype
m.nansum(m.zeros(2),dtype=float).dtype
m.norm(m.zeros(2),dtype=float).dtype
m.linalg.vector_norm(m.zeros(2),dtype=float).dtype
m.linalg.norm(m.zeros(2),dtype=float).dtype
m.zeros(2).to(float).dtype
m.zeros(2).to(int).dtype
m.zeros(2).to(dtype=bool).dtype
m.zeros(2).new_zeros(2,dtype=float).dtype
m.zeros(2).new_tensor([1],dtype=int).dtype
m.zeros(2).new_full((2,),1,dtype=int).dtype
m.as_tensor([1],dtype=float).dtype
m.asarray([1],dtype=float).dtype
m.frombuffer(bytearray(8),dtype=float).dtype
m.scalar_tensor(3,dtype=float).dtype
m.nn.Linear(2,2,dtype=float).weight.dtype
m.nn.Linear(2,2).to(float).weight.dtype
m.nn.Linear(2,2).type(float).weight.dtype
m.empty_strided((2,),(1,),dtype=float).dtype
m.logspace(0,1,3,dtype=float).dtype
m.tril_indices(2,2,dtype=int).dtype
m.can_cast(float,int)
m.result_type(m.zeros(2),1)
m.promote_types(float,int)
m.finfo(float)
m.iinfo(int)
m.fill(m.zeros(2),3)
m.fill(m.zeros(2),m.tensor(3))
m.zero_(m.ones(2))
m.fill(m.zeros(2,dtype=m.int64),1.5)
m.fill(m.zeros(2,requires_grad=True),3.).requires_grad
m.zeros(3).gather(0,m.tensor([0,1],dtype=m.uint8))
m.zeros(3).gather(0,m.tensor([0,1],dtype=m.int32))
m.zeros(3).index_select(0,m.tensor([0,1],dtype=m.uint8))
m.zeros(3).take(m.tensor([0,1],dtype=m.uint8))
m.zeros(3).scatter(0,m.tensor([0,1],dtype=m.uint8),1.)
m.zeros(3).scatter(0,m.tensor([0,1],dtype=m.int32),1.)
m.zeros(3).scatter_add(0,m.tensor([0,1],dtype=m.int32),m.ones(2))
m.zeros(3).index_add(0,m.tensor([0,1],dtype=m.uint8),m.ones(2))
m.zeros(3)[m.tensor([0,1,1],dtype=m.uint8)]
m.zeros(3)[m.tensor([0,1,1],dtype=m.int32)]
m.nn.functional.embedding(m.tensor([0,1],dtype=m.uint8),m.ones(3,2))
"""


@pytest.mark.parametrize("call", CALLS.strip().splitlines())
@pytest.mark.filterwarnings("ignore")
def test_as_in_pytorch(call: str) -> None:
    def shown(m: Any) -> str:
        try:
            return repr(eval(call, {"m": m, "np": np})).replace("minitorch", "torch")
        except Exception as error:
            return type(error).__name__

    assert shown(minitorch) == shown(the_torch())


def test_a_storage_counts_its_bytes() -> None:
    for size in (10, 1000):
        storage = minitorch.zeros(size).untyped_storage()
        empty = minitorch.zeros(0).untyped_storage()
        assert sys.getsizeof(storage) - sys.getsizeof(empty) == 4 * size


def test_bfloat16_that_cannot_be_checked_is_refused() -> None:
    x = minitorch.ones(2, 4, dtype=minitorch.bfloat16, requires_grad=True)
    w = minitorch.ones(2, 4, dtype=minitorch.bfloat16)
    linear, check = minitorch.nn.functional.linear, minitorch.autograd.gradcheck
    with pytest.raises(ValueError, match="too few digits"):
        check(lambda x: linear(x, w), (x,))
    assert check(lambda x: linear(x, w.to(x.dtype)), (x,))
