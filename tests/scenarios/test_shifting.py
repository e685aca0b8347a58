"""Years with habits: what depends on them, and what stays as it was."""

from __future__ import annotations

import numpy as np
import pytest

from vpp_gym.errors import InvalidInputError
from vpp_gym.evaluation.values import value_digest
from vpp_gym.params import DEFAULT
from vpp_gym.scenarios import Habits, ShiftingSource, SyntheticSource
from vpp_gym.scenarios.departures import leaving_step
from vpp_gym.scenarios.named import as_source
from vpp_gym.scenarios.shifting import early_prob

YEARS = SyntheticSource("validation", 2, dt_h=1.0)
NONE = dict.fromkeys(Habits.model_fields, 0.0)
OWNER = DEFAULT.owner


def left_early(scenario):
    really = leaving_step(scenario.sessions, OWNER, scenario.dt_h, scenario.n_steps)
    return really < scenario.sessions.departure_step


def test_without_strength_every_draw_stays():
    plain, shifted = YEARS.scenario(0), ShiftingSource(YEARS, NONE).scenario(0)
    for name in ("departure_draw", "owner_draw", "interest_draw"):
        own, other = (getattr(one.sessions, name) for one in (shifted, plain))
        np.testing.assert_allclose(own, other, atol=1e-12)
    np.testing.assert_allclose(early_prob(shifted), OWNER.early_departure_prob, atol=1e-12)


def test_what_drivers_declare_and_what_prices_are_stays():
    plain, shifted = YEARS.scenario(0), ShiftingSource(YEARS).scenario(0)
    for name in ("arrival_step", "departure_step", "arrival_soc", "target_soc", "capacity_kwh"):
        np.testing.assert_array_equal(
            getattr(shifted.sessions, name), getattr(plain.sessions, name)
        )
    np.testing.assert_array_equal(shifted.da_eur_per_kwh, plain.da_eur_per_kwh)


def test_the_share_that_leaves_early_is_the_stated_one_and_each_is_as_likely_as_told():
    scenario = ShiftingSource(YEARS).scenario(1)
    prob, early = early_prob(scenario), left_early(scenario)
    long = scenario.sessions.departure_step - scenario.sessions.arrival_step > 1
    assert prob.mean() == pytest.approx(OWNER.early_departure_prob, abs=1e-9)
    prob, early = prob[long], early[long]
    order = np.argsort(prob)
    for part in np.array_split(order, 8):
        spread = 4 * np.sqrt((prob[part] * (1 - prob[part])).sum()) / len(part)
        assert early[part].mean() == pytest.approx(prob[part].mean(), abs=spread)
    assert prob[order[-len(order) // 8 :]].mean() > 3 * prob[order[: len(order) // 8]].mean()


def test_when_early_drivers_leave_is_as_the_parameters_say():
    plain, shifted = YEARS.scenario(0), ShiftingSource(YEARS).scenario(0)
    shares = []
    for scenario in (plain, shifted):
        draw = scenario.sessions.departure_draw
        early = draw < OWNER.early_departure_prob
        shares.append(draw[early] / OWNER.early_departure_prob)
    levels = np.linspace(0.1, 0.9, 9)
    np.testing.assert_allclose(*(np.quantile(one, levels) for one in shares), atol=0.03)


def test_types_and_interest_follow_the_season():
    strong = {**NONE, "types_by_season": 1.0, "interest_by_season": 1.0}
    scenario = ShiftingSource(YEARS, strong, seed=4).scenario(0)
    day = (scenario.clock[scenario.sessions.arrival_step].astype("datetime64[D]")).astype(int)
    for name in ("owner_draw", "interest_draw"):
        draws = getattr(scenario.sessions, name)
        phase = scenario.notes["habits"]["phase"][
            f"{name.split('_')[0]}_by_season".replace("owner", "types")
        ]
        wave = np.cos(2 * np.pi * ((day - day.min()) / 365 - phase))
        assert draws[wave > 0.7].mean() < draws[wave < -0.7].mean() - 0.2
        assert (draws < 1).all()


def test_worlds_differ_and_come_again():
    source, again = ShiftingSource(YEARS), ShiftingSource(YEARS)
    notes = [source.scenario(k).notes["habits"]["phase"] for k in (0, 1)]
    assert notes[0] != notes[1]
    assert value_digest(source.scenario(1)) == value_digest(again.scenario(1))
    assert ShiftingSource(YEARS, seed=1).scenario(0).notes["habits"]["phase"] != notes[0]


def test_a_name_stands_for_it():
    source = as_source("shifting:test", 1.0)
    assert isinstance(source, ShiftingSource)
    assert source.name == "shifting synthetic:test"


@pytest.mark.parametrize(
    ("arguments", "field"),
    [
        (("synthetic:test",), "source"),
        ((YEARS, {"early_by_hours": 1.0}), "early_by_hours"),
        ((YEARS, {"early_by_hour": -1.0}), "early_by_hour"),
        ((YEARS, {"early_by_stay": float("nan")}), "early_by_stay"),
    ],
)
def test_wrong_arguments_are_named(arguments, field):
    with pytest.raises(InvalidInputError, match=field):
        ShiftingSource(*arguments)
