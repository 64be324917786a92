"""Ten kernels on a photograph: the arithmetic, every kind of picture, the command."""

from __future__ import annotations

import io

import numpy as np
import pytest
from test_digits_command import WITHOUT, python

import minitorch
from minitorch.__main__ import main
from minitorch.viz import KERNELS, filtered, filters
from minitorch.viz.filters import LARGEST, grey, opaque, read, written

Image = pytest.importorskip("PIL.Image", reason='the pictures need: pip install "matplotlib"')


def by_hand(image, kernel):
    reach = len(kernel) // 2
    padded = np.pad(image, reach)
    out = [
        [(padded[i : i + len(kernel), j : j + len(kernel)] * kernel).sum() for j in range(width)]
        for i, width in enumerate([image.shape[1]] * image.shape[0])
    ]
    return np.clip(out, 0, 255)


@pytest.mark.parametrize("name", KERNELS)
def test_each_kernel_is_the_sum_of_products(name):
    image = np.random.default_rng(0).integers(0, 256, (9, 12))
    got = filtered(image, KERNELS[name])
    assert got.dtype == minitorch.float32 and got.shape == (9, 12)
    np.testing.assert_allclose(got.numpy(), by_hand(image, KERNELS[name]), rtol=1e-5, atol=1e-4)


def test_a_kernel_answers_to_what_it_is_called_by():
    upright = np.zeros((8, 8))
    upright[:, 4:] = 100  # dark on the left, bright on the right
    for name, kernel in KERNELS.items():
        inner = slice(2, -2)
        # A difference may be of either sign, so both a picture and its mirror image are tried.
        answers = [
            max(
                filtered(picture, kernel)[inner, inner].max().item()
                for picture in (edge, edge[::-1, ::-1].copy())
            )
            for edge in (upright, upright.T.copy())
        ]
        if "ertical" in name:
            assert answers[0] >= 255 and answers[1] == 0, name
        elif "orizontal" in name:
            assert answers[0] == 0 and answers[1] >= 255, name
        else:
            assert answers[0] == answers[1] > 0, name
    flat = np.full((8, 8), 77.0)
    for name, kernel in KERNELS.items():
        edges = ("dge" in name and "enhance" not in name) or name == "Laplacian"
        expected = 0 if edges else 77
        assert filtered(flat, kernel)[4, 4].item() == pytest.approx(expected), name


def test_ten_kernels_as_they_are_written():
    assert len(KERNELS) == 10
    assert written(KERNELS["Laplacian"]) == " 0  1  0\n 1 −4  1\n 0  1  0"
    assert written(KERNELS["Gaussian blur, 3 × 3"]) == "1 2 1\n2 4 2  / 16\n1 2 1"
    assert written(KERNELS["Gaussian blur, 5 × 5"]).splitlines()[2] == " 6 24 36 24  6  / 256"


@pytest.mark.parametrize(
    "image",
    [
        np.array([[0, 51, 255]], np.uint8),
        np.array([[0, 51 * 257, 65535]], np.uint16),
        np.array([[0, 51 * 257, 65535]], np.int32),
        np.array([[0, 0.2, 1]], np.float32),
        np.array([[-5, 51, 999.0]]),
        np.array([[[0], [51], [255]]], np.uint8),
        np.array([[[0] * 3, [51] * 3, [255] * 3]], np.uint8),
        np.array([[[0, 255], [51, 255], [9, 0]]], np.uint8),
        np.array([[[0] * 3 + [255], [51] * 3 + [255], [7, 8, 9, 0]]], np.uint8),
    ],
    ids=lambda image: f"{image.dtype} {image.shape}",
)
def test_grey_takes_every_kind_of_array(image):
    assert grey(image).dtype == np.float32
    np.testing.assert_allclose(grey(image), [[0, 51, 255]], atol=1e-4)


def test_grey_weighs_colours_and_takes_booleans():
    colours = np.eye(3, dtype=np.uint8)[np.newaxis] * 100
    np.testing.assert_allclose(grey(colours), [[29.9, 58.7, 11.4]], rtol=1e-6)
    assert grey(np.array([[True, False]])).tolist() == [[255, 0]]


@pytest.mark.parametrize(
    "image",
    [
        np.zeros(3),
        np.zeros((2, 2, 5)),
        np.zeros((2, 2, 3, 1)),
        np.zeros((0, 4)),
        np.full((2,) * 2, np.nan),
    ],
    ids=["1-d", "5 channels", "4-d", "empty", "nan"],
)
def test_what_is_no_picture_is_refused(image):
    with pytest.raises(ValueError):
        grey(image)


def test_a_kernel_without_a_middle_is_refused():
    with pytest.raises(ValueError, match="odd"):
        filtered(np.ones((4, 4)), np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"\(4,\)"):
        filtered(np.ones(4), np.ones((3, 3)))


def saved(tmp_path, array, mode=None, suffix=".png", **options):
    image = Image.fromarray(array)
    file = tmp_path / f"picture{suffix}"
    (image.convert(mode) if mode else image).save(file, **options)
    return file


RAMP = np.repeat(np.arange(0, 240, 20, dtype=np.uint8), 12).reshape(12, 12)


@pytest.mark.parametrize("mode", ["L", "LA", "RGB", "RGBA", "P", "I;16", "I", "F", "CMYK", "HSV"])
def test_files_of_every_kind_show_the_same(tmp_path, mode):
    if mode == "I;16":
        file = saved(tmp_path, RAMP.astype(np.uint16) * 257)
    elif mode == "I":
        file = saved(tmp_path, RAMP.astype(np.int32) * 257, suffix=".tiff")
    elif mode == "F":
        file = saved(tmp_path, RAMP.astype(np.float32), suffix=".tiff")
    elif mode == "HSV":
        file = saved(tmp_path, np.stack([RAMP] * 3, 2), suffix=".webp", lossless=True)
    else:
        file = saved(tmp_path, RAMP, mode, ".tiff" if mode == "CMYK" else ".png")
    np.testing.assert_allclose(grey(read(file)), RAMP, atol=1.01)


def test_one_bit_and_transparency(tmp_path):
    file = saved(tmp_path, RAMP, "1")
    assert set(np.unique(grey(read(file)))) == {0, 255}
    assert opaque(read(file)).shape == (12, 12, 1)
    clear = np.zeros((4, 4, 4), np.uint8)
    clear[:2, :, 3] = 255  # black above, nothing below
    assert grey(read(saved(tmp_path, clear)))[:, 0].tolist() == [0, 0, 255, 255]
    palette = Image.fromarray(RAMP).convert("P")
    palette.save(tmp_path / "palette.gif", transparency=int(np.asarray(palette)[0, 0]))
    assert grey(read(tmp_path / "palette.gif"))[0, 0] == 255


def test_a_photograph_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[274] = 6  # the camera was turned: the picture's first row is its right edge
    file = saved(tmp_path, RAMP[:6], suffix=".jpg", exif=exif, quality=100)
    assert read(file).shape == (12, 6)
    assert grey(read(file))[0, 0] > grey(read(file))[0, 5]


@pytest.mark.parametrize("deep", [False, True])
def test_a_large_photograph_is_made_smaller(tmp_path, deep):
    wide = np.tile(np.linspace(0, 255, 2000), (3, 1))
    array = (wide * 257).astype(np.uint16) if deep else wide.astype(np.uint8)
    image = read(saved(tmp_path, array))
    assert image.shape == (2, LARGEST)
    assert abs(grey(image)[0] - np.linspace(0, 255, LARGEST)).max() < 2


def test_the_command_draws_a_picture(tmp_path, capsys):
    photo = saved(tmp_path, np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8),
                  suffix=".jpg")  # fmt: skip
    out = tmp_path / "out.png"
    assert main(["filters", str(photo), "-o", str(out)]) == 0
    assert capsys.readouterr().err == f"Wrote {out}\n"
    drawn = np.asarray(Image.open(out).convert("L"))
    height, width = drawn.shape
    assert height > 800 and width > 1200
    for row in range(3):  # something in each of the twelve fields
        for column in range(4):
            field = drawn[row * height // 3 : (row + 1) * height // 3, column * width // 4 :]
            assert field[:, : width // 4].std() > 20


def test_arrays_and_tensors_are_taken(tmp_path):
    picture = np.random.default_rng(1).integers(0, 256, (16, 20, 3), np.uint8)
    one, two = io.BytesIO(), io.BytesIO()
    for file, image in ((one, picture), (two, minitorch.tensor(picture).permute(2, 0, 1))):
        path = tmp_path / "out.png"
        assert filters(path, image) == path
        file.write(path.read_bytes())
    assert one.getvalue() == two.getvalue()


def test_the_photograph_to_start_with(tmp_path):
    pytest.importorskip("sklearn")
    assert filters(tmp_path / "out.svg").stat().st_size > 100_000


def test_what_cannot_be_read_is_told(tmp_path, capsys):
    (tmp_path / "text.jpg").write_text("no picture")
    out = str(tmp_path / "out.png")
    for photo in (tmp_path / "text.jpg", tmp_path / "nothing.jpg", tmp_path):
        assert main(["filters", str(photo), "-o", out]) == 2
        said = capsys.readouterr().err
        assert said.startswith("minitorch filters: error: cannot read the picture: ")
        assert str(photo) in said
    with pytest.raises(SystemExit):
        main(["filters", "-o", str(tmp_path / "out.jpg")])


@pytest.mark.parametrize(
    ("library", "wanted"), [("matplotlib", "viz.filters"), ("sklearn", "the photograph")]
)
def test_a_missing_library_is_named_with_its_extra(tmp_path, library, wanted):
    done = python("-c", WITHOUT, library, "filters", "-o", tmp_path / "out.png")
    assert done.returncode == 1
    assert done.stderr.startswith(f"minitorch filters: error: {wanted}")
    assert done.stderr.endswith('pip install "minitorch-numpy[viz]"\n')
