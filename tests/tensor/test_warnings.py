"""PyTorch's warnings: of the same kind, in the same first words, at the user's line."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch

# Programs of m: the module; F: its functions; CP: its checkpoints.
PROGRAMS = r"""
F.softmax(m.zeros(2,2))
F.log_softmax(m.zeros(2,2))
F.softmin(m.zeros(2,2))
m.nn.Softmax()(m.zeros(2,2))
F.mse_loss(m.zeros(2,1),m.zeros(2))
F.l1_loss(m.zeros(2,1),m.zeros(2))
F.smooth_l1_loss(m.zeros(2,1),m.zeros(2))
F.huber_loss(m.zeros(2,1),m.zeros(2))
(m.zeros(2,requires_grad=True)*2).grad
m.tensor(m.zeros(2))
m.zeros(2).new_tensor(m.zeros(2))
m.zeros(2,2,2).T
m.zeros(2).T
m.zeros(()).mT
m.zeros(()).H
m.meshgrid(m.zeros(2),m.zeros(3))
m.zeros(1).std()
m.zeros(1).var()
m.std_mean(m.zeros(1))
m.var(m.zeros(3),correction=5)
m.nn.init.kaiming_uniform_(m.zeros(0,2))
m.nn.Linear(0,2)
m.nn.LSTM(2,2,num_layers=1,dropout=.5)
m.nn.GRU(2,2,dropout=.5)
F.dropout2d(m.zeros(2,2))
F.dropout2d(m.zeros(2,2,2))
F.dropout3d(m.zeros(2,2))
F.kl_div(m.zeros(2,2),m.zeros(2,2))
F.mse_loss(m.zeros(2),m.zeros(2),size_average=False)
F.mse_loss(m.zeros(2),m.zeros(2),reduce=False)
m.nn.MSELoss(size_average=True)
m.nn.CrossEntropyLoss(reduce=False)
F.cross_entropy(m.zeros(2,3),m.tensor([0,1]),size_average=False)
F.upsample(m.zeros(1,1,2,2),scale_factor=2)
F.upsample_nearest(m.zeros(1,1,2,2),scale_factor=2)
F.upsample_bilinear(m.zeros(1,1,2,2),scale_factor=2)
a=np.zeros(2); a.flags.writeable=False; m.from_numpy(a)
a=np.zeros(2); a.flags.writeable=False; m.as_tensor(a)
m.frombuffer(b"12345678",dtype=m.float32)
m.range(0,3)
m.nn.utils.weight_norm(m.nn.Linear(2,2))
m.nn.utils.clip_grad_norm(m.nn.Linear(2,2).parameters(),1.)
m.searchsorted(m.arange(6.)[::2],m.arange(8.).reshape(2,4).t())
m.bucketize(m.arange(8.).reshape(2,4).t(),m.arange(3.))
m.zeros(3)[m.tensor([0,1,1],dtype=m.uint8)]
m.where(m.tensor([0,1,1],dtype=m.uint8),m.zeros(3),m.ones(3))
m.nn.TransformerEncoder(m.nn.TransformerEncoderLayer(4,1),1)
m.nn.TransformerEncoder(m.nn.TransformerEncoderLayer(4,2,batch_first=True,norm_first=True),1)
m.nn.Transformer(4,2,1,1,4)
F.grid_sample(m.zeros(1,1,2,2),m.zeros(1,2,2,2))
F.affine_grid(m.zeros(1,2,3),(1,1,2,2))
F.affine_grid(m.zeros(1,2,3),(1,1,1,1),align_corners=True)
x=m.zeros(2,requires_grad=True); CP.checkpoint(lambda x:x*2,x).sum().backward()
CP.checkpoint(lambda x:x*2,m.zeros(2),use_reentrant=True)
CP.checkpoint_sequential(m.nn.Sequential(m.nn.ReLU(),m.nn.ReLU()),2,m.zeros(2,requires_grad=True))
m.cuda.amp.GradScaler()
m.amp.GradScaler("cuda")
m.cuda.amp.autocast()
m.cpu.amp.autocast()
m.autocast("cpu",dtype=m.float64).__enter__().__exit__(None,None,None)
m.autocast("cuda").__enter__().__exit__(None,None,None)
m.set_default_tensor_type(m.FloatTensor)
m.chain_matmul(m.eye(2),m.eye(2))
m.cross(m.zeros(3,3),m.zeros(3,3))
m.zeros(2).storage()
m.nn.MultiLabelMarginLoss(size_average=False)
m.nn.NLLLoss2d()
F.gumbel_softmax(m.zeros(2),eps=1e-5)
m.nn.Hardtanh(min_value=-1)
F.binary_cross_entropy_with_logits(m.zeros(2),m.zeros(2),reduce=False)
F.nll_loss(m.zeros(2,3),m.tensor([0,1]),reduce=True)
F.cosine_embedding_loss(m.zeros(2,2),m.zeros(2,2),m.ones(2),size_average=True)
F.triplet_margin_loss(m.zeros(2,2),m.zeros(2,2),m.zeros(2,2),size_average=True)
p=m.zeros(2,requires_grad=True); o=m.optim.SGD([p,p],lr=.1)
m.nn.utils.clip_grad_norm_((p for p in []),1.)
m.add(m.ones(2),1,out=m.empty(3))
m.nn.init.uniform(m.zeros(2))
m.nn.init.xavier_normal(m.zeros(2,2))
m.nn.init.normal(m.zeros(2))
m.nn.init.kaiming_normal(m.zeros(2,2))
m.nn.init.trunc_normal_(m.zeros(2),mean=9.)
m.nn.InstanceNorm1d(2)(m.zeros(2,3,4))
m.nn.InstanceNorm1d(2,affine=False)(m.zeros(3,4))
m.nn.utils.remove_weight_norm(m.nn.utils.weight_norm(m.nn.Linear(2,2)))
m.distributions.Normal(m.tensor([0.]),m.tensor([1.])).sample_n(2)
m.nn.LogSoftmax()(m.zeros(2,2))
m.nn.Softmin()(m.zeros(2,2))
m.nn.KLDivLoss()(m.zeros(2,2),m.zeros(2,2))
m.ones(3).scatter(0,m.tensor([0]),m.ones(1),reduce='multiply')
m.testing.assert_allclose(m.ones(2),m.ones(2))
m.testing.make_tensor((2,),dtype=m.float32,device='cpu',low=m.nan if False else 0,high=0)
m.optim.swa_utils.SWALR(m.optim.SGD([m.zeros(1,requires_grad=True)],lr=.1),.1).step()
"""


def said(m: Any, program: str) -> set[tuple[str, str, bool]]:
    """The kind and first words of each warning, and whether it shows the program's own line."""
    checkpoints = importlib.import_module(f"{m.__name__}.utils.checkpoint")
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        code = compile(program, "a program", "exec")
        exec(code, {"m": m, "np": np, "F": m.nn.functional, "CP": checkpoints})
    return {
        (w.category.__name__, " ".join(str(w.message).split()[:3]), w.filename == "a program")
        for w in caught
    }


@pytest.mark.parametrize("program", PROGRAMS.strip().splitlines())
def test_warns_as_pytorch_does(program: str) -> None:
    torch = the_torch()
    before = torch.is_warn_always_enabled()
    torch.set_warn_always(True)
    torch.storage._set_always_warn_typed_storage_removal(True)  # it counts for itself
    try:
        theirs = said(torch, program)
    finally:
        torch.set_warn_always(before)
        torch.storage._set_always_warn_typed_storage_removal(False)
    ours = said(minitorch, program)
    assert theirs
    assert {w[:2] for w in ours} == {w[:2] for w in theirs}
    assert {w[:2] for w in ours if w[2]} >= {w[:2] for w in theirs if w[2]}
