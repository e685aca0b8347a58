"""Names of time zones that mean another clock on another machine are refused wherever given."""

from __future__ import annotations

import json
from zoneinfo import ZoneInfo

import pytest

from tests.scenarios.files import samples
from tests.scenarios.files.test_ocpi import record
from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.files.columns_map import Table
from vpp_gym.scenarios.files.folder import found
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.scenario import Scenario
from vpp_gym.scenarios.zones import known_zone

ELSEWHERE = (
    "localtime", "posixrules", "Factory", "right/Europe/Amsterdam", "right/UTC",
    "posix/Europe/Amsterdam", "Europe/Amsterdam!", "Europe/Amsterdam ", " Europe/Amsterdam",
    "Europe/Amsterdam\n", "Europe//Amsterdam", "./UTC", "../UTC", "/etc/localtime", "Europe", "",
    ".", "zone.tab", "Europe/Amsterdam\0", "\ud800", 2, None, ["UTC"],
)  # fmt: skip


@pytest.mark.parametrize("name", ["Europe/Amsterdam", "UTC", "CET", "Etc/GMT-1", "EST5EDT"])
def test_places_and_offsets_are_known(name):
    assert known_zone(name) == name
    assert ZoneInfo(name).key == name


@pytest.mark.parametrize("name", ELSEWHERE)
def test_other_names_are_refused(name):
    with pytest.raises(InvalidInputError, match=r"timezone: got .*; give an IANA name"):
        known_zone(name)


@pytest.mark.parametrize("name", ["localtime", "right/Europe/Amsterdam"])
def test_they_are_refused_wherever_a_zone_is_given(name, tmp_path):
    with pytest.raises(InvalidInputError, match="timezone"):
        Scenario.from_arrays(da_eur_per_kwh=[0.1] * 24, im_eur_per_kwh=[0.1] * 24, timezone=name)
    for place in ("zone", "clock"):
        stated = {"zone": "UTC", "clock": "utc"} | {place: name}
        table = {
            "files": "a.csv",
            "zone": stated["zone"],
            "resolution": "PT60M",
            "time": {"start": "T", "clock": stated["clock"]},
            "prices": {"day_ahead": {"column": "P", "unit": "EUR/MWh"}},
        }
        with pytest.raises(ValueError, match="give an IANA name"):
            Table.model_validate(table)
    acn = samples.write(tmp_path / "acn.json", samples.acn(samples.acn_session(0, timezone=name)))
    assert "give an IANA name" in str(found(acn, ReadOptions()).error)
    ocpi = samples.write(tmp_path / "ocpi.json", json.dumps([record(0)]))
    assert "give an IANA name" in str(found(ocpi, ReadOptions(ocpi_zone=name)).error)
