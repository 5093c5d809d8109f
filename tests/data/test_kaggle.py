"""The competition's own files: read whatever way they were pickled, and nothing else is let in."""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import os
import pickle
import pickletools
import sys
import zipfile

import numpy as np
import pytest

from maxdigit.data.kaggle import load_test, load_training, read_labels, read_pictures, write_submission
from maxdigit.errors import CompetitionFileError


def pictures(count=3, dtype=np.float32):
    return np.random.default_rng(0).integers(0, 256, (count, 128, 128)).astype(dtype)


def write_labels(path, labels, header="Id,Label"):
    path.write_text("\n".join([header, *(f"{i},{label}" for i, label in enumerate(labels))]) + "\n")


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("dtype", ["u1", "i8", "<f4", ">f4", "<f8"])
def test_arrays_of_any_protocol_and_number_type_are_read(tmp_path, protocol, dtype):
    array = pictures(dtype=dtype)
    for made in (array, np.asfortranarray(array)):
        (tmp_path / "x").write_bytes(pickle.dumps(made, protocol))
        found = read_pictures(tmp_path / "x")
        assert found.dtype == np.uint8 and (found == array).all()


def test_arrays_pickled_by_old_numpy_are_read(tmp_path):
    content = pickle.dumps(pictures(), 2)
    assert b"numpy._core.multiarray" in content
    old = pickletools.optimize(content).replace(b"numpy._core.multiarray", b"numpy.core.multiarray")
    (tmp_path / "x").write_bytes(old)
    assert (read_pictures(tmp_path / "x") == pictures()).all()


def test_arrays_pickled_by_python_2_are_read(tmp_path):
    """There, bytes were text: the same pickle with the data as a Python 2 string."""
    array = pictures(2, np.uint8)
    data = array.tobytes()
    header = b"\x80\x02cnumpy.core.multiarray\n_reconstruct\ncnumpy\nndarray\nK\x00\x85U\x01b\x87R"
    dtype = b"cnumpy\ndtype\nU\x02u1K\x00K\x01\x87R(K\x03U\x01|NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"
    state = b"(K\x01K\x02K\x80K\x80\x87" + dtype + b"\x89T" + len(data).to_bytes(4, "little") + data + b"tb."
    (tmp_path / "x").write_bytes(header + state)
    assert (read_pictures(tmp_path / "x") == array).all()


class Call:
    """Pickles into a call of ``function`` when read."""

    def __init__(self, function, *arguments):
        self._call = (function, arguments)

    def __reduce__(self):
        return self._call


@pytest.mark.parametrize("wrap", [lambda x: x, lambda x: [x], lambda x: {"x": x}, lambda x: np.array([x], object)])
@pytest.mark.parametrize("function", [os.system, eval, np.save, np.load, pickle.loads, getattr, __import__])
def test_a_pickle_that_calls_anything_is_refused_and_nothing_runs(tmp_path, wrap, function):
    mark = tmp_path / "ran"
    argument = {os.system: f"touch {mark}", eval: f"open({str(mark)!r}, 'w')"}.get(function, str(mark))
    (tmp_path / "x").write_bytes(pickle.dumps(wrap(Call(function, argument))))
    with pytest.raises(CompetitionFileError, match="holds more than that|one array of numbers"):
        read_pictures(tmp_path / "x")
    assert not mark.exists()


def test_objects_inside_an_array_are_refused(tmp_path):
    (tmp_path / "x").write_bytes(pickle.dumps(np.array([[1, "a"], [2, None]], object)))
    with pytest.raises(CompetitionFileError):
        read_pictures(tmp_path / "x")


def test_an_array_that_claims_more_than_it_holds_is_refused(tmp_path):
    content = pickle.dumps(np.zeros((2, 128, 128), np.uint8), 2)
    (tmp_path / "x").write_bytes(content.replace(b"K\x02K\x80K\x80", b"J\xff\xff\xff\x7fK\x80K\x80"))
    with pytest.raises(CompetitionFileError):
        read_pictures(tmp_path / "x")


@pytest.mark.skipif(sys.platform != "linux", reason="memory is counted as Linux does")
@pytest.mark.parametrize(
    "content",
    [
        b"Nr\xff\xff\xff\x7f.",  # remember a value under the number 2,147,483,647
        b"\x80\x04\x8e" + (2**40).to_bytes(8, "little") + b"x.",  # a terabyte of bytes
        b"\x80\x05\x96" + (2**40).to_bytes(8, "little") + b"x.",  # the same as a bytearray
    ],
)
def test_a_few_bytes_cannot_take_all_of_the_memory(tmp_path, content):
    import resource

    (tmp_path / "x").write_bytes(content)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(CompetitionFileError):
        read_pictures(tmp_path / "x")
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000  # kilobytes


@pytest.mark.parametrize(
    "content",
    [
        b"cnumpy\nndarray\n(K\x05tR.",  # calls what may only be named
        b"cmaxdigit.data.kaggle\nwrite_submission\n.",
        b"cnumpy._core.multiarray\n_reconstruct.__globals__\n.",
        b"\x80\x04\x8c\x16numpy.core.multiarray.x\x8c\x06system\x93.",
        b"Pabc\n.",  # a persistent reference
    ],
)
def test_nothing_but_an_array_comes_out_of_a_crafted_pickle(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CompetitionFileError):
        read_pictures(tmp_path / "x")


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 64, 64)), "shape"),
        (np.zeros((128, 128)), "shape"),
        (np.zeros((0, 128, 128)), "shape"),
        (np.full((1, 128, 128), np.nan), "pixel values"),
        (np.full((1, 128, 128), 256.0), "pixel values"),
        (np.full((1, 128, 128), -1), "pixel values"),
        (np.zeros((1, 128, 128), complex), "holds more than that"),
        (np.zeros((128, 128, 5)), "shape"),
        (pictures() / 127.5 - 1, "pixel values from -1 to 1"),
        ((pictures() - 104.4) / 56.3, "pixel values from -1.8"),
        (pictures() / 128, "pixel values from 0 to 1.9"),
        (pictures().astype(np.uint16) * 257, "pixel values from 0 to 65535"),
        ([1, 2, 3], "one array of numbers"),
    ],
)
def test_arrays_of_another_form_are_refused_in_words(tmp_path, array, message):
    (tmp_path / "x").write_bytes(pickle.dumps(array))
    with pytest.raises(CompetitionFileError, match=message):
        read_pictures(tmp_path / "x")


@pytest.mark.parametrize("content", [b"", b"hello", pickle.dumps(np.zeros((1, 128, 128)))[:5000]])
def test_damaged_files_are_refused_in_words(tmp_path, content):
    (tmp_path / "x").write_bytes(content)
    with pytest.raises(CompetitionFileError, match="Download it again"):
        read_pictures(tmp_path / "x")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(CompetitionFileError, match="train_max_x cannot be read"):
        load_training(tmp_path)


def test_training_files_come_as_pictures_and_labels(tmp_path):
    (tmp_path / "train_max_x").write_bytes(pickle.dumps(pictures(4)))
    (tmp_path / "test_max_x").write_bytes(pickle.dumps(pictures(2)))
    write_labels(tmp_path / "train_max_y.csv", [3, 9, 0, 5])
    x, y = load_training(tmp_path)
    assert x.shape == (4, 128, 128) and y.tolist() == [3, 9, 0, 5]
    assert load_test(tmp_path).shape == (2, 128, 128)
    write_labels(tmp_path / "train_max_y.csv", [3, 9, 0])
    with pytest.raises(CompetitionFileError, match="4 pictures, but .* 3 labels"):
        load_training(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,0\n", "Id,Label"),
        ("", "no labels"),
        ("Id,Label\n0,10\n", "line 2"),
        ("Id,Label\n0,1\n0,2\n", "line 3"),
        ("Id,Label\n0,x\n", "line 2"),
        ("Id,Label\n0,1,2\n", "line 2"),
        ("Id,Label\n0,-1\n", "line 2"),
        (f"Id,Label\n0,{'1' * 5000}\n", "line 2"),
        ("Id,Label\n1,2\n", "Ids 0, 1, 2"),
        ("Id,Label\n", "no labels"),
    ],
)
def test_labels_of_another_form_are_refused_in_words(tmp_path, text, message):
    (tmp_path / "y.csv").write_text(text)
    with pytest.raises(CompetitionFileError, match=message):
        read_labels(tmp_path / "y.csv")


@pytest.mark.parametrize(
    "form",
    [
        pytest.param(lambda x: x / 255, id="0 to 1"),
        pytest.param(lambda x: (x / 255).astype(np.float32), id="0 to 1, 32 bits"),
        pytest.param(lambda x: (x / 255).astype(np.float16), id="0 to 1, 16 bits"),
        pytest.param(lambda x: (x / 255).astype(">f8"), id="0 to 1, big-endian"),
        pytest.param(lambda x: x[..., None], id="channel last"),
        pytest.param(lambda x: x[:, None] / 255, id="channel first, 0 to 1"),
        pytest.param(lambda x: np.repeat(x[..., None], 3, -1), id="three equal channels"),
        pytest.param(lambda x: x.reshape(len(x), -1).astype(np.int16), id="flat"),
        pytest.param(lambda x: np.asfortranarray(x.astype(">u2")), id="Fortran order, big-endian"),
    ],
)
@pytest.mark.parametrize("ending", ["", ".npy", ".npz", ".pkl", ".pkl.gz", ".npy.gz", ".zip", ".bz2", ".xz"])
def test_the_forms_in_which_people_keep_the_pictures_are_read(tmp_path, form, ending):
    expected = pictures(dtype=np.uint8)
    array = form(expected)
    numpys, packed = io.BytesIO(), tmp_path / f"train_max_x{ending}"
    np.save(numpys, array)
    pickled = pickle.dumps(array)
    if ending == ".npz":
        np.savez_compressed(packed, array)
    elif ending == ".zip":  # as Kaggle packs it
        with zipfile.ZipFile(packed, "w") as file:
            file.writestr("train_max_x", pickled)
            file.writestr("__MACOSX/._train_max_x", b"x")
    else:
        content = numpys.getvalue() if "npy" in ending else pickled
        pack = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress}.get(ending.rpartition(".")[2])
        packed.write_bytes(pack(content) if pack else content)
    write_labels(tmp_path / "train_max_y.csv", [3, 9, 0])
    found, _ = load_training(tmp_path)
    assert found.dtype == np.uint8 and (found == expected).all()


def test_what_a_file_is_its_content_tells_and_not_its_name(tmp_path):
    with (tmp_path / "train_max_x").open("wb") as file:
        np.save(file, pictures(dtype=np.uint8))
    assert (read_pictures(tmp_path / "train_max_x") == pictures()).all()


def test_a_list_of_pictures_and_truth_values_are_read(tmp_path):
    (tmp_path / "x").write_bytes(pickle.dumps(list(pictures())))
    assert (read_pictures(tmp_path / "x") == pictures()).all()
    (tmp_path / "x").write_bytes(pickle.dumps(pictures() > 128))
    assert (read_pictures(tmp_path / "x") == 255 * (pictures() > 128)).all()


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("x.npz", {"a.npy": b"", "b.npy": b""}, "holds 2 files"),
        ("x", b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12\n", "git lfs pull"),
        ("x.gz", gzip.compress(pickle.dumps(bytes(3_000_000))), "more than 2 MB"),
        ("x.npy", np.array([1, "a"], object), "not an array"),
    ],
)
def test_other_files_are_refused_in_words(tmp_path, name, content, message):
    path = tmp_path / name
    if isinstance(content, dict):
        with zipfile.ZipFile(path, "w") as file:
            for member, inside in content.items():
                file.writestr(member, inside)
    elif isinstance(content, bytes):
        path.write_bytes(content)
    else:
        np.save(path, content, allow_pickle=True)
    with pytest.raises(CompetitionFileError, match=message) as caught:
        read_pictures(path, 2_000_000)
    assert "allow_pickle" not in str(caught.value), "no advice to let code run"


@pytest.mark.parametrize("names", [("train_x.npy", "train_y.npy"), ("X_TRAIN.NPY", "y_train.npy")])
@pytest.mark.parametrize(
    "form", [lambda y: y, lambda y: y.astype(float)[:, None], lambda y: np.stack([[0, 1, 2], y], 1)]
)
def test_labels_may_be_an_array_and_files_be_called_as_people_call_them(tmp_path, names, form):
    for name, array in zip(names, (pictures(), form(np.array([3, 9, 0]))), strict=True):
        np.save(tmp_path / "made.npy", array)
        (tmp_path / "made.npy").rename(tmp_path / name)
    x, y = load_training(tmp_path)
    assert (x == pictures()).all() and y.tolist() == [3, 9, 0] and y.dtype == np.int64


@pytest.mark.parametrize(
    "labels", [np.eye(10), np.array([10]), np.array([0.5]), np.array([[1, 4], [2, 5]]), np.zeros(0)]
)
def test_arrays_that_are_no_labels_are_refused_in_words(tmp_path, labels):
    np.save(tmp_path / "y.npy", labels)
    with pytest.raises(CompetitionFileError, match="label from 0 to 9|Ids 0, 1, 2"):
        read_labels(tmp_path / "y.npy")


def test_blank_lines_and_any_order_of_labels_are_read(tmp_path):
    (tmp_path / "y.csv").write_text("Id,Label\r\n1,4\r\n0,7\r\n\r\n")
    assert read_labels(tmp_path / "y.csv").tolist() == [7, 4]


def test_a_submission_that_cannot_be_written_is_told_in_words(tmp_path):
    with pytest.raises(CompetitionFileError, match="cannot be written"):
        write_submission(tmp_path / "no" / "out.csv", np.array([4]))


def test_submissions_have_the_competitions_form(tmp_path):
    write_submission(tmp_path / "out.csv", np.array([4, 7]))
    assert list(csv.reader((tmp_path / "out.csv").open())) == [["Id", "Label"], ["0", "4"], ["1", "7"]]
