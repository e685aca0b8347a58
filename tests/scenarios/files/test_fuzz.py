"""Whatever happens to a file: it is read and every row accounted for, or it is refused by name."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from tests.scenarios.files import samples
from tests.worlds import examples
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.options import ReadOptions

DAY = "2024-03-31"
READ = ReadOptions(
    elaad_clock="local", elaad_dates="month-first", tennet_dates="month-first", trust_unit=True
)
FILES = {
    "new.csv": samples.entsoe_new(DAY),
    "old.csv": samples.entsoe_old(DAY),
    "tennet.csv": samples.tennet_new(DAY, dual=(4,))[:20],
    "tennet_old.csv": samples.tennet_old(DAY)[:20],
    "elaad.csv": samples.elaad(DAY, 12),
    "entsoe.xml": [samples.document(samples.entsoe_xml(DAY))],
    "acn.json": [samples.acn(*(samples.acn_session(i) for i in range(3)))],
}
SCRAPS = [
    *("", " ", "-", "0", "-1", "1e308", "99999999999999", "nan", "inf", "1,5", "1_000", "٣", "²"),
    *('"', ",", ";", "\t", "\n", "\0", "é", "9024", "0024", "24:00", "T", "Z", "null", "[", "}"),
    *("<a>", "</Period>", "<Point>", "&amp;", "&x;", "CEST", "2024-02-30"),
]


@st.composite
def damaged(draw) -> tuple[str, str]:
    """Name and text of a file in which up to three places hold something else."""
    name = draw(st.sampled_from(sorted(FILES)))
    text = "\n".join(FILES[name]) + "\n"
    for _ in range(draw(st.integers(1, 3))):
        place = draw(st.integers(0, len(text)))
        gone = draw(st.sampled_from([0, 1, 2, 4, 20, 1000]))
        text = text[:place] + draw(st.sampled_from(SCRAPS)) + text[place + gone :]
    return name, text


@examples(120)
@given(file=damaged())
def test_a_damaged_file_is_accounted_for_or_refused(tmp_path_factory, file):
    name, text = file
    path = tmp_path_factory.getbasetemp() / name
    path.write_text(text, encoding="utf-8")
    one = found(path, READ)
    if one.error is not None:
        assert one.error.remedy
    elif one.rows is not None:
        assert one.rows.report.kept == len(one.rows.rows) > 0
