"""Every row of the table of modules, compared with PyTorch: text, state, results, gradients."""

from __future__ import annotations

import copy
import inspect
import json
import pathlib
import pickle
import warnings
from typing import Any

import numpy as np
import oracle
import pytest
from module_cases import ROWS, Row

import minitorch as mt

SURFACE = json.loads((pathlib.Path(__file__).parents[1] / "data" / "surface.json").read_text())
NAMES = sorted({row.name.removesuffix(".from_pretrained") for row in ROWS})
pytestmark = [
    pytest.mark.filterwarnings("ignore:reduction. 'mean' divides"),
    pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel"),
]
rows = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.text)
TOLERANCES = {"float64": 1e-9, "float32": 1e-5}


def both(row: Row, torch: Any) -> tuple[Any, Any]:
    """The module in both frameworks, constructed from the same seed."""
    made = []
    for m in (mt, torch):
        m.manual_seed(5)
        made.append(row.module(m))
    return made[0], made[1]


def state_of(module: Any) -> dict[str, Any]:
    return {name: value.detach().numpy().copy() for name, value in module.state_dict().items()}


def same_state(ours: Any, theirs: Any, tolerance: float = 0.0) -> None:
    a, b = state_of(ours), state_of(theirs)
    assert list(a) == list(b)
    for name in a:
        assert a[name].dtype == b[name].dtype, name
        np.testing.assert_allclose(a[name], b[name], tolerance, tolerance, err_msg=name)


def stir(ours: Any, theirs: Any, dtype: str, torch: Any) -> None:
    """Other values than the first ones into both, by `load_state_dict`."""
    generator = np.random.default_rng(1)
    ours.to(getattr(mt, dtype))
    theirs.to(getattr(torch, dtype))
    state = {}
    for name, value in state_of(theirs).items():
        if value.dtype.kind == "f":
            value = generator.uniform(0.5, 1.5, value.shape).astype(dtype)
        state[name] = value
    assert str(ours.load_state_dict({k: mt.tensor(v) for k, v in state.items()})).startswith("<All")
    theirs.load_state_dict({k: torch.tensor(v) for k, v in state.items()})


# ---- construction -----------------------------------------------------------------------------


@rows
def test_it_is_constructed_as_pytorchs(torch: Any, row: Row) -> None:
    ours, theirs = both(row, torch)
    assert repr(ours) == repr(theirs)
    same_state(ours, theirs)
    assert ours.state_dict()._metadata == theirs.state_dict()._metadata
    for listing in ("named_parameters", "named_buffers", "named_children"):
        names = [[n for n, _ in getattr(module, listing)()] for module in (ours, theirs)]
        assert names[0] == names[1], listing
    public = [{k: v for k, v in vars(f).items() if k[0] != "_"} for f in (ours, theirs)]
    assert public[0].keys() == public[1].keys()
    for name, value in public[1].items():
        if not callable(value):
            assert public[0][name] == value, name
    grads = [[p.requires_grad for p in module.parameters()] for module in (ours, theirs)]
    assert grads[0] == grads[1]


def test_options_that_only_the_text_shows(torch: Any) -> None:
    for text in (
        "EmbeddingBag(5, 3, 1.0, 3.0, True, padding_idx=2)",
        "Embedding(5, 3, sparse=True)",
        "Embedding(5, 3, 2, 1, 1, 1, 1)",
        "Upsample(scale_factor=0.5, size=None)",
        "Sequential(nn.BatchNorm2d(3), nn.Sequential(nn.GELU()), nn.Dropout())",
    ):
        ours, theirs = (repr(eval(f"nn.{text}", {"nn": m.nn})) for m in (mt, torch))
        assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_it_takes_the_same_arguments(torch: Any, name: str) -> None:
    ours, theirs = (inspect.signature(getattr(m.nn, name)) for m in (mt, torch))
    assert [(p.name, p.default, p.kind) for p in ours.parameters.values()] == [
        (p.name, p.default, p.kind) for p in theirs.parameters.values()
    ]
    forwards = [inspect.signature(getattr(m.nn, name).forward) for m in (mt, torch)]
    assert list(forwards[0].parameters) == list(forwards[1].parameters)


# ---- results ----------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", TOLERANCES)
@rows
def test_it_computes_what_pytorchs_does(torch: Any, row: Row, dtype: str) -> None:
    if row.single and dtype == "float64":
        pytest.skip("PyTorch computes this in float32")
    ours, theirs = both(row, torch)
    stir(ours, theirs, dtype, torch)
    tolerance = TOLERANCES[dtype]
    for training in (True, False):
        results = []
        for m, module in ((mt, ours), (torch, theirs)):
            module.train(training)
            m.manual_seed(3)
            xs = row.inputs(m, dtype)
            results.append((oracle.outputs(row.call(module, *xs)), [*xs, *module.parameters()]))
        (a, xs), (b, zs) = results
        assert len(a) == len(b)
        for one, other in zip(a, b, strict=True):
            oracle.agree(one, other, tolerance)
            assert one.requires_grad == other.requires_grad
        oracle.same_gradients(a, xs, b, zs)
        same_state(ours, theirs, tolerance)


@rows
def test_copies_are_whole_and_apart(row: Row) -> None:
    mt.manual_seed(5)
    module = row.module(mt).to(mt.float64)
    duplicates = [copy.deepcopy(module)]
    if "lambda" not in row.text:
        duplicates.append(pickle.loads(pickle.dumps(module)))
    mt.manual_seed(3)
    expected = oracle.outputs(row.call(module, *row.inputs(mt, "float64", gradients=False)))
    for other in duplicates:
        assert repr(other) == repr(module)
        mt.manual_seed(3)
        found = oracle.outputs(row.call(other, *row.inputs(mt, "float64", gradients=False)))
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
        same_state(other, module)
        for p, q in zip(other.parameters(), module.parameters(), strict=True):
            assert p is not q
            assert isinstance(p, mt.nn.Parameter)
            assert not np.shares_memory(p._array, q._array)


@pytest.mark.slow
@rows
def test_its_gradient_agrees_with_differences(row: Row) -> None:
    if not row.smooth:
        pytest.skip("its gradient is not that of what it computes")
    mt.manual_seed(5)
    module = row.module(mt).to(mt.float64).train(not row.draws)
    xs = row.inputs(mt, "float64")
    learned = [p for p in module.parameters() if p.requires_grad]
    floats = [x for x in xs if x.requires_grad] + learned
    if not floats:
        pytest.skip("nothing to differentiate in")

    def function(*_: Any) -> Any:
        outs = oracle.outputs(row.call(module, *xs))
        return tuple(out for out in outs if out.requires_grad)

    assert mt.autograd.gradcheck(function, floats)


# ---- errors -----------------------------------------------------------------------------------

WRONG = [
    "AdaptiveAvgPool2d()",
    "AdaptiveAvgPool2d((2, 2, 2))(m.ones(1, 1, 4, 4))",
    "AdaptiveMaxPool1d(2)(m.ones(3))",
    "AlphaDropout(-0.1)",
    "AvgPool1d(2, divisor_override=1)",
    "AvgPool2d(4)(m.ones(1, 1, 2, 2))",
    "BCELoss()(m.full((2,), 1.5), m.ones(2))",
    "BCELoss()(m.rand(2), m.ones(3))",
    "BatchNorm1d(3)(m.ones(2, 3, 1, 1))",
    "BatchNorm1d(3)(m.ones(1, 3))",
    "BatchNorm1d(3)(m.ones(2, 4))",
    "BatchNorm2d(3)(m.ones(3, 2, 2))",
    "BatchNorm3d(3)(m.ones(2, 3, 2, 2))",
    "Bilinear(0, 2, 3)",
    "Bilinear(2, 2, 3)(m.ones(4, 2), m.ones(4, 3))",
    "CTCLoss()(m.ones(2, 3), m.ones(2))",
    "ChannelShuffle(3)(m.ones(1, 4, 2, 2))",
    "CircularPad1d(1)(m.ones(2, 3, 4, 4))",
    "CircularPad2d(1)(m.ones(3, 4))",
    "CircularPad2d(5)(m.ones(1, 4, 4))",
    "ConstantPad2d(1)",
    "Conv1d(2, 3, 4)(m.ones(1, 2, 2))",
    "Conv1d(2, 3, 4)(m.ones(1, 3, 8))",
    "Conv2d(0, 3, 1, groups=0)",
    "Conv2d(1, 1, 3, padding='full')",
    "Conv2d(1, 1, 3, padding_mode='zero')",
    "Conv2d(2, 3, 1, groups=2)",
    "Conv2d(3, 2, 1, groups=2)",
    "Conv2d(1, 1, 3, stride=(1, 2), padding='same')",
    "Conv2d(1, 1, 3, padding=4, padding_mode='reflect')(m.ones(1, 1, 4, 4))",
    "ConvTranspose1d(1, 1, 3, padding_mode='reflect')",
    "ConvTranspose2d(1, 1, 3, stride=2)(m.ones(1, 1, 4, 4), output_size=(20, 20))",
    "ConvTranspose2d(1, 1, 3, stride=2)(m.ones(1, 1, 4, 4), output_size=(9,))",
    "ConvTranspose2d(1, 1, 3, stride=2, output_padding=2)(m.ones(1, 1, 4, 4))",
    "CosineEmbeddingLoss()(m.ones(2, 3), m.ones(2, 3), m.ones(2, 3))",
    "CrossEntropyLoss()(m.ones(2, 3), m.tensor([0, 3]))",
    "CrossEntropyLoss(label_smoothing=2.0)(m.ones(2, 3), m.tensor([0, 1]))",
    "Dropout(1.5)",
    "Dropout(m)",
    "Dropout1d()(m.ones(3))",
    "ELU(inplce=True)",
    "Embedding(3, 2)(m.tensor([3]))",
    "Embedding(3, 2)(m.tensor([0.5]))",
    "Embedding(3, 2, padding_idx=3)",
    "Embedding(3, 2, padding_idx=-4)",
    "Embedding(3, 2, _weight=m.ones(2, 3))",
    "Embedding.from_pretrained(m.ones(3))",
    "EmbeddingBag(3, 2, mode='median')(m.tensor([[1]]))",
    "EmbeddingBag(3, 2)(m.tensor([1]))",
    "EmbeddingBag(3, 2, padding_idx=4)",
    "Flatten(2)(m.ones(3))",
    "Fold(4, 2)(m.ones(1, 4, 8))",
    "GELU('cos')(m.ones(1))",
    "GLU()(m.ones(3))",
    "GaussianNLLLoss(True)",
    "GaussianNLLLoss()(m.ones(2), m.ones(2), -m.ones(2))",
    "GroupNorm(2, 3)",
    "GroupNorm(2, 4)(m.ones(2, 6))",
    "Hardtanh(1.0, 1.0)",
    "HuberLoss(delta='1')",
    "HuberLoss(delta=-1.0)(m.ones(2), m.ones(2))",
    "InstanceNorm1d(3, affine=True)(m.ones(2, 4, 5))",
    "InstanceNorm2d(3)(m.ones(2, 4))",
    "InstanceNorm1d(3)(m.ones(2, 3, 1))",
    "KLDivLoss(reduction='avg')(m.ones(2), m.ones(2))",
    "LPPool2d(2, 3)(m.ones(1, 1, 2, 2))",
    "LayerNorm(3)(m.ones(2, 4))",
    "Linear(2, 3)(m.ones(3))",
    "Linear(2)",
    "Linear('2', 3)",
    "LocalResponseNorm(2)(m.ones(3))",
    "MarginRankingLoss()(m.ones(2), m.ones(3), m.ones(2))",
    "MaxPool2d(2, padding=2)(m.ones(1, 1, 4, 4))",
    "MaxUnpool2d(2)(m.ones(1, 1, 1, 1), m.tensor([[[[9]]]]))",
    "MaxUnpool2d(2)(m.ones(1, 1, 1, 1), m.tensor([[[[0]]]]), (9, 9))",
    "MultiLabelMarginLoss()(m.ones(2, 3), m.ones(2, 3))",
    "MultiMarginLoss(p=3)",
    "MultiMarginLoss(weight=m.ones(2, 2))",
    "NLLLoss()(m.ones(2, 3), m.tensor([0]))",
    "PReLU(3)(m.ones(2, 4))",
    "PixelShuffle(2)(m.ones(1, 3, 2, 2))",
    "PixelUnshuffle(2)(m.ones(1, 3, 3, 2))",
    "RMSNorm(3)(m.ones(2, 4))",
    "RReLU(0.5, 0.1)(m.ones(2))",
    "ReLU()(1.0)",
    "ReflectionPad1d(4)(m.ones(1, 1, 3))",
    "ReflectionPad2d(1)(m.ones(3, 3))",
    "ReplicationPad3d(1)(m.ones(3, 3))",
    "SmoothL1Loss(beta=-1.0)(m.ones(2), m.ones(2))",
    "Softmax(3)(m.ones(2))",
    "Softmax2d()(m.ones(2, 3))",
    "Softshrink(-1.0)(m.ones(2))",
    "Threshold(1.0)",
    "TripletMarginLoss(margin=0)",
    "TripletMarginWithDistanceLoss(margin=-1.0)",
    "TripletMarginLoss()(m.ones(2, 3), m.ones(2, 3), m.ones(3))",
    "Unflatten(1, 4)",
    "Unflatten(1, (2, 'a'))",
    "Unflatten(1, (2, 3))(m.ones(2, 5))",
    "Unfold(5)(m.ones(1, 1, 3, 3))",
    "Upsample()(m.ones(1, 1, 2))",
    "Upsample(scale_factor=2, mode='cubic')(m.ones(1, 1, 2))",
    "Upsample(2, 2)(m.ones(1, 1, 2))",
]


# Of these, ours tells otherwise than PyTorch's, each with the reason.
OTHER_TEXTS = {
    "BatchNorm1d(3)(m.ones(2, 4))": "ours says more, and begins with the argument",
    **dict.fromkeys(
        (
            "Conv2d(1, 1, 3, padding=4, padding_mode='reflect')(m.ones(1, 1, 4, 4))",
            "ReflectionPad1d(4)(m.ones(1, 1, 3))",
        ),
        "ours names the size of the dimension that is too small",
    ),
}


@pytest.mark.parametrize("text", WRONG)
def test_what_pytorch_refuses_is_refused(torch: Any, text: str) -> None:
    raised = []
    for m in (mt, torch):
        with pytest.raises(Exception) as caught, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            eval(f"nn.{text}", {"nn": m.nn, "m": m})
        raised.append(caught.value)
    assert isinstance(raised[0], type(raised[1])), raised
    less = oracle.says_less(*raised)
    assert (text in OTHER_TEXTS) == bool(less), less


WARNED = [
    "Hardtanh(min_value=-2.0)",
    "Hardtanh(max_value=2.0)",
    "InstanceNorm1d(3)(m.ones(2, 4, 5))",
    "L1Loss(size_average=False)",
    "L1Loss(reduce=False)",
    "CrossEntropyLoss(size_average=True, reduce=True)",
    "NLLLoss2d()",
    "Softmax()(m.ones(2, 3))",
    "LogSoftmax()(m.ones(2))",
    "Softmin()(m.ones(2, 3, 4))",
    "MSELoss()(m.ones(2), m.ones(2, 1))",
    "Linear(0, 2)",
]


@pytest.mark.parametrize("text", WARNED)
def test_it_warns_as_pytorch_does(torch: Any, text: str) -> None:
    said = []
    for m in (mt, torch):
        with warnings.catch_warnings(record=True) as heard:
            warnings.simplefilter("always")
            made = eval(f"nn.{text}", {"nn": m.nn, "m": m})
        said.append([(w.category, str(w.message)) for w in heard])
        said[-1].append(getattr(made, "reduction", None))
    assert said[0] == said[1]


def test_a_warning_points_to_the_line_of_the_call() -> None:
    module = mt.nn.Softmax()
    with pytest.warns(UserWarning) as heard:
        module(mt.ones(2))
    assert heard[0].filename == __file__


# ---- the whole --------------------------------------------------------------------------------


def test_every_module_of_the_surface_stands_in_the_table() -> None:
    listed = [name for family in SURFACE["modules"].values() for name in family]
    assert len(listed) == len(set(listed))
    elsewhere = {*SURFACE["modules"]["attention"], *SURFACE["modules"]["rnn"]}
    assert set(listed) - set(NAMES) - elsewhere == set()


def test_what_is_not_covered_says_so() -> None:
    for name in ("SyncBatchNorm", "CrossMapLRN2d"):
        assert not isinstance(mt.nn.ReLU(), getattr(mt.nn, name))
        with pytest.raises(NotImplementedError, match=f"torch.nn.{name} is not covered"):
            getattr(mt.nn, name)(3)
    with pytest.raises(NotImplementedError, match="SyncBatchNorm"):
        mt.nn.SyncBatchNorm.convert_sync_batchnorm(mt.nn.ReLU())
    with pytest.raises(AttributeError, match="MaxPool4d is not covered"):
        _ = mt.nn.MaxPool4d


def test_families_are_pytorchs(torch: Any) -> None:
    for name in NAMES:
        ours, theirs = (
            {base.__name__ for base in getattr(m.nn, name).__mro__ if base.__name__ in NAMES}
            for m in (mt, torch)
        )
        assert ours == theirs, name
    assert issubclass(mt.nn.BatchNorm2d, mt.nn.modules.batchnorm._BatchNorm)
    assert issubclass(mt.nn.ConvTranspose1d, mt.nn.modules.conv._ConvNd)


def test_files_are_named_as_pytorchs(torch: Any) -> None:
    for name in NAMES:
        ours, theirs = (getattr(m.nn, name).__module__ for m in (mt, torch))
        assert ours.removeprefix("mini") == theirs
