"""The user's own presets beside the app's."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from tui.chat.presets import PRESETS, Presets, all_presets, name_of, preset_of, step, use, values_of
from tui.engine.sampling_params import SamplingParams
from tui.engine.sampling_resolve import resolve
from tui.store.settings import Settings

MINE = {"temperature": 0.4, "top_k": 0, "top_p": 1.0, "min_p": 0.02, "repetition_penalty": 1.1}


def test_a_preset_of_the_users_comes_after_the_apps_or_in_the_place_of_one() -> None:
    settings = Settings({}, {"presets.my.own.top_k": 9, "presets.precise.temperature": 0.0})
    known = all_presets(settings)
    assert list(known) == ["precise", "balanced", "creative", "my.own"]
    assert known["precise"] == {"temperature": 0.0}
    assert known["my.own"] == {"top_k": 9}


def test_it_is_stepped_through_and_nothing_of_it_is_left() -> None:
    known: Presets = {**PRESETS, "mine": MINE}
    set_here: dict[str, Any] = {"max_tokens": 100}
    names = []
    for _ in range(6):
        current = resolve({}, {}, set_here)
        names.append(name_of(current, set_here, known))
        set_here = step(current.params, set_here, known)
    assert names == ["default", "precise", "balanced", "creative", "mine", "default"]
    assert set_here == {"max_tokens": 100, **PRESETS["precise"]}


def test_using_one_takes_away_what_another_set_and_nothing_else() -> None:
    known: Presets = {**PRESETS, "mine": MINE}
    here = use("mine", {"seed": 3, "presence_penalty": 1.0}, known)
    assert here == {"seed": 3, "presence_penalty": 1.0, **MINE}
    assert use("balanced", here, known) == {"seed": 3, "presence_penalty": 1.0, **PRESETS["balanced"]}
    assert use("", here, known) == {"seed": 3, "presence_penalty": 1.0}


def test_what_is_saved_are_the_values_of_drawing_and_the_penalties_that_are_not_off() -> None:
    params = SamplingParams(**MINE, seed=3, max_tokens=5)
    assert values_of(params) == MINE
    assert preset_of(params, {**PRESETS, "mine": values_of(params)}) == "mine"


PRESET = st.fixed_dictionaries(
    {},
    optional={
        "temperature": st.sampled_from([0.2, 0.7, 1.2]),
        "top_k": st.sampled_from([0, 40]),
        "top_p": st.just(0.9),
    },
)


@given(st.dictionaries(st.sampled_from([*PRESETS, "a", "b", "c"]), PRESET))
def test_whatever_the_presets_say_the_steps_come_back_to_none(own: dict[str, dict[str, Any]]) -> None:
    known = {**PRESETS, **own}
    set_here: dict[str, Any] = {"temperature": 0.1}
    for _ in range(len(known) + 2):
        set_here = step(resolve({}, {}, set_here).params, set_here, known)
        if not set_here:
            break
    assert set_here == {}
