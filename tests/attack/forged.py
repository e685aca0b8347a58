"""Files that were made to do harm: each is refused or left aside, and hides no other file.

    python -m tests.attack.forged

Prints one JSON document of what went wrong; in a process with little memory, like
`tests.attack.damage_readers`.
"""

from __future__ import annotations

import io
import json
import os
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.attack.damage_readers import MAX_S, HangError, limit_memory, within_time
from tests.attack.readers import DAY, READ, acn_file
from tests.peak import peak_mb
from tests.scenarios.files import samples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.folder import files_of

LAUGHS = "".join(
    f'<!ENTITY l{k} "{f"&l{k - 1};" * 10}">' if k else '<!ENTITY l0 "lol">' for k in range(10)
)
"""Ten entities, each ten of the one before: ten billion letters."""


def workbook(parts: dict[str, bytes | list[bytes]]) -> bytes:
    """A workbook of one sheet, with some parts replaced."""
    from openpyxl import Workbook

    book = Workbook()
    for line in samples.elaad(DAY)[:3]:
        book.active.append(line.split(","))
    plain = io.BytesIO()
    book.save(plain)
    made = io.BytesIO()
    with zipfile.ZipFile(plain) as old, zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            content = parts.get(name, old.read(name))
            with new.open(name, "w") as part:
                for chunk in content if isinstance(content, list) else [content]:
                    part.write(chunk)
    return made.getvalue()


def sheet(content: str) -> bytes:
    space = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    text = f'<?xml version="1.0"?><worksheet xmlns="{space}">{content}</worksheet>'
    return workbook({"xl/worksheets/sheet1.xml": text.encode()})


def xml(prolog: str, inside: str = "") -> bytes:
    body = samples.document(samples.entsoe_xml(DAY, 1)).split("?>\n", 1)[1]
    return f'<?xml version="1.0"?>\n{prolog}{body.replace("<mRID>x", f"<mRID>{inside}")}'.encode()


CELL = '<row r="1"><c r="{}" t="inlineStr"><is><t>x</t></is></c></row>'
FORGED: dict[str, Callable[[], bytes]] = {
    "one_line.txt": lambda: b"x" * 140_000,
    "one_cell.csv": lambda: b'"' + b"x" * 140_000 + b'",b\n1,2\n',
    "many_columns.csv": lambda: b"a," * 2_000_000 + b"\n1\n",
    "open_quote.csv": lambda: "\n".join(samples.entsoe_new(DAY, 2)).encode() + b'\n"',
    "far_cell.xlsx": lambda: sheet(f"<sheetData>{CELL.format('XFD1048576')}</sheetData>"),
    "said_large.xlsx": lambda: sheet(
        f'<dimension ref="A1:XFD1048576"/><sheetData>{CELL.format("A1")}</sheetData>'
    ),
    "bomb.xlsx": lambda: workbook(
        {"xl/worksheets/sheet1.xml": [b"<worksheet>", *[b" " * 1_000_000] * 500, b"</worksheet>"]}
    ),
    "laughs.xlsx": lambda: workbook(
        {"xl/worksheets/sheet1.xml": f"<!DOCTYPE x [{LAUGHS}]><worksheet>&l9;</worksheet>".encode()}
    ),
    "no_sheet.xlsx": lambda: workbook({"xl/workbook.xml": b"<workbook/>"}),
    "laughs.xml": lambda: xml(f"<!DOCTYPE x [{LAUGHS}]>", "&l9;"),
    "quadratic.xml": lambda: xml(f'<!DOCTYPE x [<!ENTITY a "{"a" * 50_000}">]>', "&a;" * 50_000),
    "outside.xml": lambda: xml('<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>', "&a;"),
    "deep.xml": lambda: b"<ImbalancePrice>" + b"<a>" * 300_000,
    "utf16.xml": lambda: xml(f"<!DOCTYPE x [{LAUGHS}]>", "&l9;").decode().encode("utf-16"),
    "deep.json": lambda: b'{"connectionTime": ' + b"[" * 300_000 + b"]" * 300_000 + b"}",
    "deep_list.json": lambda: b"[" * 300_000 + b'"connectionTime"',
    "digits.json": lambda: acn_file().replace("9.5", "9" * 5_000, 1).encode(),
    "constants.json": lambda: acn_file().replace("9.5", "NaN", 1).encode(),
    "twice.json": lambda: acn_file().replace("_items", "_meta", 1).encode(),
    "list.json": lambda: b'[{"connectionTime": [1]}]',
    "number.json": lambda: b'{"_items": [{"connectionTime": 1e400, "kWhDelivered": {}}]}',
    "year.csv": lambda: "\n".join(samples.entsoe_new(DAY, 1)).replace("2024", "9999").encode(),
    "old_year.csv": lambda: "\n".join(samples.entsoe_old(DAY, 1)).replace("2024", "0001").encode(),
    "long_stay.csv": lambda: "\n".join(samples.elaad(DAY)).replace("2024", "1600", 1).encode(),
    "utf16.csv": lambda: "\n".join(samples.elaad(DAY)).encode("utf-16"),
    "nul.csv": lambda: b"\0" * 5000,
    "blank.csv": lambda: b"\n" * 5000,
}
"""Content by name of the file."""


def fill(folder: Path) -> list[str]:
    """Write the forged files, odd entries of a folder, and two good files between them."""
    for name, made in FORGED.items():
        (folder / name).write_bytes(made())
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "loop.csv").symlink_to(folder / "loop.csv")
    (folder / "folder.csv").mkdir()
    Path(os.fsdecode(os.path.join(os.fsencode(folder), b"\xff\xfe.csv"))).write_bytes(b"a,b\n1,2\n")
    good = ["a_good.csv", "m_good.csv", "z_good.csv"]
    samples.write(folder / good[0], samples.entsoe_new(DAY, 2))
    samples.write(folder / good[1], samples.elaad(DAY))
    samples.write(folder / good[2], samples.tennet_new(DAY, 2))
    return good


def one_by_one(folder: Path, good: list[str]) -> dict[str, Any]:
    """How every entry of the folder is found, and for how long it was looked at."""
    wrong, seconds = {}, {}
    began, left = time.process_time(), set(good)
    entries = files_of(folder, READ)
    while True:
        try:
            with within_time():
                entry = next(entries, None)
        except HangError:
            wrong["folder"] = f"took more than {MAX_S} s, after {sorted(seconds)[-1:]}"
            break
        except BaseException as error:  # noqa: BLE001  (that is what is looked for)
            last = sorted(seconds)[-1:]
            wrong["folder"] = f"{type(error).__name__}: {str(error)[:200]}, after {last}"
            break
        if entry is None:
            break
        now = time.process_time()
        seconds[entry.path.name], began = round(now - began, 2), now
        if entry.rows is not None:
            left.discard(entry.path.name)
            if entry.path.name in FORGED:
                wrong[entry.path.name] = "was read"
        elif entry.error is not None and not isinstance(entry.error, InvalidInputError):
            wrong[entry.path.name] = repr(entry.error)
        else:
            str(entry.error).encode()
    if left:
        wrong["good files"] = f"not read: {sorted(left)}"
    slow = {os.fsencode(name).decode(errors="replace"): s for name, s in seconds.items() if s > 5}
    return {"wrong": wrong, "slow_s": slow}


def main() -> None:
    """Fill a folder and look at it."""

    with tempfile.TemporaryDirectory() as place, tempfile.TemporaryDirectory() as warm:
        good = fill(Path(place))
        samples.write(Path(warm, "a.csv"), samples.entsoe_new(DAY, 1))
        list(files_of(warm, READ))
        before_mb = peak_mb()
        limit_memory()
        report = one_by_one(Path(place), good)
    most_mb = peak_mb()
    more = {"peak_mb": round(most_mb), "before_mb": round(before_mb)}
    sys.stdout.write(json.dumps({**report, **more}))


if __name__ == "__main__":
    main()
