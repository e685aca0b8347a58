"""Kernels of the synthetic source against the plain NumPy that they stand for, bit for bit."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vpp_gym.errors import InvalidInputError
from vpp_gym.scenarios.calibration import dutch_2018_2019
from vpp_gym.scenarios.quantiles import class_of, from_quantiles, from_scores
from vpp_gym.scenarios.scenario import Scenario, Sessions
from vpp_gym.scenarios.site_mix import stay_hours, week_of
from vpp_gym.scenarios.synthetic import SyntheticSource
from vpp_gym.scenarios.synthetic_params import SiteMix
from vpp_gym.scenarios.synthetic_prices import scores_with_memory
from vpp_gym.scenarios.synthetic_sessions import _arrival_hours, _by_minute, draw_sessions, weekday

DATES = np.datetime64("2019-01-01") + np.arange(60)
numbers = st.floats(-5, 5).map(lambda value: round(value, 2))


@st.composite
def tables(draw):
    """Rising edges, a table of two rows over them, and values: some on the edges, some outside."""
    edges = np.sort(draw(st.lists(numbers, min_size=2, max_size=30, unique=True)))
    rows = st.lists(numbers, min_size=len(edges), max_size=len(edges))
    table = np.array([draw(rows), draw(rows)])
    values = np.array(draw(st.lists(numbers, max_size=20)) + list(edges))
    return edges, table, values


@given(tables())
def test_class_counts_the_edges_below(given):
    edges, _, values = given
    assert class_of(edges, values).tolist() == np.searchsorted(edges, values).tolist()


def test_class_where_all_edges_are_one_point():
    assert class_of(np.full(4, 0.04), np.array([0.0, 0.04, 1.0])).tolist() == [0, 0, 4]


@given(tables())
def test_scores_interpolate_as_numpy_does(given):
    scores, table, values = given
    row = np.arange(len(values)) % 2
    wanted = np.array([np.interp(values, scores, one) for one in table])[row, np.arange(len(row))]
    assert (from_scores(scores, table, row, values) == wanted).all()


@given(tables())
def test_quantiles_interpolate_within_the_table(given):
    levels, table, values = given
    row = np.arange(len(values)) % 2
    right = np.clip(np.searchsorted(levels, values), 1, len(levels) - 1)
    share = np.clip((values - levels[right - 1]) / (levels[right] - levels[right - 1]), 0, 1)
    low, high = table[row, right - 1], table[row, right]
    assert (from_quantiles(levels, table, row, values) == low + share * (high - low)).all()


def test_scores_draw_as_numpy_does():
    memory, n = dutch_2018_2019().da_memory, 20_000
    plain, kernel = (np.random.default_rng(7) for _ in range(2))
    wanted = np.zeros(n)
    for weight, decay, period in memory:
        angle = 2 * np.pi / period if period else 0.0
        noise = plain.standard_normal((2, n))
        fresh, (x, y) = np.sqrt(1 - decay * decay), noise[:, 0]
        first = [x]
        for to_x, to_y in noise.T[1:].tolist():
            turned = np.cos(angle) * x - np.sin(angle) * y
            y = decay * (np.sin(angle) * x + np.cos(angle) * y) + fresh * to_y
            x = decay * turned + fresh * to_x
            first.append(x)
        wanted += np.sqrt(weight) * np.array(first)
    assert scores_with_memory(kernel, memory, n).tobytes() == wanted.tobytes()
    assert kernel.random() == plain.random()


@pytest.mark.parametrize("per_hour", [0, 1, 1000])
def test_arrivals_are_sorted_by_time_and_stay_in_order_within_a_minute(per_hour):
    rng = np.random.default_rng(0)
    hour = np.repeat(np.arange(48), rng.poisson(per_hour, 48))
    minute = rng.integers(60, size=len(hour))
    order = np.argsort(hour + minute / 60, kind="stable")
    assert _by_minute(hour, minute).tolist() == order.tolist()


@pytest.mark.parametrize("mix", [SiteMix(), SiteMix(public=0.5, workplace=0.3, home=0.2)])
def test_sessions_are_the_draws_of_the_plain_program(mix):
    """The program as it reads without kernels: all columns first, then sorted."""
    fitted, week = dutch_2018_2019(), week_of(dutch_2018_2019(), mix)
    drawn = draw_sessions(
        np.random.default_rng(3), fitted, DATES, sessions_per_day=80.0, dt_h=0.25, mix=mix
    )
    rng = np.random.default_rng(3)
    hour = _arrival_hours(rng, fitted, week, DATES, 80.0)
    uniform, behaviour = rng.random((5, len(hour))), rng.random((2, len(hour)))
    start_h = hour + np.floor(uniform[0] * 60) / 60
    day = weekday(DATES)[hour // 24]
    stay_h = stay_hours(fitted, week, day, start_h - 24 * (hour // 24), uniform[1])
    arrival = np.floor(start_h / 0.25).astype(np.int64)
    order = np.argsort(start_h, kind="stable")
    departure = np.minimum(arrival + np.ceil(stay_h / 0.25).astype(np.int64), 96 * len(DATES))
    assert drawn.arrival_step.tolist() == arrival[order].tolist()
    assert drawn.departure_step.tolist() == departure[order].tolist()
    assert drawn.owner_draw.tobytes() == uniform[4, order].tobytes()
    assert drawn.departure_draw.tobytes() == behaviour[0, order].tobytes()
    assert drawn.interest_draw.tobytes() == behaviour[1, order].tobytes()


@pytest.mark.parametrize("dt_h", [1.0, 0.25])
@pytest.mark.parametrize("params", [None, "home", "price_crisis", "more_renewables"])
def test_what_the_source_does_not_check_would_pass_the_check(params, dt_h):
    built = SyntheticSource("train", params=params, dt_h=dt_h, days=40).scenario(1)
    checked = Scenario.from_arrays(
        **{
            name: value
            for name, value in vars(built).items()
            if name not in ("clock", "period", "day")
        }
    )
    assert checked.notes == built.notes
    assert (checked.start, checked.start.dtype) == (built.start, built.start.dtype)
    for name, column in vars(checked.sessions).items():
        same = getattr(built.sessions, name)
        assert (same.dtype, same.tobytes()) == (column.dtype, column.tobytes()), name
    assert isinstance(built.sessions, Sessions)


def test_prices_beyond_any_market_are_refused():
    wild = {"price": {"level_factor": 100, "im_volatility_factor": 100}}
    with pytest.raises(InvalidInputError, match="eur_per_kwh"):
        SyntheticSource(params=wild, days=30).scenario(0)
