"""Parameters from files and from the command line: what is read, and what is refused."""

from __future__ import annotations

import json
from pathlib import Path

import gymnasium as gym
import pytest

import vpp_gym
from tests.worlds import plain_world
from vpp_gym.errors import InvalidInputError
from vpp_gym.params import DEFAULT, PRESETS, as_params
from vpp_gym.params.names import known_parameters, nearest
from vpp_gym.params.stated import joined, load_params, read_changes, set_changes
from vpp_gym.params.tariffs import TARIFFS

EXAMPLE = Path(__file__).parents[2] / "examples" / "site.yaml"


def written(folder: Path, text: str, name: str = "site.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_a_file_changes_what_it_names_and_nothing_else():
    params = load_params(EXAMPLE)
    assert params.site.n_chargers == 40
    assert params.contract.families == ("price_based", "control_based")
    assert params.contract.section("price_based").margin == 0.3
    assert params.market.replace(imbalance_pricing="dutch") == DEFAULT.market
    assert params.battery == DEFAULT.battery
    garage, _, lower = params.connection.groups
    assert (garage.export_kw, lower.chargers, lower.parent) == (100.0, "15-29", "garage")


def test_json_is_read_and_a_preset_is_changed(tmp_path: Path):
    path = written(tmp_path, '{"preset": "paper_2023", "site": {"n_chargers": 7}}', "site.json")
    assert load_params(path) == PRESETS["paper_2023"].replace(site={"n_chargers": 7})


@pytest.mark.parametrize(
    ("text", "field", "words"),
    [
        ("site:\n  n_charger: 4\n", "site.n_charger", "did you mean site.n_chargers?"),
        ("n_chargers: 4\n", "n_chargers", "did you mean site.n_chargers?"),
        ("contrct: {term_h: 4}\n", "contrct", "did you mean contract?"),
        ("contract: {price_based: {margn: 1}}\n", "contract.price_based.margn", "margin?"),
        ("site: {n_chargers: many}\n", "site.n_chargers", "valid integer"),
        ("site: {n_chargers: 4.5}\n", "site.n_chargers", "integer"),
        ("site: {n_chargers: true}\n", "site.n_chargers", "neither true nor false"),
        ("market: {imbalance_lag_steps: true}\n", "market.imbalance_lag_steps", "neither true"),
        ("owner: {types: [0.5, true]}\n", "owner.types", "neither true nor false"),
        ("site: {n_chargers: 0}\n", "site.n_chargers", "greater than or equal to 1"),
        ("site: {charge_kw: .inf}\n", "site.charge_kw", "number"),
        ("site: {charge_kw: 1e999}\n", "site.charge_kw", "finite number"),
        ("site: 4\n", "site", "a section: give any of n_chargers"),
        ("site:\n", "site", "a section"),
        ("site: {charge_kw: {of: 4}}\n", "site.charge_kw", "number"),
        ("preset: papr\n", "preset", "use one of default"),
        (
            "contract: {families: [price_base]}\n",
            "contract.families.0",
            "mean price_based?",
        ),
        ("market: {imbalance_pricing: duch}\n", "market.imbalance_pricing", "'dutch'"),
        ("owner: {early_departure_prob: 0.6}\n", "owner", "at most 1"),
    ],
)
def test_a_wrong_file_names_the_parameter_the_value_and_the_remedy(tmp_path, text, field, words):
    with pytest.raises(InvalidInputError) as refused:
        load_params(written(tmp_path, text))
    assert refused.value.field == f"site.yaml: {field}"
    assert words in refused.value.remedy
    assert "docs/parameters.md" in refused.value.remedy or "section" in refused.value.remedy


@pytest.mark.parametrize(
    "text",
    [
        "",
        "- 1\n",
        "40\n",
        "a: &x 1\nb: *x\n",
        "site: !!python/object/apply:os.system ['true']\n",
        "site: {n_chargers: 4}\n---\nsite: {}\n",
        "site: {n_chargers: 4, n_chargers: 5}\n",
        "site: {n_chargers: 4\n",
        "[" * 20 + "]" * 20,
        "? [1, 2]\n: 3\n",
        "x: " + "y" * 100_001,
    ],
    ids=range(11),
)
def test_what_is_no_plain_mapping_is_refused(tmp_path, text):
    with pytest.raises(InvalidInputError, match=r"site\.yaml"):
        read_changes(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InvalidInputError, match="existing file"):
        load_params(tmp_path / "none.yaml")


def test_words_set_one_parameter_each_and_the_last_counts():
    changes = set_changes(
        ["site.n_chargers=40", "contract.families=[price_based]", "site.n_chargers=41"]
    )
    assert changes == {"site": {"n_chargers": 41}, "contract": {"families": ["price_based"]}}
    assert set_changes(["market.bid_limit_kw=null"]) == {"market": {"bid_limit_kw": None}}
    assert as_params(set_changes(["guarantee=no"])).guarantee is False


@pytest.mark.parametrize("word", ["site.n_chargers", "=40", "site.=4", ".n_chargers=4"])
def test_a_word_without_name_or_value_is_refused(word):
    with pytest.raises(InvalidInputError, match="NAME=VALUE"):
        set_changes([word])


def test_a_wrong_word_names_the_option():
    with pytest.raises(InvalidInputError, match=r"--set site\.n_charger: .*site\.n_chargers\?"):
        set_changes(["site.n_charger=4"])


def test_later_changes_count_more_and_leave_the_rest():
    first = {"site": {"n_chargers": 4, "charge_kw": 22}}
    second = {"site": {"n_chargers": 5}}
    assert joined(first, second) == {"site": {"n_chargers": 5, "charge_kw": 22}}
    assert first["site"]["n_chargers"] == 4


def test_every_parameter_can_be_set_to_its_default():
    for name, one in known_parameters().items():
        assert as_params(set_changes([f"{name}={json.dumps(one.default)}"])) == DEFAULT, name


def test_the_nearest_name_is_told_only_if_it_is_near():
    known = known_parameters()
    assert nearest("wear", known) in ("", "did you mean owner.wear_eur_per_kwh? ")
    assert nearest("gate_closure", known) == "did you mean market.gate_closure_h? "
    assert nearest("xyz", known) == ""


def test_environments_and_runs_take_what_was_read():
    params = load_params(EXAMPLE)
    env = gym.make("VPPDayAhead-v0", scenario=plain_world(), params=params)
    assert env.unwrapped.core.params == params
    result = vpp_gym.evaluate("charge_on_arrival", plain_world(), params)
    assert result.metadata["params"]["site"]["n_chargers"] == 40


def test_the_name_of_a_file_in_the_place_of_a_preset_tells_how():
    with pytest.raises(InvalidInputError, match=r"vpp_gym\.load_params\('site\.yaml'\)"):
        as_params("site.yaml")


def test_a_name_stands_for_a_whole_tariff():
    stated = as_params(set_changes(["tariff=de", "storage.kwh=40", "storage.kw=20"]))
    assert stated.tariff == TARIFFS["de"]
    assert stated.storage.kwh == 40.0
    with pytest.raises(InvalidInputError, match=r"give any of currency.*, nl, de"):
        set_changes(["tariff=fr"])
