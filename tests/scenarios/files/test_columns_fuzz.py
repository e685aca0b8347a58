"""Damaged maps and damaged files under a map: read and accounted for, or refused by name."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.files import countries, samples
from tests.scenarios.files.test_entsoe_imbalance import document, points, series
from tests.scenarios.files.test_ocpi import old_record, record
from tests.scenarios.files.test_tennet_json import answer
from tests.worlds import examples
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_load import read_columns_map
from vpp_gym.scenarios.files.folder import all_found, found
from vpp_gym.scenarios.files.options import ReadOptions

MAPS = Path(__file__).parents[3] / "examples" / "columns"
KNOWN = {
    "a85.xml": document(series(points({1: 20.0, 50: 25.0}, "A04") + points({1: 40.0}, "A05"))),
    "tennet.json": json.dumps(answer("2024-03-31")),
    "ocpi.json": json.dumps([record(0), old_record(1), record(2, credit=True)]),
}
SCRAPS = [
    *("", " ", "-", "0", "-1", "1e308", "99999999999999", "nan", "inf", "1,5", "1_000", "٣", "²"),
    *('"', ",", ";", "\t", "\n", "\0", "é", "9024", "0024", "24:00", "T", "Z", "null", "[", "}"),
    *("{", "]", ": ", "- ", "#", "&a ", "*a", "!!int ", "|", ">", "? ", "%", "@", "`", "~", "true"),
    *(
        "<a>",
        "</Period>",
        "<Point>",
        "&amp;",
        "A04",
        "2024-02-30",
        "+02:00",
        "utc",
        "stated",
        "EUR",
    ),
]


@st.composite
def damaged(draw, texts: dict[str, str]) -> tuple[str, str]:
    """Name and text of a file in which up to three places hold something else."""
    name = draw(st.sampled_from(sorted(texts)))
    text = texts[name]
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from([0, 1, 2, 4, 20, 1000]))
        text = text[:place] + draw(st.sampled_from(SCRAPS)) + text[place + gone :]
    return name, text


@examples(100)
@given(file=damaged({path.name: path.read_text("utf-8") for path in MAPS.glob("*.yaml")}))
def test_a_damaged_map_is_read_or_refused(tmp_path_factory, file):
    name, text = file
    path = tmp_path_factory.getbasetemp() / name
    path.write_text(text, encoding="utf-8")
    try:
        stated = read_columns_map(path)
    except InvalidInputError:
        return
    options = ReadOptions(columns=stated)
    assert ReadOptions.model_validate_json(options.model_dump_json()) == options


@examples(60)
@given(file=damaged(KNOWN))
def test_a_damaged_file_of_a_known_kind_is_accounted_for_or_refused(tmp_path_factory, file):
    name, text = file
    path = tmp_path_factory.getbasetemp() / name
    path.write_text(text, encoding="utf-8")
    accounted(found(path, ReadOptions(trust_unit=True, ocpi_zone="Europe/Brussels")))


def accounted(one) -> None:
    if one.error is not None:
        assert one.error.remedy
    elif one.rows is not None:
        assert one.rows.report.kept > 0


@pytest.fixture(scope="module")
def published(tmp_path_factory) -> dict[str, tuple[str, str]]:
    """The first lines of every file that a map reads, and its country."""
    texts = {}
    for country, write in countries.WRITE.items():
        folder = tmp_path_factory.mktemp(country)
        write(folder)
        stated = read_columns_map(MAPS / f"{country}.yaml")
        for path in folder.iterdir():
            for table in stated.map.tables_of(path.name):
                text = path.read_text(encoding=table.encoding)
                texts[path.name] = (country, _beginning(text, table.form))
    return texts


def _beginning(text: str, form: str) -> str:
    if form == "csv":
        return "\n".join(text.splitlines()[:12]) + "\n"
    return json.dumps({"data": json.loads(text)["data"][:8]})


@examples(60)
@given(data=st.data())
def test_a_damaged_file_under_a_map_is_accounted_for_or_refused(tmp_path_factory, published, data):
    name, text = data.draw(damaged({name: text for name, (_, text) in published.items()}))
    country, _ = published[name]
    stated = read_columns_map(MAPS / f"{country}.yaml")
    folder = tmp_path_factory.mktemp("damaged")
    path = samples.write(folder / name, text)
    for one in all_found(path, ReadOptions(trust_unit=True, columns=stated)):
        accounted(one)
