"""Files that are large inside, deep, broken off or none of ours: none hides the others."""

from __future__ import annotations

import io
import json
import random
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.scenarios.files import samples
from tests.scenarios.files.test_ocpi import record
from tests.scenarios.files.test_tennet_json import answer
from vpp_gym.scenarios.files import limits, raw
from vpp_gym.scenarios.files.folder import files_of, found
from vpp_gym.scenarios.files.options import ReadOptions

READ = ReadOptions(elaad_clock="local", elaad_dates="month-first", tennet_dates="month-first")
DAY = "2024-06-03"
LARGEST_MB = 1_000


def workbook(rows: str = "", *, dimension: str = "A1:B2", **parts: str | bytes) -> bytes:
    """An Excel file with these rows of XML; `parts` replace or join its other parts."""
    space = "http://schemas.openxmlformats.org"
    main = f"{space}/spreadsheetml/2006/main"
    office = f"{space}/officeDocument/2006/relationships"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    files: dict[str, str | bytes] = {
        "[Content_Types].xml": f'<Types xmlns="{space}/package/2006/content-types">'
        '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package'
        f'.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="{kinds}'
        '.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" '
        f'ContentType="{kinds}.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{space}/package/2006/relationships"><Relationship '
        f'Id="r1" Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets><sheet name="a" '
        'sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{space}/package/2006/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><dimension ref="{dimension}"/>'
        f"<sheetData>{rows}</sheetData></worksheet>",
        **{name.replace("__", "/"): content for name, content in parts.items()},
    }
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


def cell(name: str, text: str = "x") -> str:
    return f'<c r="{name}" t="inlineStr"><is><t>{text}</t></is></c>'


def row(number: int, *cells: str) -> str:
    return f'<row r="{number}">{"".join(cells)}</row>'


def elaad_book() -> bytes:
    lines = [line.split(",") for line in samples.elaad(DAY, 8)]
    rows = (
        row(i, *(cell(f"{chr(65 + j)}{i}", text) for j, text in enumerate(line)))
        for i, line in enumerate(lines, start=1)
    )
    return workbook("".join(rows))


def flipped(content: bytes, bit: int) -> bytes:
    damaged = bytearray(content)
    damaged[bit // 8] ^= 1 << bit % 8
    return bytes(damaged)


def acn(**changes: object) -> str:
    return samples.acn(samples.acn_session(0, **changes))


def xml(inside: str) -> str:
    return f"<Publication_MarketDocument><type>A44</type>{inside}</Publication_MarketDocument>"


REFUSED: dict[str, tuple[str, Callable[[], str | bytes], str]] = {
    "line without end": ("notes.txt", lambda: "x," * 70_000, "line 1: got 'more than 131,072"),
    "cell without end": (
        "elaad.csv",
        lambda: "\n".join([*samples.elaad(DAY, 4), '9,"' + "x" * 200_000]),
        "field larger than field limit",
    ),
    "thousands of columns": (
        "elaad.csv",
        lambda: samples.ELAAD_HEADER + ",a" * 600 + "\n",
        "columns: got '610'; tables have up to 500",
    ),
    "number of 5,000 digits": (
        "acn.json",
        lambda: acn(kWhDelivered=0).replace('"kWhDelivered": 0', '"kWhDelivered": ' + "9" * 5_000),
        "acn.json: got 'no JSON: an integer of 5000 digits'",
    ),
    "JSON 100,000 deep": (
        "acn.json",
        lambda: '{"connectionTime": ' + "[" * 100_000 + "]" * 100_000 + "}",
        "acn.json: got 'JSON nested too deeply'",
    ),
    "JSON of empty lists": (
        "acn.json",
        lambda: '{"connectionTime": [' + "[],\n" * 1_000_001 + "[]]}",
        r"'1,000,003 times \['; read are up to 1,000,000",
    ),
    "a key twice": (
        "acn.json",
        lambda: acn().replace('"kWhDelivered"', '"kWhDelivered": 999.0, "kWhDelivered"'),
        "the key 'kWhDelivered' twice in one object",
    ),
    "a key of OCPI twice": (
        "ocpi.json",
        lambda: json.dumps([record(0)]).replace(
            '"total_energy"', '"total_energy": 9, "total_energy"'
        ),
        "the key 'total_energy' twice in one object",
    ),
    "a key of TenneT twice": (
        "tennet.json",
        lambda: json.dumps(answer(DAY)).replace('"shortage"', '"shortage": 9, "shortage"'),
        "the key 'shortage' twice in one object",
    ),
    "object in place of a number": ("acn.json", lambda: acn(kWhDelivered={}), "kWhDelivered"),
    "number in place of a date": ("acn.json", lambda: acn(connectionTime=5), "connectionTime"),
    "date without parts": ("acn.json", lambda: acn(connectionTime=", GMT"), "dates must read"),
    "date with two zones": (
        "acn.json",
        lambda: acn(connectionTime="Wed, 25 Apr 2018 11:08:04 -0000 GMT"),
        "dates must read",
    ),
    "list in place of a session": ("acn.json", lambda: '["connectionTime", []]', "acn.json"),
    "infinite energy": ("acn.json", lambda: acn(kWhDelivered=float("inf")), "the number Infinity"),
    "cell at the end of all cells": (
        "book.xlsx",
        lambda: workbook(row(1_048_576, cell("XFD1048576"))),
        "more than 200,000 rows or 500 columns'; save it as CSV",
    ),
    "cell in the last column": (
        "book.xlsx",
        lambda: workbook(row(1, cell("XFD1"))),
        "more than 200,000 rows or 500 columns",
    ),
    "cell in the last row": (
        "book.xlsx",
        lambda: workbook(row(1, cell("A1")) + row(1_048_576, cell("A1048576"))),
        "more than 200,000 rows or 500 columns",
    ),
    "workbook of a gigabyte": (
        "book.xlsx",
        lambda: workbook(**{f"xl__media{i}.bin": bytes(2**24) for i in range(10)}),
        "parts of 168 MB unpacked'; read are up to",
    ),
    "workbook of many cells": (
        "book.xlsx",
        lambda: workbook("<x/>" * 1_500_001),
        "more than 1,500,000 times <",
    ),
    "workbook of many parts": (
        "book.xlsx",
        lambda: workbook(**{f"a{i}": "" for i in range(5_001)}),
        "5,006 parts",
    ),
    "workbook with entities": (
        "book.xlsx",
        lambda: workbook(**{"xl__theme.xml": '<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'}),
        "a document type'; give a plain workbook",
    ),
    "workbook with entities in UTF-16": (
        "book.xlsx",
        lambda: workbook(**{"xl__theme.xml": "<!DOCTYPE a><a/>".encode("utf-16")}),
        "a document type'; give a plain workbook",
    ),
    "workbook without sheets": (
        "book.xlsx",
        lambda: workbook(**{"xl__workbook.xml": "<workbook/>"}),
        "give a readable workbook",
    ),
    "workbook that names no zone of strings": (
        "elaad.xlsx",
        lambda: workbook(row(1, '<c r="A1" t="s"><v>7</v></c>')),
        "IndexError.*give a readable workbook",
    ),
    "half a workbook": ("book.xlsx", lambda: elaad_book()[:900], "give a readable workbook"),
    "workbook without its beginning": ("b.xlsx", lambda: b"?" + elaad_book()[1:], "b.xlsx"),
    "XML with entities": (
        "prices.xml",
        lambda: '<!DOCTYPE a [<!ENTITY b "c">]>' + xml("&b;"),
        "a document type",
    ),
    "XML 100,000 deep": (
        "prices.xml",
        lambda: xml("<a>" * 100_000 + "</a>" * 100_000),
        "elements more than 100 deep",
    ),
    "XML of many elements": (
        "prices.xml",
        lambda: xml("<a/>" * 3_000_001),
        "3,000,005 times <'; read are up to 3,000,000",
    ),
    "XML of many attributes": (
        "prices.xml",
        lambda: xml("<a b='' c=''/>" * 260_000),
        "520,000 times ='; read are up to 500,000",
    ),
    "XML with a damaged root": (
        "prices.xml",
        lambda: samples.document(samples.entsoe_xml(DAY)).replace("<Publication", "<Pu`lication"),
        "prices.xml: got",
    ),
    "XML without its first letter": (
        "prices.xml",
        lambda: "?" + samples.document(samples.entsoe_xml(DAY))[1:],
        "prices.xml: got",
    ),
    "names with a damaged letter": (
        "prices.csv",
        lambda: "\n".join(samples.entsoe_new(DAY)).replace("MTU (", "MTU )"),
        r"no MTU \(CET/CEST\)'; this resembles entsoe day-ahead csv",
    ),
    "bytes named as a table": ("prices.csv", lambda: bytes(range(256)) * 4, "prices.csv: got"),
    "zeros named as a table": ("prices.csv", lambda: bytes(4_000), "prices.csv: got"),
    "web page named as a table": ("prices.csv", lambda: "<html></html>", "not a web page"),
    "prices in UTF-16": (
        "prices.csv",
        lambda: "\n".join(samples.entsoe_new(DAY)).encode("utf-16"),
        "save the file as UTF-8",
    ),
    "archive": ("prices.csv", lambda: b"PK\x03\x04\x14\0", "a ZIP archive'; unpack it"),
}


def written(path: Path, content: str | bytes) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.mark.parametrize("name", REFUSED)
def test_a_hostile_file_is_refused_with_a_reason(tmp_path, name):
    file, content, match = REFUSED[name]
    error = found(written(tmp_path / file, content()), READ).error
    assert error is not None
    assert re.search(f"(?s){match}", str(error)), str(error)
    assert "of a form that is not read" not in error.remedy


UNRELATED = {
    "notes.txt": "Prices of June: to be asked for again.\n",
    "notes_latin.txt": "Donn\xe9es re\xe7ues\n".encode("latin-1"),
    "notes_wide.txt": "Données\n".encode("utf-16"),
    "list.csv": "name,weight\nbolt,3\n",
    "paper.pdf": b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n",
    "plant.png": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR",
    "plant.jpg": b"\xff\xd8\xff\xe0\0\x10JFIF",
    "plant.gif": b"GIF89a\1\0\1\0",
    "plant.webp": b"RIFF\x24\0\0\0WEBPVP8 ",
    "plant.bmp": b"BM\x36\0\0\0\0\0\0\0",
    "plant.svg": '<?xml version="1.0"?><!DOCTYPE svg PUBLIC "a" "b"><svg/>',
    "page.html": "<!DOCTYPE html><html><br></html>",
    "letter.docx": b"PK\x03\x04\x14\0\0\0word/document.xml",
    "arrays.npz": b"PK\x03\x04\x14\0\0\0a.npy",
    "film.mp4": b"\0\0\0\x20ftypisom\0\0\2\0",
    "settings.json": json.dumps({"site": {"chargers": 18}}),
    "feed.xml": "<rss><channel/></rss>",
    "random.bin": random.Random(0).randbytes(3_000),
}


@pytest.mark.parametrize("name", UNRELATED)
def test_an_unrelated_file_is_left_aside(tmp_path, name):
    one = found(written(tmp_path / name, UNRELATED[name]), READ)
    assert (one.kind, one.rows, one.error) == (None, None, None)


def test_a_large_unrelated_file_is_left_aside_without_reading_it(tmp_path, monkeypatch):
    path = written(tmp_path / "film.mp4", b"\0\0\0\x20ftypisom")
    with path.open("r+b") as file:
        file.truncate(3 * limits.LARGEST_BYTES)
    monkeypatch.delattr(raw, "read_bytes")
    assert found(path, READ).error is None


def test_a_large_table_is_refused_without_reading_it(tmp_path):
    path = samples.write(tmp_path / "prices.csv", samples.entsoe_new(DAY))
    with path.open("r+b") as file:
        file.truncate(3 * limits.LARGEST_BYTES)
    assert "got 'a larger file'; give a file of 100 MB at most" in str(found(path, READ).error)


def test_an_error_that_nobody_foresaw_is_a_refusal_of_that_file(tmp_path, monkeypatch):
    samples.write(tmp_path / "a.csv", samples.entsoe_new(DAY))
    samples.write(tmp_path / "b.csv", samples.tennet_new(DAY))

    def fail(*_, **__):
        raise KeyError("nobody foresaw this")

    monkeypatch.setattr("vpp_gym.scenarios.files.tennet.read_tennet_csv", fail)
    good, bad = files_of(tmp_path, READ)
    assert good.rows is not None
    assert str(bad.error).startswith("b.csv: got \"KeyError: 'nobody foresaw this'\"; the file is")


def test_whatever_bit_of_a_workbook_is_damaged_it_is_refused_or_the_same(tmp_path):
    content = elaad_book()
    path = written(tmp_path / "book.xlsx", content)
    before = found(path, READ).rows.rows
    bits = random.Random(1).sample(range(8 * len(content)), 150)
    refused = 0
    for bit in bits:
        one = found(written(path, flipped(content, bit)), READ)
        refused += one.error is not None
        assert one.error is not None or one.rows.rows.equals(before), bit
    assert refused > 50


def test_no_hostile_file_takes_a_gigabyte(tmp_path):
    samples.write(tmp_path / "prices.csv", samples.entsoe_new(DAY))
    for name, (file, content, _) in REFUSED.items():
        written(tmp_path / f"{name} {file}", content())
    code = (
        "import sys\n"
        "from tests.peak import peak_mb\n"
        "from vpp_gym.scenarios.files.folder import files_of\n"
        "from vpp_gym.scenarios.files.options import ReadOptions\n"
        "read = ReadOptions(elaad_clock='local', elaad_dates='month-first')\n"
        "print(sum(one.rows is not None for one in files_of(sys.argv[1], read)))\n"
        "print(round(peak_mb()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, check=True
    )
    n_read, most_mb = map(int, done.stdout.split())
    assert n_read == 1
    assert most_mb < LARGEST_MB
