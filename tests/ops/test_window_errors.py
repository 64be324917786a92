"""What convolution, pooling and resampling refuse: whatever PyTorch does, with its exceptions."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from oracle import same, says_less

import minitorch
import minitorch.nn.functional as F

pytestmark = pytest.mark.filterwarnings("ignore::UserWarning")


def zeros(*shape: int, dtype: Any = np.float64) -> Any:
    return np.zeros(shape, dtype)


X, W, WT = zeros(2, 2, 5, 6), zeros(3, 2, 2, 2), zeros(2, 3, 2, 2)
INDEX = np.zeros((2, 2, 2, 3), np.int64)

REFUSED: list[tuple[str, tuple[Any, ...], dict[str, Any]]] = [
    # convolution
    ("conv2d", (X, zeros(3, 3, 2, 2)), {}),
    ("conv2d", (X, zeros(3, 2, 2)), {}),
    ("conv2d", (zeros(2, 3), W), {}),
    ("conv2d", (X, W, zeros(2)), {}),
    ("conv2d", (X, W, zeros(3, 1)), {}),
    ("conv2d", (X, W.astype(np.float32)), {}),
    ("conv2d", (X, zeros(3, 2, 7, 2)), {}),
    ("conv2d", (zeros(2, 2, 0, 6), W), {"padding": 1}),
    ("conv2d", (X, zeros(0, 2, 2, 2)), {}),
    ("conv2d", (X, zeros(3, 2, 0, 2)), {}),
    ("conv2d", (X, W), {"stride": 0}),
    ("conv2d", (X, W), {"stride": 1.5}),
    ("conv2d", (X, W), {"stride": (1, 1, 1)}),
    ("conv2d", (X, W), {"padding": -1}),
    ("conv2d", (X, W), {"padding": "full"}),
    ("conv2d", (X, W), {"padding": "same", "stride": 2}),
    ("conv2d", (X, W), {"dilation": 0}),
    ("conv2d", (X, W), {"groups": 0}),
    ("conv2d", (X, W), {"groups": 2}),
    ("conv1d", (X, W), {}),
    ("conv_transpose2d", (X, zeros(3, 2, 2, 2)), {}),
    ("conv_transpose2d", (X, WT), {"output_padding": 1}),
    ("conv_transpose2d", (X, WT), {"output_padding": -1}),
    ("conv_transpose2d", (X, WT), {"padding": 9}),
    ("conv_transpose2d", (X, WT), {"padding": "same"}),
    ("conv_transpose2d", (X, WT), {"groups": 3}),
    ("conv_transpose2d", (X, WT, zeros(2)), {}),
    ("conv_transpose2d", (zeros(2, 2, 0, 6), WT), {}),
    ("conv_transpose2d", (X, zeros(2, 0, 2, 2)), {}),
    ("avg_pool3d", (zeros(1, 2, 1, 3, 3), 2), {"ceil_mode": True}),
    ("avg_pool3d", (zeros(1, 1, 1, 1), 3), {"padding": 1}),
    ("unfold", (X, 9), {}),
    ("unfold", (X, 0), {}),
    ("unfold", (X, 2), {"stride": 0}),
    ("unfold", (X, 2), {"padding": -1}),
    ("unfold", (X, 2), {"dilation": 0}),
    ("unfold", (zeros(2, 0, 5, 6), 2), {}),
    ("unfold", (zeros(2, 2, 5, 6, 7), 2), {}),
    ("fold", (zeros(2, 7, 20), (5, 6), 2), {}),
    ("fold", (zeros(2, 8, 21), (5, 6), 2), {}),
    ("fold", (zeros(2, 2, 8, 20), (5, 6), 2), {}),
    # pooling
    *(
        (f"{kind}_pool{dims}d", (zeros(2, 2, *(5, 6, 7)[:dims]), *args), options)
        for dims in (1, 2, 3)
        for kind in ("max", "avg")
        for args, options in [
            ((0,), {}),
            ((-1,), {}),
            ((9,), {}),
            ((2.0,), {}),
            (((2,) * (dims + 1),), {}),
            (((),), {}),
            ((2, 0), {}),
            ((2, -1), {}),
            ((2,), {"padding": 2}),
            ((2,), {"padding": -1}),
        ]
    ),
    *(
        (f"{kind}_pool{dims}d", (zeros(*shape, *(5, 6, 7)[:dims]), 2), {})
        for dims in (1, 2, 3)
        for kind in ("max", "avg", "adaptive_max")
        for shape in ((2, 0), (0, 0), (1, 1, 1, 1))
    ),
    ("max_pool2d", (X, 2, 1), {"padding": 2, "dilation": 3}),
    ("max_pool2d", (X, 2, 1), {"dilation": 0}),
    ("avg_pool2d", (X, 2), {"divisor_override": 0}),
    ("max_pool2d", (zeros(2, 2, 0, 6), 2), {"padding": 1}),
    ("adaptive_avg_pool1d", (zeros(2, 2, 5), None), {}),
    ("adaptive_avg_pool1d", (zeros(2, 2, 5), (None,)), {}),
    ("adaptive_avg_pool2d", (X, -1), {}),
    ("adaptive_avg_pool2d", (X, (2, 2, 2)), {}),
    ("adaptive_max_pool2d", (X, 2.0), {}),
    ("adaptive_max_pool2d", (X, -1), {}),
    ("adaptive_avg_pool3d", (zeros(2, 0, 5, 6, 7), 2), {}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX, 2), {"output_size": (6, 8)}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX, 2), {"output_size": (6,)}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX.astype(np.int32), 2), {}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX[:1], 2), {}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX + 100, 2), {}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX - 1, 2), {}),
    ("max_unpool2d", (zeros(2, 2, 2, 3), INDEX, 2), {"padding": 9}),
    ("max_unpool2d", (zeros(2, 3), INDEX[0, 0], 2), {}),
    # padding
    ("pad", (X, (1,)), {}),
    ("pad", (X, (1,) * 10), {}),
    ("pad", (X, 1), {}),
    ("pad", (X, (1.0, 1)), {}),
    ("pad", (X, (-4, -3)), {}),
    ("pad", (X, (1, 1), "mirror"), {}),
    ("pad", (X, (1, 1), "reflect"), {}),
    ("pad", (X, (), "reflect"), {}),
    ("pad", (X, (1, 1, 1, 1), "reflect", 1.0), {}),
    ("pad", (X, (6, 0, 0, 0), "reflect"), {}),
    ("pad", (X, (7, 0, 0, 0), "circular"), {}),
    ("pad", (X, (-6, 0, -5, 0), "replicate"), {}),
    ("pad", (X, (-7, 0, 0, 0), "reflect"), {}),
    ("pad", (zeros(2, 0, 5, 6), (1, 1, 1, 1), "replicate"), {}),
    ("pad", (zeros(3, dtype=np.uint8), (1, 1)), {"value": -1}),
    ("pad", (zeros(3, dtype=np.int64), (1, 1)), {"value": float("nan")}),
    ("pad", (zeros(3, dtype=np.float16), (1, 1)), {"value": 1e9}),
    # resampling
    ("interpolate", (X,), {}),
    ("interpolate", (X, 3, 2.0), {}),
    ("interpolate", (X, (3,)), {}),
    ("interpolate", (X, 3.0), {}),
    ("interpolate", (X, 0), {}),
    ("interpolate", (zeros(2, 0, 5, 6), 3), {}),
    ("interpolate", (X, None, (2.0,)), {}),
    ("interpolate", (X, 3), {"mode": "linear"}),
    ("interpolate", (X, 3), {"mode": "trilinear"}),
    ("interpolate", (X, 3), {"mode": "cubic"}),
    ("interpolate", (zeros(2, 3), 3), {}),
    ("interpolate", (X, 3), {"align_corners": True}),
    ("interpolate", (X, 3), {"recompute_scale_factor": True}),
    ("interpolate", (X, 3), {"antialias": True}),
    ("interpolate", (X, 3), {"mode": "lanczos"}),
    ("grid_sample", (X, zeros(2, 3, 3, 2)), {"mode": "cubic"}),
    ("grid_sample", (X, zeros(2, 3, 3, 2)), {"padding_mode": "circular"}),
    ("grid_sample", (X, zeros(2, 3, 3, 3)), {}),
    ("grid_sample", (X, zeros(1, 3, 3, 2)), {}),
    ("grid_sample", (X, zeros(2, 3, 2)), {}),
    ("grid_sample", (X, zeros(2, 3, 3, 2, dtype=np.float32)), {}),
    ("grid_sample", (zeros(2, 2, 0, 6), zeros(2, 3, 3, 2)), {}),
    ("grid_sample", (zeros(2, 2, 3, 3, 3), zeros(2, 3, 3, 3, 3)), {"mode": "bicubic"}),
    ("affine_grid", (zeros(2, 2, 3), (2, 1, 3)), {}),
    ("affine_grid", (zeros(2, 3, 4), (2, 1, 3, 3)), {}),
    ("affine_grid", (zeros(2, 2, 3), (2, 1, 0, 3)), {}),
    ("affine_grid", (zeros(2, 2, 3), (3, 1, 3, 3)), {}),
    ("affine_grid", (zeros(2, 2, 3, dtype=np.int64), (2, 1, 3, 3)), {}),
    ("pixel_shuffle", (zeros(4, 4), 2), {}),
    ("pixel_shuffle", (zeros(3, 4, 4), 2), {}),
    ("pixel_shuffle", (zeros(4, 4, 4), 0), {}),
    ("pixel_shuffle", (zeros(4, 4, 4), 2.0), {}),
    ("pixel_unshuffle", (zeros(4, 3, 4), 2), {}),
    ("channel_shuffle", (zeros(4, 3, 4), 2), {}),
]


# Texts that tell otherwise than PyTorch's, by a part of PyTorch's, each with the reason.
OTHER_TEXTS = {
    "got stride=[1, 1]": "ours blames the weight, which has a dimension too few",
    "but got:[2, 0, 1, 5]": "PyTorch's shape has a dimension that it puts in",
    "but got:[0, 0, 1, 5]": "PyTorch's shape has a dimension that it puts in",
    "negative dimension -1": "ours blames output_size, PyTorch the output that it would make of it",
    "at dimension 3 of input": "ours names the size of that dimension",
    "but linear mode needs 3D": "ours lists what each mode takes",
    "but trilinear mode needs 5D": "ours lists what each mode takes",
    "of batch2 tensor": "ours names affine_grid's own arguments",
}


@pytest.mark.parametrize(
    ("name", "args", "options"), REFUSED, ids=[f"{i}-{row[0]}" for i, row in enumerate(REFUSED)]
)
def test_refused_as_pytorch_refuses(name: str, args: Any, options: Any) -> None:
    tensors = [a for a in args if isinstance(a, np.ndarray)]
    others = [a for a in args if not isinstance(a, np.ndarray)]
    raised = []

    def call(m: Any, *xs: Any) -> Any:
        try:
            return getattr(m.nn.functional, name)(*xs, *others, **options)
        except Exception as error:
            raised.append(error)
            raise

    same(call, *tensors)
    assert len(raised) == 2, "both refuse"
    ours, theirs = raised
    less = says_less(ours, theirs)
    assert any(part in str(theirs) for part in OTHER_TEXTS) == bool(less), less


def test_channels_that_do_not_fit_name_both_shapes() -> None:
    import minitorch

    with pytest.raises(RuntimeError, match=r"\(2, 2, 5, 6\).*\(3, 3, 2, 2\)"):
        minitorch.conv2d(minitorch.zeros(2, 2, 5, 6), minitorch.zeros(3, 3, 2, 2))


def test_old_names_warn() -> None:
    import minitorch

    x, F = minitorch.ones(1, 1, 2, 2), minitorch.nn.functional
    with pytest.warns(UserWarning, match="interpolate"):
        assert F.upsample(x, scale_factor=2).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="interpolate"):
        assert F.upsample_nearest(x, scale_factor=2).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="interpolate"):
        assert F.upsample_bilinear(x, scale_factor=2).shape == (1, 1, 4, 4)
    with pytest.warns(UserWarning, match="align_corners"):
        F.grid_sample(x, minitorch.zeros(1, 1, 1, 2))


def test_arguments_that_do_not_fit_are_counted_as_in_the_signature() -> None:
    x, w = minitorch.ones(1, 1, 4, 4), minitorch.ones(1, 1, 2, 2)
    for call, text in {
        lambda: F.conv2d(x, w, None, 1, 0, 1, 1, 9): "conv2d() takes from 2 to 7 positional",
        lambda: F.conv2d(x, w, dims=2): "conv2d() got an unexpected keyword argument 'dims'",
        lambda: F.conv2d(x): "conv2d() missing 1 required positional argument: 'weight'",
        lambda: F.relu_(x, True): "relu_() takes 1 positional argument but 2 were given",
        lambda: F.relu_(x, inplace=True): "relu_() got an unexpected keyword argument 'inplace'",
    }.items():
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value).startswith(text)
