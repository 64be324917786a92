"""Checkpoints: PyTorch reads ours, we read PyTorch's, nothing in a file is run, nothing is lost."""

from __future__ import annotations

import importlib.util
import io
import os
import pickle
import random
import re
import signal
import stat
import subprocess
import sys
import time
import tracemalloc
import zipfile
from collections import Counter, OrderedDict, defaultdict, namedtuple
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from oracle import the_torch

import minitorch
from minitorch._pickles import DamagedFileError

ROOT = Path(__file__).resolve().parents[2]
DTYPES = ("float64", "float32", "float16", "int64", "int32", "int16", "int8", "uint8", "bool")


def same_tree(a: Any, b: Any) -> None:
    """Assert that two objects are alike, whichever framework their tensors are of."""
    if hasattr(b, "dtype") and hasattr(b, "numel"):
        assert str(a.dtype) == str(b.dtype)
        assert tuple(a.shape) == tuple(b.shape)
        assert tuple(a.stride()) == tuple(b.stride()) or b.numel() == 0
        assert a.requires_grad == b.requires_grad
        assert type(a).__name__ == type(b).__name__
        np.testing.assert_array_equal(a.detach().numpy(), b.detach().numpy())
    elif isinstance(b, dict):
        assert type(a) is type(b) and list(a) == list(b)
        for key in b:
            same_tree(a[key], b[key])
    elif isinstance(b, (list, tuple)):
        assert type(a).__name__ == type(b).__name__ and len(a) == len(b)
        for x, y in zip(a, b, strict=True):
            same_tree(x, y)
    else:
        assert str(a) == str(b) and type(a).__name__ == type(b).__name__


OBJECTS: dict[str, Callable[[Any], Any]] = {
    "numbers": lambda m: [0, -1, 255, 256, 65536, 2**31, -(2**40), 2**70, 1.5, True, None, 1 + 2j],
    "texts": lambda m: ["", "a", "é", b"", b"\x00\xff", bytearray(b"q")],
    "containers": lambda m: {"l": [1, [2]], "t": (1, (2, 3), 4, 5), "s": {1, 2}, "e": ((), [], {})},
    "ordered": lambda m: OrderedDict([("b", 1), ("a", OrderedDict())]),
    "counter": lambda m: Counter("abba"),
    "kinds": lambda m: [m.float32, m.bool, m.int64, m.device("cpu"), m.Size([2, 3]), m.Size([])],
    "a tensor": lambda m: m.arange(6).reshape(2, 3),
    "no dimensions": lambda m: m.tensor(3.5),
    "no elements": lambda m: [m.zeros(0), m.zeros(2, 0, 3)],
    "transposed": lambda m: m.arange(6).reshape(2, 3).t(),
    "strided": lambda m: m.arange(20)[3:17:5],
    "expanded": lambda m: m.arange(3).reshape(3, 1).expand(3, 4),
    "requires grad": lambda m: m.ones(2, requires_grad=True),
    "a result": lambda m: m.ones(2, requires_grad=True) * 2,
    "parameter": lambda m: m.nn.Parameter(m.ones(2, 3)),
    "frozen parameter": lambda m: m.nn.Parameter(m.ones(2), requires_grad=False),
    "state_dict": lambda m: m.nn.Sequential(m.nn.Linear(3, 2), m.nn.Linear(2, 1)).state_dict(),
    "long lists": lambda m: [list(range(3000)), {str(i): i for i in range(3000)}],
    **{d: lambda m, d=d: m.arange(5).to(getattr(m, d)) for d in DTYPES},
}


def through(save: Any, load: Any, value: Any) -> Any:
    file = io.BytesIO()
    save(value, file)
    file.seek(0)
    return load(file)


@pytest.mark.parametrize("what", OBJECTS)
def test_objects_cross_in_every_direction(what: str) -> None:
    torch = the_torch()
    torch.manual_seed(0)
    minitorch.manual_seed(0)
    ours, theirs = OBJECTS[what](minitorch), OBJECTS[what](torch)
    same_tree(through(minitorch.save, minitorch.load, ours), ours)
    same_tree(through(torch.save, minitorch.load, theirs), ours)
    same_tree(through(minitorch.save, torch.load, ours), theirs)


def test_a_value_that_is_there_twice_is_loaded_once() -> None:
    x = minitorch.ones(2)
    inner = [x]
    value: dict[str, Any] = {"a": inner, "b": inner, "x": x}
    value["itself"] = value
    again = through(minitorch.save, minitorch.load, value)
    assert again["a"] is again["b"] and again["a"][0] is again["x"] and again["itself"] is again


@pytest.mark.parametrize("direction", ["out", "in", "both"])
def test_shared_memory_stays_shared(direction: str) -> None:
    torch = the_torch()
    m = torch if direction == "in" else minitorch
    n = torch if direction == "out" else minitorch
    base = m.arange(12.0)
    views = {"row": base[3:6], "matrix": base.reshape(3, 4).t(), "base": base, "other": m.ones(3)}
    again = through(m.save, n.load, views)
    again["base"].fill_(7)
    assert again["row"].tolist() == [7, 7, 7] and (again["matrix"] == 7).all()
    assert again["other"].tolist() == [1, 1, 1]
    assert again["matrix"].stride() == (1, 4)


def test_a_change_of_shared_memory_is_seen_by_the_graph() -> None:
    base = minitorch.arange(3.0)
    first, second = through(minitorch.save, minitorch.load, [base, base[:]])
    w = minitorch.ones(3, requires_grad=True)
    loss = (w * first).sum()
    second.zero_()
    with pytest.raises(RuntimeError, match="modified by an inplace operation"):
        loss.backward()


def test_only_the_part_that_is_used_gets_into_the_file() -> None:
    base = minitorch.arange(100_000)
    file = io.BytesIO()
    minitorch.save([base[10:20], base[15:30]], file)
    assert len(file.getvalue()) < 3000
    file.seek(0)
    first, second = minitorch.load(file)
    first[5] = -1
    assert second.tolist() == [-1, *range(16, 30)]


def test_attributes_of_tensors_and_state_dicts_are_kept() -> None:
    torch = the_torch()
    for m, n in ((minitorch, torch), (torch, minitorch), (minitorch, minitorch)):
        x, p = m.ones(1), m.nn.Parameter(m.ones(2))
        x.note, p.note = "x", [1]
        state = m.nn.Linear(1, 1).state_dict()
        x, p, state = through(m.save, n.load, (x, p, state))
        assert (x.note, p.note) == ("x", [1])
        assert type(p) is n.nn.Parameter
        assert state._metadata[""] == {"version": 1}
        n.nn.Linear(1, 1).load_state_dict(state)


def test_memory_is_aligned_for_mapping(tmp_path: Path) -> None:
    torch = the_torch()
    value = {"a": minitorch.ones(3), "b": minitorch.ones(5).double()}
    minitorch.save(value, tmp_path / "w.pt")
    again = torch.load(tmp_path / "w.pt", mmap=True)
    assert again["b"].tolist() == [1] * 5
    data = (tmp_path / "w.pt").read_bytes()
    with zipfile.ZipFile(tmp_path / "w.pt") as archive:
        assert archive.namelist()[0] == "w/data.pkl"
        for entry in archive.infolist():
            if "/data/" in entry.filename:
                name, extra = (
                    int.from_bytes(data[entry.header_offset + at :][:2], "little")
                    for at in (26, 28)
                )
                assert (entry.header_offset + 30 + name + extra) % 64 == 0
    minitorch.save(value, tmp_path / "again.pt")
    assert len((tmp_path / "again.pt").read_bytes()) > 0


# ---- training states --------------------------------------------------------------------------


def trained(m: Any, name: str, steps: int, resume: Any = None) -> Any:
    """A little model after some steps; its losses; and all that a checkpoint holds."""
    m.manual_seed(1)
    model = m.nn.Sequential(m.nn.Linear(3, 4), m.nn.ReLU(), m.nn.Linear(4, 1)).double()
    options = {"momentum": 0.9} if name == "SGD" else {}
    optimizer = getattr(m.optim, name)(model.parameters(), lr=0.05, **options)
    scheduler = m.optim.lr_scheduler.MultiStepLR(optimizer, [2, 5], gamma=0.5)
    if resume is not None:
        model.load_state_dict(resume["model"])
        optimizer.load_state_dict(resume["optimizer"])
        scheduler.load_state_dict(resume["scheduler"])
        m.set_rng_state(resume["rng"])
    losses = []
    for _ in range(steps):
        x = m.randn(8, 3, dtype=m.float64)
        loss = ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        scheduler.step()
        losses.append(loss.item())
    checkpoint = {
        "model": model.state_dict(),
        "optimizer": optimizer.state_dict(),
        "scheduler": scheduler.state_dict(),
        "rng": m.get_rng_state(),
    }
    return losses, checkpoint


@pytest.mark.parametrize("name", ["SGD", "AdamW", "RMSprop", "ASGD", "NAdam", "Adafactor"])
def test_training_goes_on_from_a_file_of_either_framework(name: str, tmp_path: Path) -> None:
    torch = the_torch()
    losses, _ = trained(torch, name, 8)
    path = tmp_path / "checkpoint.pt"
    for m, n in ((minitorch, torch), (torch, minitorch), (minitorch, minitorch)):
        first, checkpoint = trained(m, name, 4)
        m.save(checkpoint, path)
        second, _ = trained(n, name, 4, resume=n.load(path))
        assert first + second == pytest.approx(losses, rel=1e-9)


# ---- what is refused --------------------------------------------------------------------------

Pair = namedtuple("Pair", "a b")


def no_data() -> dict[str, Any]:
    return {
        "a module": (minitorch.nn.Linear(1, 1), "torch.nn.modules.linear.Linear"),
        "an array": (np.ones(2), "numpy._core.multiarray._reconstruct"),
        "a named tuple": ([Pair(1, 2)], f"{__name__}.Pair"),
        "a default dict": ({"a": defaultdict(list)}, "collections.defaultdict"),
        "a function": (len, "len"),
        "a class": (int, "int"),
        "a range": (range(3), "range"),
    }


@pytest.mark.parametrize("what", no_data())
def test_what_is_no_data_is_loaded_only_if_it_is_trusted(what: str, tmp_path: Path) -> None:
    value, name = no_data()[what]
    path = tmp_path / "whole.pt"
    minitorch.save(value, path)
    with pytest.raises(pickle.UnpicklingError, match=re.escape(f"GLOBAL {name} was not an")):
        minitorch.load(path)
    assert repr(minitorch.load(path, weights_only=False)) == repr(value)
    the_torch()
    with pytest.raises(pickle.UnpicklingError) as theirs:
        through(minitorch.save, the_torch().load, value)
    with pytest.raises(pickle.UnpicklingError) as ours:
        minitorch.load(path)
    assert str(ours.value) == str(theirs.value)


def test_what_cannot_be_pickled_is_not_saved(tmp_path: Path) -> None:
    path = tmp_path / "old.pt"
    minitorch.save([1], path)
    for value, error in (
        (lambda: 0, AttributeError),
        ((n for n in ()), TypeError),
        (type("Lost", (), {}), pickle.PicklingError),
    ):
        with pytest.raises(error):
            minitorch.save(value, path)
    assert minitorch.load(path) == [1]
    assert os.listdir(tmp_path) == ["old.pt"]


def archive_of(pickled: bytes, **records: bytes) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("x/data.pkl", pickled)
        archive.writestr("x/version", b"3\n")
        for name, data in records.items():
            archive.writestr("x/data/" + name.removeprefix("_"), data)
    file.seek(0)
    return file


ran: list[Any] = []


def note(value: Any) -> None:
    ran.append(value)


class Evil:
    """What runs code as it is unpickled, in one of many ways."""

    def __init__(self, *reduced: Any) -> None:
        self.reduced = reduced

    def __reduce__(self) -> Any:
        return self.reduced


STORAGE = (
    b"(X\x07\x00\x00\x00storagectorch\nFloatStorage\nX\x01\x00\x00\x000X\x03\x00\x00\x00cpuK\x04tQ"
)


def a_tensor(tail: bytes, storage: bytes = STORAGE) -> bytes:
    """A pickle of a tensor over four floats; `tail` gives its offset, size and stride."""
    rest = b"\x89ccollections\nOrderedDict\n)RtR."
    return b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n(" + storage + tail + rest


MALICIOUS: dict[str, Any] = {
    "os.system": pickle.dumps(Evil(os.system, ("touch run",)), 2),
    "eval": pickle.dumps(Evil(eval, ("open('run', 'x').close()",)), 2),
    "exec, protocol 4": pickle.dumps({"a": [Evil(exec, ("open('run', 'x').close()",))]}, 4),
    "getattr": pickle.dumps(Evil(getattr, ([], "append")), 2),
    "a function of one's own": pickle.dumps(Evil(note, (1,)), 2),
    "a callable that is loaded": b"\x80\x02cos\nsystem\n.",
    "a subclass": b"\x80\x02cminitorch\nTensor\n)\x81.",
    "INST": b"(S'touch run'\nios\nsystem\n.",
    "OBJ": b"(cos\nsystem\nS'touch run'\no.",
    "NEWOBJ": b"\x80\x02ccollections\nOrderedDict\n)\x81.",
    "EXT": b"\x80\x02\x82\x01.",
    "a dotted name": b"\x80\x04\x8c\x0bcollections\x8c\x15OrderedDict.fromkeys\x93.",
    "attributes of a function": (
        b"\x80\x02ctorch._utils\n_rebuild_tensor_v2\n}X\x01\x00\x00\x00aK\x01sb."
    ),
    "attributes of a list": b"\x80\x02]}X\x01\x00\x00\x00aK\x01sb.",
    "a method of a dict": b"\x80\x02ccollections\nOrderedDict\n)R}X\x05\x00\x00\x00itemsK\x01sb.",
    "calling a string": b"\x80\x02X\x01\x00\x00\x00a)R.",
    "calling a dtype": b"\x80\x02ctorch\nfloat32\n)R.",
    "calling a storage": b"\x80\x02ctorch\nFloatStorage\n)R.",
    "a huge bytearray": b"\x80\x02c__builtin__\nbytearray\n\x8a\x05\x00\x00\x00\x00\x7f\x85R.",
    "a codec": b"\x80\x02c_codecs\nencode\nX\x01\x00\x00\x00aX\x05\x00\x00\x00rot13\x86R.",
    "another persistent id": b"\x80\x02X\x01\x00\x00\x00aQ.",
    "a persistent text": b"\x80\x02Pa\n.",
    "a stride beyond": a_tensor(b"K\x00K\x02\x85K\x04\x85"),
    "an offset beyond": a_tensor(b"K\x02K\x03\x85K\x01\x85"),
    "a size beyond": a_tensor(b"K\x00K\x05\x85K\x01\x85"),
    "a negative stride": a_tensor(b"K\x00K\x02\x85J\xff\xff\xff\xff\x85"),
    "a negative offset": a_tensor(b"J\xff\xff\xff\xffK\x02\x85K\x01\x85"),
    "a huge size": a_tensor(b"K\x00\x8a\x09\x00\x00\x00\x00\x00\x00\x00\x00\x01\x85K\x00\x85"),
    "unequal sizes": a_tensor(b"K\x00K\x02\x85K\x01K\x01\x86"),
    "a size of text": a_tensor(b"K\x00X\x01\x00\x00\x00aK\x01\x85"),
    "no storage": a_tensor(b"K\x00K\x02\x85K\x01\x85", b"K\x01"),
    "an empty stack": b"\x80\x020.",
    "no mark": b"\x80\x02t.",
    "a memo that is not there": b"\x80\x02h\x07.",
    "two values": b"\x80\x02K\x01K\x02.",
    "no end": b"\x80\x02K\x01",
    "no instruction": b"\x80\x02\xff.",
    "a list as a key": b"\x80\x02}]K\x01s.",
    "nothing": b"",
}


@pytest.mark.parametrize("what", MALICIOUS)
def test_a_file_cannot_run_code(what: str, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises((pickle.UnpicklingError, RuntimeError), match=r"load"):
        minitorch.load(archive_of(MALICIOUS[what], _0=b"\x00" * 16))
    assert not ran and os.listdir(tmp_path) == []


def test_python_itself_would_have_run_it(tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    for what in ("os.system", "eval", "exec, protocol 4", "INST"):
        pickle.loads(MALICIOUS[what])
        assert os.listdir(tmp_path) == ["run"]
        os.unlink("run")


def test_the_pickles_above_would_be_read_without_their_fault() -> None:
    good = a_tensor(b"K\x01K\x03\x85K\x01\x85")
    values = np.arange(4, dtype=np.float32).tobytes()
    assert minitorch.load(archive_of(good, _0=values)).tolist() == [1, 2, 3]


@pytest.mark.parametrize("what", [what for what in MALICIOUS if what.endswith("beyond")])
def test_a_view_beyond_its_storage_is_refused(what: str) -> None:
    with pytest.raises(pickle.UnpicklingError, match="does not fit into its storage of 4"):
        minitorch.load(archive_of(MALICIOUS[what], _0=b"\x00" * 16))


def test_what_is_refused_is_named() -> None:
    file = archive_of(MALICIOUS["os.system"])
    with pytest.raises(pickle.UnpicklingError, match=r"GLOBAL (posix|nt)\.system whose module"):
        minitorch.load(file)


@pytest.mark.parametrize("kind", ["complex64", "complex128"])
def test_numbers_that_are_not_there_are_refused_by_name(kind: str) -> None:
    torch = the_torch()
    for value in (torch.ones(2).to(getattr(torch, kind)), getattr(torch, kind)):
        with pytest.raises(pickle.UnpicklingError, match=f"holds {kind} numbers"):
            through(torch.save, minitorch.load, {"w": value})


def test_other_formats_are_refused_clearly(tmp_path: Path) -> None:
    torch = the_torch()
    path = tmp_path / "file"
    torch.save({"a": torch.ones(2)}, path, _use_new_zipfile_serialization=False)
    with pytest.raises(RuntimeError, match=r"before version 1\.6"):
        minitorch.load(path)
    path.write_bytes(pickle.dumps([1]))
    with pytest.raises(pickle.UnpicklingError, match="no file of PyTorch's"):
        minitorch.load(path)
    path.write_bytes(b"")
    with pytest.raises(EOFError, match="nothing to read"):
        minitorch.load(path)
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(RuntimeError, match=r"no data\.pkl"):
        minitorch.load(path)
    with pytest.raises(FileNotFoundError):
        minitorch.load(tmp_path / "missing.pt")
    with pytest.raises(AttributeError, match="seekable"):
        minitorch.load(3)
    with pytest.raises(AttributeError, match="open for writing"):
        minitorch.save(1, 3)


def test_options_that_are_not_covered() -> None:
    file = io.BytesIO()
    minitorch.save(1, file)
    for options, words in (
        ({"mmap": True}, "mmap"),
        ({"weights_only": True, "pickle_module": pickle}, "explicit pickle_module"),
    ):
        file.seek(0)
        with pytest.raises((ValueError, RuntimeError), match=words):
            minitorch.load(file, **options)
    with pytest.raises(ValueError, match="in a zip archive"):
        minitorch.save(1, file, _use_new_zipfile_serialization=False)
    file.seek(0)
    assert minitorch.load(file, weights_only=True, mmap=False) == 1


def test_tensors_of_a_gpu_come_where_map_location_says() -> None:
    pickled = a_tensor(b"K\x00K\x03\x85K\x01\x85").replace(
        b"X\x03\x00\x00\x00cpu", b"X\x06\x00\x00\x00cuda:0"
    )
    values = np.ones(4, np.float32).tobytes()
    with pytest.raises(RuntimeError, match=r"of device 'cuda:0'.*map_location='cpu'"):
        minitorch.load(archive_of(pickled, _0=values))
    places: list[Any] = ["cpu", minitorch.device("cpu"), {"cuda:0": "cpu"}, lambda s, place: s]
    for place in places:
        assert minitorch.load(archive_of(pickled, _0=values), place).tolist() == [1] * 3
    with pytest.raises(RuntimeError, match="CPU only"):
        minitorch.load(archive_of(pickled, _0=values), "cuda")
    with pytest.raises(TypeError, match="map_location"):
        minitorch.load(archive_of(pickled, _0=values), 3)


# ---- damage -----------------------------------------------------------------------------------


def a_checkpoint() -> bytes:
    file = io.BytesIO()
    value = {"w": minitorch.arange(40).reshape(5, 8), "b": minitorch.ones(3), "epoch": 3}
    minitorch.save(value, file)
    return file.getvalue()


REFUSED = (RuntimeError, pickle.UnpicklingError, EOFError)


def test_a_file_cut_short_is_refused_wherever_it_is_cut() -> None:
    whole = a_checkpoint()
    for length in [*range(0, len(whole), 37), len(whole) - 1]:
        with pytest.raises(REFUSED, match="load: "):
            minitorch.load(io.BytesIO(whole[:length]))


def test_a_changed_byte_is_never_loaded_as_another_number() -> None:
    whole = a_checkpoint()
    right = minitorch.load(io.BytesIO(whole))
    refused = 0
    for position in range(0, len(whole), 5):
        damaged = bytearray(whole)
        damaged[position] ^= 0x41
        try:
            value = minitorch.load(io.BytesIO(bytes(damaged)))
        except REFUSED:
            refused += 1
        else:
            same_tree(value, right)  # it was in a date, or between the records
    assert refused > len(whole) / 5 / 3


DAMAGED = r"^load: the file is damaged: .+: ."


def trial(whole: bytes, right: Any, damaged: bytes) -> bool:
    """Whether damage is refused; if not, the file must hold what it held."""
    try:
        value = minitorch.load(io.BytesIO(damaged))
    except Exception as error:
        assert type(error) is DamagedFileError and re.match(DAMAGED, str(error)), repr(error)
        return True
    same_tree(value, right)
    return False


def flips(whole: bytes, right: Any, count: int, seed: int) -> None:
    rng = random.Random(seed)
    refused = 0
    for _ in range(count):
        damaged = bytearray(whole)
        for _ in range(rng.choice((1, 1, 1, 2, 8))):
            damaged[rng.randrange(len(damaged))] ^= 1 << rng.randrange(8)
        refused += trial(whole, right, bytes(damaged))
    assert count / 4 < refused < count


def checkpoints() -> dict[str, bytes]:
    """Files of different kinds: ours, packed by another program, and PyTorch's own."""
    found = {"ours": a_checkpoint()}
    packed = io.BytesIO()
    with (
        zipfile.ZipFile(io.BytesIO(found["ours"])) as archive,
        zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as other,
    ):
        for name in archive.namelist():
            other.writestr(name, archive.read(name))
    found["packed"] = packed.getvalue()
    if importlib.util.find_spec("torch"):
        torch, file = the_torch(), io.BytesIO()
        net = torch.nn.Sequential(torch.nn.Linear(3, 4), torch.nn.BatchNorm1d(4))
        torch.save(net.state_dict(), file)
        found["PyTorch's"] = file.getvalue()
    return found


@pytest.mark.parametrize("kind", checkpoints())
def test_flipped_bits_are_damage_or_change_nothing(kind: str) -> None:
    whole = checkpoints()[kind]
    flips(whole, minitorch.load(io.BytesIO(whole)), 150, seed=0)


@pytest.mark.slow
@pytest.mark.parametrize("kind", checkpoints())
def test_thousands_of_flipped_bits(kind: str) -> None:
    whole = checkpoints()[kind]
    right = minitorch.load(io.BytesIO(whole))
    flips(whole, right, 3000, seed=1)
    for position in range(len(whole)):  # every bit of the directory, in which sizes stand
        if position > len(whole) - 700:
            for bit in range(8):
                damaged = bytearray(whole)
                damaged[position] ^= 1 << bit
                trial(whole, right, bytes(damaged))


def test_every_kind_of_damage_is_one_error(tmp_path: Path) -> None:
    whole, path = a_checkpoint(), tmp_path / "w.pt"
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w") as archive:
        archive.writestr("other/file", "text")
    wrong = {
        "empty": b"",
        "short": whole[:3],
        "half": whole[: len(whole) // 2],
        "cut": whole[:-1],
        "text": b"these are words",
        "pickle": pickle.dumps({"w": 1}, 2),
        "prepended": b"x" * 8 + whole,
        "a picture": b"\x89PNG\r\n\x1a\n" + bytes(64),
        "another archive": zipped.getvalue(),
        "an empty archive": zipped.getvalue()[-22:],
        "no pickle": bytes(archive_of(b"").getvalue()),
    }
    for kind, content in wrong.items():
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=DAMAGED) as raised:
            minitorch.load(path)
        assert str(path) in str(raised.value), kind
        with pytest.raises(DamagedFileError, match=DAMAGED):
            minitorch.load(io.BytesIO(content))
    path.write_bytes(whole + b"appended")  # as PyTorch, which reads it
    assert minitorch.load(path)["epoch"] == 3


def test_damage_is_whichever_error_pytorch_raises(tmp_path: Path) -> None:
    torch, path, whole = the_torch(), tmp_path / "w.pt", a_checkpoint()
    for content in (b"", whole[:3], whole[:-1], b"x" + whole, pickle.dumps(1, 2), whole[:500]):
        path.write_bytes(content)
        with pytest.raises(REFUSED) as theirs:
            torch.load(path)
        with pytest.raises(theirs.type, match=DAMAGED):
            minitorch.load(path)


def test_a_size_that_lies_asks_for_no_memory() -> None:
    whole = bytearray(a_checkpoint())
    with zipfile.ZipFile(io.BytesIO(whole)) as archive:
        start = archive.start_dir
    for field in (20, 24):  # the sizes of the first record in the directory, packed and not
        damaged = bytearray(whole)
        damaged[start + field : start + field + 4] = (2**32 - 2).to_bytes(4, "little")
        tracemalloc.start()
        assert trial(bytes(whole), None, bytes(damaged))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        assert peak < 2**22


def test_files_open_for_text_and_folders_that_are_not_there(tmp_path: Path) -> None:
    path = tmp_path / "w.pt"
    minitorch.save([1], path)
    with path.open(encoding="latin1") as text, pytest.raises(TypeError, match="mode 'rb'"):
        minitorch.load(text)
    for text in (io.StringIO("x"), io.StringIO()):
        with pytest.raises(TypeError, match="mode 'rb'"):
            minitorch.load(text)
        with pytest.raises(TypeError, match="mode 'wb'"):
            minitorch.save([1], text)
    missing = tmp_path / "no" / "such" / "w.pt"
    for target in (missing, str(missing), path / "w.pt"):
        with pytest.raises(RuntimeError, match=r"^Parent directory .* does not exist\.$"):
            minitorch.save([1], target)
    for target in (tmp_path, "", "."):
        with pytest.raises(RuntimeError, match="invalid file name"):
            minitorch.save([1], target)
    assert minitorch.load(path) == [1] and list(tmp_path.iterdir()) == [path]


def test_saving_fails_as_in_pytorch(tmp_path: Path) -> None:
    torch = the_torch()
    for target in (tmp_path / "no" / "w.pt", tmp_path, "", None, 3, io.StringIO()):
        with pytest.raises((RuntimeError, AttributeError, TypeError)) as theirs:
            torch.save([1], target)
        with pytest.raises(theirs.type) as ours:
            minitorch.save([1], target)
        if "Parent" in str(theirs.value):
            assert str(ours.value) == str(theirs.value)


def test_a_pickle_changed_at_random_makes_nothing_but_data() -> None:
    with zipfile.ZipFile(io.BytesIO(a_checkpoint())) as archive:
        records = {n.partition("/")[2]: archive.read(n) for n in archive.namelist()}
    pickled = records["data.pkl"]
    data = {"_" + n.removeprefix("data/"): d for n, d in records.items() if n.startswith("data/")}
    rng = random.Random(0)
    read = []
    for _ in range(400):
        damaged = bytearray(pickled)
        for _ in range(rng.randint(1, 3)):
            damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        with suppress(REFUSED):
            read.append(minitorch.load(archive_of(bytes(damaged), **data)))
    assert 0 < len(read) < 400
    assert all(is_data(value) for value in read)


def is_data(value: Any) -> bool:
    """Whether it is made of containers, numbers, text and tensors alone."""
    if isinstance(value, dict):
        return all(is_data(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple, set, frozenset)):
        return all(is_data(part) for part in value)
    return isinstance(value, (minitorch.Tensor, int, float, complex, str, bytes, type(None)))


def test_the_file_of_another_byte_order() -> None:
    file = archive_of(a_tensor(b"K\x00K\x04\x85K\x01\x85"), _0=np.arange(4, dtype=">f4").tobytes())
    with zipfile.ZipFile(file, "a") as archive:
        archive.writestr("x/byteorder", "big")
    file.seek(0)
    assert minitorch.load(file).tolist() == [0, 1, 2, 3]


def test_sizes_that_do_not_fit_are_damage() -> None:
    with pytest.raises(RuntimeError, match=r"should have 4 numbers of type torch\.float32"):
        minitorch.load(archive_of(a_tensor(b"K\x00K\x04\x85K\x01\x85"), _0=b"\x00" * 15))
    with pytest.raises(RuntimeError, match="and has none"):
        minitorch.load(archive_of(a_tensor(b"K\x00K\x04\x85K\x01\x85")))


# ---- replacing a file -------------------------------------------------------------------------


def test_a_failure_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: Any) -> None:
    path = tmp_path / "w.pt"
    minitorch.save([1], path)

    def fail(*args: Any) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="disk full"):
        minitorch.save([2], path)
    monkeypatch.undo()
    assert minitorch.load(path) == [1] and os.listdir(tmp_path) == ["w.pt"]


def test_permissions_and_links_are_kept(tmp_path: Path) -> None:
    path, link = tmp_path / "w.pt", tmp_path / "link.pt"
    minitorch.save([1], path)
    path.chmod(0o640)
    link.symlink_to(path)
    minitorch.save([2], link)
    assert link.is_symlink() and minitorch.load(path) == [2]
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    minitorch.save([3], os.devnull)
    assert not Path(os.devnull).is_file()


PROGRAM = """
import os, sys, time
import minitorch as torch
from minitorch import nn

path, steps, slowly = sys.argv[1], int(sys.argv[2]), sys.argv[3] == "slowly"
fsync = os.fsync
if slowly:  # so that a save takes most of the time
    os.fsync = lambda handle: (time.sleep(0.01), fsync(handle))
torch.manual_seed(0)
model = nn.Sequential(nn.Linear(4, 8), nn.ReLU(), nn.Dropout(0.2), nn.Linear(8, 1))
optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
first, losses = 0, []
if os.path.exists(path):
    saved = torch.load(path)
    model.load_state_dict(saved["model"])
    optimizer.load_state_dict(saved["optimizer"])
    scheduler.load_state_dict(saved["scheduler"])
    torch.set_rng_state(saved["rng"])
    first, losses = saved["step"], saved["losses"]
for step in range(first, steps):
    x = torch.randn(16, 4)
    loss = ((model(x) - x.sum(1, keepdim=True)) ** 2).mean()
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    scheduler.step()
    losses.append(loss.item())
    torch.save({
        "model": model.state_dict(), "optimizer": optimizer.state_dict(), "losses": losses,
        "scheduler": scheduler.state_dict(), "rng": torch.get_rng_state(), "step": step + 1,
    }, path)
    print(step, flush=True)
"""


def test_a_run_killed_while_saving_loses_nothing(tmp_path: Path) -> None:
    def begin(name: str, pace: str) -> Any:
        return subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(tmp_path / name), "40", pace],
            env=os.environ | {"PYTHONPATH": str(ROOT)},
            stdout=subprocess.PIPE,
            text=True,
        )

    unbroken = begin("unbroken.pt", "quickly")
    unbroken.communicate(timeout=60)
    assert unbroken.returncode == 0
    rng, kills = random.Random(0), 0
    while True:
        child = begin("broken.pt", "slowly")
        if kills < 4:
            for _ in range(rng.randint(3, 8)):
                child.stdout.readline()
            time.sleep(rng.uniform(0, 0.012))
            child.send_signal(signal.SIGKILL)
            child.communicate(timeout=60)
            kills += 1
            assert minitorch.load(tmp_path / "broken.pt")["step"] >= 3 * kills
        else:
            child.communicate(timeout=60)
            assert child.returncode == 0
            break
    whole, broken = (minitorch.load(tmp_path / f"{name}.pt") for name in ("unbroken", "broken"))
    assert broken["losses"] == whole["losses"] and len(whole["losses"]) == 40
    same_tree(broken, whole)


# ---- safetensors ------------------------------------------------------------------------------


def test_safetensors_cross_both_ways(tmp_path: Path) -> None:
    torch = the_torch()
    pytest.importorskip("safetensors", reason='the extra "safetensors" is not installed')
    from safetensors import torch as theirs

    from minitorch import safetensors as ours

    values = {d: (np.arange(6) % 2).astype(d).reshape(2, 3) for d in DTYPES}
    tensors = {d: minitorch.from_numpy(a) for d, a in values.items()}
    tensors["transposed"] = tensors["float32"].t()
    tensors["scalar"], tensors["empty"] = minitorch.tensor(2.5), minitorch.zeros(0, 2)
    path = tmp_path / "w.safetensors"
    ours.save_file(tensors, path, metadata={"made": "here"})
    for loaded in (theirs.load_file(path), ours.load_file(path), ours.load(ours.save(tensors))):
        assert set(loaded) == set(tensors)
        for name, tensor in tensors.items():
            assert str(loaded[name].dtype) == str(tensor.dtype)
            assert loaded[name].shape == tensor.shape and loaded[name].is_contiguous()
            np.testing.assert_array_equal(loaded[name].numpy(), tensor.numpy())
    theirs.save_file({"w": torch.ones(2), "b": torch.arange(3)}, path)
    again = ours.load_file(path)
    assert again["b"].tolist() == [0, 1, 2]
    again["w"].add_(1)  # it can be written to
    theirs.save_file({"w": torch.ones(2, dtype=torch.uint16)}, path)
    with pytest.raises(ValueError, match="'w' holds U16 numbers"):
        ours.load_file(path)
    with pytest.raises(ValueError, match="damaged"):
        ours.load(path.read_bytes()[:9])
    path.write_bytes(ours.save({"w": minitorch.ones(9)})[:-4])
    with pytest.raises(ValueError, match="damaged"):
        ours.load_file(path)
    with pytest.raises(ValueError, match="a dict of named tensors"):
        ours.save({"w": 3})


def test_damage_to_safetensors_is_one_error(tmp_path: Path) -> None:
    pytest.importorskip("safetensors", reason='the extra "safetensors" is not installed')
    from minitorch import safetensors as ours

    tensors, path = {"w": minitorch.ones(2, 3), "b": minitorch.arange(3)}, tmp_path / "w.st"
    whole = ours.save(tensors)
    rng = random.Random(0)
    damaged = [
        b"",
        whole[:7],
        whole[:20],
        whole[:-1],
        whole + b"x",
        b"these are words",
        b"\xff" * 99,
    ]
    for content in damaged:
        path.write_bytes(content)
        with pytest.raises(DamagedFileError, match=rf"^load: the file is damaged: {path}: ."):
            ours.load_file(path)
        with pytest.raises(DamagedFileError, match=DAMAGED):
            ours.load(content)
    length = 8 + int.from_bytes(whole[:8], "little")
    for _ in range(400):  # what follows the header has no checksum: any bits are numbers
        content = bytearray(whole)
        content[rng.randrange(length)] ^= 1 << rng.randrange(8)
        try:
            loaded = ours.load(bytes(content))
        except Exception as error:
            assert type(error) is DamagedFileError and re.match(DAMAGED, str(error)), repr(error)
        else:
            assert sum(t.numel() * t.element_size() for t in loaded.values()) == 48
    with pytest.raises(RuntimeError, match=r"^Parent directory .* does not exist\.$"):
        ours.save_file(tensors, tmp_path / "no" / "w.st")


def test_safetensors_needs_its_extra(monkeypatch: Any) -> None:
    from minitorch import safetensors as ours

    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    with pytest.raises(ImportError, match=r'pip install "minitorch-numpy\[safetensors\]"'):
        ours.save({})
