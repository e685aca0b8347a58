"""Files that lie beside the data and are none: pictures, documents, programs, notes."""

from __future__ import annotations

from pathlib import Path

BEGINNINGS = (
    *(b"PAR1", b"ARROW1", b"\x93NUMPY", b"\x89HDF", b"SQLite format 3"),
    *(b"%PDF", b"%!PS", b"{\\rtf"),
    *(b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"BM", b"II*\0", b"MM\0*", b"RIFF"),
    *(b"OggS", b"ID3", b"fLaC", b"\x1aE\xdf\xa3", b"\x7fELF", b"MZ", b"\xca\xfe\xba\xbe"),
)
"""Of worlds and arrays, documents, pictures, sound and films, programs."""
DOCUMENTS = frozenset(
    (
        *(".doc", ".docx", ".dot", ".dotx", ".ppt", ".pptx", ".odt", ".odp", ".odg"),
        *(".pages", ".key", ".msg", ".epub", ".vsd", ".vsdx"),
        *(".npz", ".pt", ".pth", ".whl", ".jar", ".html", ".htm", ".xhtml", ".svg", ".js", ".css"),
    )
)
"""Endings of names under which no table is kept, though the content may be packed or XML."""
TABLES = frozenset((".csv", ".tsv", ".xml", ".json", ".xlsx", ".xlsm", ".xls", ".gz", ".zip"))
"""Endings of names that promise a table: what is not readable there is damaged, not unrelated."""
MOST_CONTROLS = 0.1
"""Share of control characters from which on bytes are no text."""
CONTROLS = bytes(set(range(32)) - set(b"\t\n\r\f\v\x1b"))


def is_unrelated(path: Path, begin: bytes) -> bool:
    r"""Whether a file is one of those that lie beside the data.

    Args:
        path: of the file; the ending of its name counts.
        begin: how the content begins.

    >>> is_unrelated(Path("plant.png"), b"\x89PNG"), is_unrelated(Path("prices.csv"), b"MTU")
    (True, False)
    """
    suffix = path.suffix.lower()
    if suffix in DOCUMENTS or (begin.startswith(BEGINNINGS) and not _is_text(begin, suffix)):
        return True
    return suffix not in TABLES and not begin.startswith(b"PK") and not is_text(begin)


def is_text(begin: bytes) -> bool:
    """Whether bytes look like text, of any encoding but UTF-16 and UTF-32 without mark."""
    if begin.startswith((b"\xff\xfe", b"\xfe\xff")):
        return True
    return len(begin.translate(None, CONTROLS)) > (1 - MOST_CONTROLS) * len(begin)


def _is_text(begin: bytes, suffix: str) -> bool:
    """Whether a table begins like a picture by chance: `BMA,MZ` are cells, too."""
    return suffix in TABLES and is_text(begin[:200])
