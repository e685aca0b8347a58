"""Sessions of one's own through the simulator: all are served who were served on record."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from tests.scenarios.files import samples
from vpp_gym.evaluation.rollout import evaluate
from vpp_gym.scenarios.files.options import ReadOptions
from vpp_gym.scenarios.world import build_world
from vpp_gym.scenarios.world_file import read_world, write_world
from vpp_gym.scenarios.world_header import World, WorldOptions

FIRST = pd.Timestamp("2024-06-03")
DAYS = 10
READ = ReadOptions(elaad_clock="local", elaad_dates="month-first")
SPLITS = ("train", "validation", "test", "all")
POLICIES = ("charge_on_arrival", "charge_at_deadline")
"""The second serves nobody who leaves early."""
EXACT = {"early_departure_prob": 0.0, "late_departure_prob": 0.0}


@pytest.fixture
def build(tmp_path):
    """Builds the world of stays (start, hours, kWh, connector) beside ten days of prices."""

    def of(stays, **options) -> World:
        samples.write(tmp_path / "entsoe.csv", samples.entsoe_new(str(FIRST.date()), DAYS))
        samples.write(tmp_path / "tennet.csv", samples.tennet_new(str(FIRST.date()), DAYS))
        lines = [samples.ELAAD_HEADER]
        for number, (start, hours, kwh, plug) in enumerate(stays):
            stop, charge_h = start + pd.Timedelta(hours=hours), min(hours, kwh / 10)
            times = f"{start:%m/%d/%Y %H:%M},{stop:%m/%d/%Y %H:%M}"
            lines.append(f"{number},{plug},1,{times},c,{hours:g},{charge_h:g},{kwh:g},10.9")
        samples.write(tmp_path / "elaad.csv", lines)
        return build_world(tmp_path, READ, WorldOptions(**options))

    return of


def counted(result) -> dict[str, float]:
    return result.days.sum(numeric_only=True).to_dict()


def at(hours: float) -> pd.Timestamp:
    return FIRST + pd.Timedelta(minutes=round(60 * hours))


WEEK = [(at(24 * day + hour), 6.0, 0.0, f"p{hour}") for day in range(4) for hour in (8, 9, 17)]


@pytest.mark.parametrize(("zero_energy", "sign"), [("idle", False), ("keep", True)])
def test_cars_that_took_no_energy_sign_nothing_unless_asked_for(build, zero_energy, sign):
    world = build(WEEK, zero_energy=zero_energy)
    said = {"idle": "idle on their charger", "keep": "kept as batteries"}[zero_energy]
    assert world.provenance.counts[f"elaad.csv: sessions without energy, {said}"] == 12
    result = counted(evaluate("rolling_mpc_1h", world.scenario, end_step=96))
    assert result["arrivals"] == 12
    assert (result["contracts"] > 0) == sign
    assert (result["discharge_kwh"] > 0) == sign
    assert (result["charge_kwh"] > 0) == sign


def test_cars_that_took_no_energy_occupy_their_charger(build):
    world = build([*WEEK, (at(9.5), 2.0, 5.0, "other")])
    result = evaluate("charge_on_arrival", world.scenario, {"site": {"n_chargers": 1}})
    assert result.days["turned_away"][0] == 3


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize(
    "owner",
    [
        EXACT,
        {"early_departure_prob": 0.27, "late_departure_prob": 0.58},
        {"early_departure_prob": 1.0, "late_departure_prob": 0.0},
        {"early_departure_prob": 0.0, "late_departure_prob": 1.0},
    ],
)
def test_cars_cut_by_the_end_of_a_split_need_what_they_can_get(build, tmp_path, dt_h, owner):
    """60 kWh each evening from half past eight: 38.5 of it until midnight."""
    nights = [(at(24 * day + 20.5), 12.0, 60.0, "p") for day in range(DAYS)]
    world = build(nights, dt_h=dt_h)
    path = write_world(tmp_path / "world.parquet", world)
    for split in SPLITS:
        scenario = read_world(path, split)
        for policy in POLICIES[: 1 if owner["early_departure_prob"] else 2]:
            result = counted(evaluate(policy, scenario, {"owner": owner}))
            assert result["unserved_kwh"] == pytest.approx(0, abs=1e-9)
            assert result["fully_served"] == result["arrivals"] - result["turned_away"]
        need = (scenario.sessions.target_soc - scenario.sessions.arrival_soc) * 80 / 0.98
        reach = 38.5 if dt_h == 0.25 else 44.0  # the hour that contains half past eight counts
        np.testing.assert_allclose(need, [60.0] * (len(need) - 1) + [reach])
        assert scenario.notes["demands_capped_by_the_end"] == (split not in ("test", "all"))
    counts = world.provenance.counts
    said = [counts[f"{split}: demands capped by the end of the split"] for split in SPLITS[:3]]
    assert said == [1, 1, 1]


def test_whom_the_end_leaves_time_enough_keeps_the_target(build, tmp_path):
    world = build([(at(24 * day + 20.5), 12.0, 30.0, "p") for day in range(DAYS)], dt_h=0.25)
    assert not any("capped" in name for name in world.provenance.counts)
    scenario = read_world(write_world(tmp_path / "world.parquet", world), "train")
    np.testing.assert_array_equal(scenario.sessions.target_soc, 0.97)


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize("seed", range(3))
def test_cars_back_to_back_on_one_plug_are_all_served(build, dt_h, seed):
    rng = np.random.default_rng(seed)
    stays, begin = [], 7.0
    for minutes, gap, kwh in zip(
        rng.integers(10, 400, 35), rng.choice([0, 0, 5, 60], 35), rng.uniform(1, 9, 35), strict=True
    ):
        stays.append((at(begin), round(minutes / 60, 2), round(min(kwh, minutes / 8), 2), "p"))
        begin = round(begin * 60 + minutes + gap) / 60
    world = build(stays, dt_h=dt_h)
    assert world.provenance.facts["most connected at once"] <= 2  # of stays to the hundredth
    result = counted(
        evaluate("charge_on_arrival", world.scenario, {"site": {"n_chargers": 1}, "owner": EXACT})
    )
    assert (result["arrivals"], result["turned_away"]) == (35, 0)
    assert result["unserved_kwh"] == pytest.approx(0, abs=1e-9)


def test_as_many_chargers_as_cars_at_once_turn_nobody_away(build):
    rng = np.random.default_rng(7)
    stays = [
        (at(hour), round(stay, 2), 1.0, f"p{i}")
        for i, (hour, stay) in enumerate(
            zip(np.sort(rng.uniform(0, 230, 300)), rng.exponential(5, 300) + 0.1, strict=True)
        )
    ]
    for dt_h in (1.0, 0.25):
        world = build(stays, dt_h=dt_h)
        chargers = world.provenance.facts["most connected at once"]
        params = {"site": {"n_chargers": chargers}, "owner": EXACT}
        result = counted(evaluate("charge_on_arrival", world.scenario, params))
        assert (result["arrivals"], result["turned_away"]) == (300, 0)


def test_the_world_says_when_cars_arrive_on_the_clock_of_its_prices(build):
    facts = build(WEEK).provenance.facts
    assert facts["arrivals by hour"] == "0 0 0 0 0 0 0 0 4 4 0 0 0 0 0 0 0 4" + " 0" * 6
    assert facts["median arrival"] == "09:00"
    assert facts["most connected at once"] == 2
