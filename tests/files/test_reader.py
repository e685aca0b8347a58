"""What is damaged, foreign or made to do harm is refused with a reason."""

from __future__ import annotations

import io
import json
import os
import zipfile

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.files.archives import MAX_MEMBERS, array_names, arrays_in, check_archive, read_arrays
from vpp_gym.files.reader import (
    MAX_DEPTH,
    digest_of,
    parsed_json,
    read_bytes,
    read_json,
    read_object,
    read_text,
)

ARRAYS = {
    "weights": np.arange(12, dtype=np.float32).reshape(3, 4),
    "columns": np.asfortranarray(np.arange(6.0).reshape(2, 3)),
    "word": np.array("tanh"),
    "none": np.zeros((0, 4)),
}


def npz(**arrays):
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def test_content_is_read(tmp_path):
    path = tmp_path / "a.json"
    path.write_bytes('{"a": [1, 2.5, "é"]}'.encode())
    assert read_bytes(path) == path.read_bytes()
    assert read_text(path) == '{"a": [1, 2.5, "é"]}'
    assert read_json(path) == read_object(path) == {"a": [1, 2.5, "é"]}


def test_what_is_no_readable_file_is_refused(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "bytes").write_bytes(b"\xff\xfe")
    for name in ("missing", "", "pipe", "a\0b"):
        with pytest.raises(InvalidInputError, match="give"):
            read_text(tmp_path / name)
    with pytest.raises(InvalidInputError, match="device"):
        read_text("/dev/zero")
    with pytest.raises(InvalidInputError, match="UTF-8"):
        read_text(tmp_path / "bytes")
    with pytest.raises(InvalidInputError, match="larger file"):
        read_bytes(tmp_path / "bytes", max_bytes=1)

    def refuse(*arguments):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(InvalidInputError, match="make it readable"):
        read_bytes(tmp_path / "bytes")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        '{"a": 1}x',
        "[" * 100_000,
        "[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1),
        '{"a":' * 500 + "1" + "}" * 500,
        "9" * 5_000,
        "[9223372036854775808]",
        "[NaN]",
        "[-Infinity]",
        "[1e999]",
        '{"a": 1, "a": 1}',
        '[{"b": {"a": 1, "c": 2, "a": 3}}]',
        '"\\ud800',
    ],
)
def test_json_that_does_harm_is_refused(text):
    with pytest.raises(InvalidInputError, match=r"card\.json"):
        parsed_json(text, file="card.json")


def test_json_within_the_limits_is_read():
    nested = "[" * MAX_DEPTH + "]" * MAX_DEPTH
    assert json.dumps(parsed_json(nested, file="a")) == nested
    assert parsed_json("[9223372036854775807, -1e300]", file="a") == [2**63 - 1, -1e300]


def test_of_two_values_of_a_key_none_is_chosen():
    with pytest.raises(InvalidInputError, match="no JSON: the key 'kwh' twice in one object"):
        parsed_json('[{"a": 1, "kwh": 9.5, "kwh": 999.0}]', file="a")
    assert parsed_json('[{"kwh": 1}, {"kwh": {"kwh": 2}}]', file="a")[1] == {"kwh": {"kwh": 2}}


def test_an_object_is_asked_for(tmp_path):
    (tmp_path / "list.json").write_text("[1]")
    with pytest.raises(InvalidInputError, match="a list"):
        read_object(tmp_path / "list.json")


def test_digest_changes_with_every_value_and_not_with_order():
    document = {"a": 1, "b": {"c": [0.1, None]}}
    digest = digest_of(document)
    assert digest == digest_of({"b": {"c": [0.1, None]}, "a": 1, "sha256": digest})
    others = ({"a": 2, **document, "b": {}}, document | {"a": 1.5}, document | {"d": 0})
    assert digest not in {digest_of(one) for one in others} | {digest_of(document, b"more")}


def test_arrays_are_read_as_they_were_written(tmp_path):
    path = tmp_path / "a.npz"
    path.write_bytes(npz(**ARRAYS))
    found = read_arrays(path)
    assert sorted(found) == array_names(path.read_bytes(), file="a") == sorted(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == array.dtype
    assert list(read_arrays(path, ["word"])) == ["word"]
    with pytest.raises(InvalidInputError, match="no array bias"):
        read_arrays(path, ["bias"])


def test_every_flipped_bit_of_an_archive_is_refused_or_changes_nothing():
    content = npz(**ARRAYS)
    rng = np.random.default_rng(0)
    refused = 0
    for place in rng.integers(0, 8 * len(content), size=1_000).tolist():
        damaged = bytearray(content)
        damaged[place // 8] ^= 1 << place % 8
        try:
            found = arrays_in(bytes(damaged), ARRAYS, file="a.npz")
        except InvalidInputError:
            refused += 1
            continue
        assert all(np.array_equal(found[name], array) for name, array in ARRAYS.items())
    assert refused > 500


def test_every_cut_archive_is_refused():
    content = npz(**ARRAYS)
    for end in range(0, len(content), 7):
        with pytest.raises(InvalidInputError):
            arrays_in(content[:end], ARRAYS, file="a.npz")


def test_what_is_not_asked_for_is_not_unpacked():
    content = npz(a=np.zeros(3), junk=np.zeros(4_000_000))
    assert list(arrays_in(content, ["a"], file="a.npz", max_bytes=10_000)) == ["a"]
    with pytest.raises(InvalidInputError, match="unpacked"):
        arrays_in(content, None, file="a.npz", max_bytes=10_000)


def archive(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as packed:
        for name, content in members.items():
            packed.writestr(f"{name}.npy", content)
    return file.getvalue()


def npy(header: str, content: bytes = b"") -> bytes:
    text = header.encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + len(text).to_bytes(2, "little") + text + content


@pytest.mark.parametrize(
    "member",
    [
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000000,), }"),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }", bytes(8)),
        npy("{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", bytes(16)),
        npy("{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", bytes(8)),
        npy("{'descr': '<f8', 'shape': (1,), }", bytes(8)),
        npy("__import__('os').getcwd()"),
        b"\x93NUMPY\x09\x00",
        b"",
    ],
)
def test_array_with_a_false_header_is_refused(member):
    with pytest.raises(InvalidInputError):
        arrays_in(archive(a=member), ["a"], file="a.npz")


def test_pickled_objects_are_refused():
    with pytest.raises(InvalidInputError):
        arrays_in(npz(a=np.array([print, None])), ["a"], file="a.npz")


def test_archive_of_too_many_members_is_refused():
    content = archive(**{f"m{k}": b"" for k in range(MAX_MEMBERS + 1)})
    with pytest.raises(InvalidInputError, match="members"):
        array_names(content, file="a.npz")


def test_checksums_of_an_archive_are_compared():
    content = bytearray(archive(a=b"abc" * 100))
    check_archive(io.BytesIO(content), "a.zip")
    with pytest.raises(InvalidInputError, match="unpacked"):
        check_archive(io.BytesIO(content), "a.zip", max_bytes=10)
    content[45] ^= 4
    with pytest.raises(InvalidInputError, match="damaged"):
        check_archive(io.BytesIO(content), "a.zip")
    with pytest.raises(InvalidInputError, match="damaged"):
        check_archive(io.BytesIO(b"no archive"), "a.zip")
