"""The table of the local models: what it shows, how it is filtered and sorted, and the details."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.screens.host import NOTHING_YET, unnamed_bindings
from tests.screens.models_panel import GIB, QWEN, SIZES, Opened, _memory, files, models, opened
from tests.waiting import wait_until_async
from tui.engine.errors import ModelNotSupported
from tui.library.find import Source
from tui.library.local import LocalModel
from tui.screens.model_facts import ModelFactsScreen
from tui.screens.models import ModelsScreen

__all__ = ["_memory", "files", "models", "opened"]


@pytest.mark.parametrize("size", SIZES)
async def test_names_and_states_stand_in_every_size(opened, size):
    async with opened(size=size) as it:
        assert "loaded" in it.row("starter")
        assert "broken" in it.row("me/broken")


async def test_a_row_has_the_facts(opened):
    async with opened(size=(120, 40)) as it:
        row = it.row(QWEN)
        for fact in ("qwen3", "8.2B", "int4", "5.2 GB", "40,960"):
            assert fact in row
        assert "int4_asym" not in row
        titles = ("Name", "Architecture", "Parameters", "Weights", "Size", "Context", "Memory", "From", "State")
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        assert tuple(heading.split()) == titles


async def test_columns_stand_below_their_titles(opened):
    async with opened(size=(120, 40)) as it:
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        row = it.row(QWEN)
        assert heading.index("Architecture") == row.index("qwen3")
        assert heading.index("Size") + len("Size") == row.index("5.2 GB") + len("5.2 GB")
        assert heading.index("State") == it.row("me/broken").rindex("broken")


async def test_columns_stand_below_their_titles_also_where_a_scrollbar_comes_and_goes(opened, models):
    many = [replace(models[0], name=f"x{number}", path=Path(f"/x{number}")) for number in range(60)]

    def titles_fit(it: Opened) -> bool:
        heading = next(line for line in it.text.splitlines() if "Name" in line and "State" in line)
        return "qwen3" in it.text and heading.index("Architecture") == it.row(QWEN).index("qwen3")

    async with opened(size=(120, 40), found=[*models, *many]) as it:
        await it.press(*"qwen")
        await wait_until_async(lambda: titles_fit(it))
        await it.press("escape")
        await wait_until_async(lambda: titles_fit(it))
        await it.press(*"nothing", "escape")
        await wait_until_async(lambda: titles_fit(it))


async def test_the_details_of_the_marked_one_follow_the_cursor(opened):
    async with opened(size=(120, 40)) as it:
        await it.press("down")
        for fact in ("Qwen3ForCausalLM", "int4_asym g128, 5.2 GB", "40,960 tokens", "of 17 GB free", "~/m/qwen"):
            assert fact in it.text
        await it.press("down")
        assert "Qwen3ForCausalLM" not in it.text
        assert "hf download me/broken" in it.words


async def test_the_cursor_is_on_the_one_in_use_and_enter_answers_a_name(opened):
    async with opened(QWEN) as it:
        assert it.marked == QWEN
        await it.press("up", "enter")
        assert it.app.answer == "starter"
        await wait_until_async(lambda: it.services.active.status.title == "starter")


async def test_the_one_that_is_loaded_is_not_loaded_again(opened):
    async with opened() as it:
        await it.press("enter")
        assert it.app.answer == "starter"
        assert len(it.runner.loads) == 1


@pytest.mark.parametrize("size", SIZES)
async def test_a_broken_one_cannot_be_chosen_and_says_all_of_why(opened, size):
    async with opened(size=size) as it:
        await it.press("down", "down", "enter")
        assert it.app.answer is NOTHING_YET
        assert "hf download me/broken" in it.words
        assert len(it.runner.loads) == 1


async def test_one_of_another_kind_is_not_called_broken(opened, files):
    kind = ModelNotSupported("/m/bert is an embedding model: it gives vectors, not text.", "Choose a model for text.")
    async with opened(found=[LocalModel("bert", Path("/m/bert"), Source.MODELS, Path("/m"), None, kind)]) as it:
        assert "not for chat" in it.row("bert")
        assert "it gives vectors" in it.words


async def test_one_that_does_not_fit_says_why_and_may_be_tried(opened, monkeypatch):
    monkeypatch.setattr("tui.screens.models_reading.available_bytes", lambda: GIB)
    async with opened() as it:
        assert "not fit" in it.row(QWEN)
        await it.press("down")
        assert "needs at least 4.8 GiB of memory and 1.0 GiB are free" in it.words
        await it.press("enter")
        assert it.app.answer == QWEN


async def test_filtering(opened):
    async with opened() as it:
        await it.press(*"qwen", "enter")
        assert it.app.answer == QWEN


@pytest.mark.parametrize(
    ("typed", "found"), [("INT4", [QWEN]), ("broken", ["me/broken"]), ("loaded", ["starter"]), ("cache", [QWEN])]
)
async def test_filtering_by_what_the_rows_say(opened, typed, found):
    async with opened() as it:
        await it.press(*typed)
        assert it.names == found


async def test_nothing_that_matches(opened):
    async with opened() as it:
        await it.press(*"zzz")
        assert "No model has that" in it.text
        await it.press("enter", "alt+l", "alt+d", "alt+i")
        assert it.app.answer is NOTHING_YET
        assert it.app.screen is it.panel


async def test_sorting_goes_through_the_columns_and_back(opened):
    async with opened(size=(120, 40)) as it:
        as_found = it.names
        await it.press("alt+s")
        assert it.names == sorted(as_found, key=str.casefold)
        assert it.marked == "starter"
        assert "↓Name" in it.text
        await it.press("alt+s", "alt+s")
        assert it.names[0] == QWEN
        assert it.names[-1] == "me/broken"
        assert "by parameters" in it.text
        await it.press(*["alt+s"] * 7)
        assert it.names == as_found


async def test_names_are_neither_markup_nor_obeyed(opened):
    async with opened() as it:
        assert "1.0 MB" in it.row("[b]x[/b]␛[2J")


async def test_why_one_has_to_be_chosen(opened):
    async with opened("", reason="There is no model gone.") as it:
        assert "There is no model gone." in it.words
        assert "Models are looked for in" in it.words


@pytest.mark.parametrize("size", SIZES)
async def test_with_the_starter_alone_there_are_three_choices(opened, models, size):
    async with opened(found=models[:1], size=size) as it:
        for choice in ("Enter: use it", "Alt+P: pull a recommended model", "Alt+A: add a folder"):
            assert choice in it.words
    async with opened(size=size) as it:
        assert "Only the starter" not in it.words


async def test_no_model_at_all(opened):
    async with opened("", found=[]) as it:
        await it.press("enter", "down", "alt+l", "alt+u", "alt+d", "alt+i", "alt+s")
        assert "There is no model here. Models are looked for in" in it.words
        assert it.app.answer is NOTHING_YET


@pytest.mark.parametrize("size", SIZES)
async def test_all_details_on_a_panel_of_their_own(opened, size):
    async with opened(size=size) as it:
        await it.press("down", "alt+i")
        assert isinstance(it.app.screen, ModelFactsScreen)
        assert QWEN in it.text
        await it.press("end")
        assert "Hugging Face cache" in it.words


async def test_the_memory_that_another_context_takes(opened):
    async with opened(size=(120, 40)) as it:
        await it.press("down", "alt+i")
        await it.sees("KV cache at 40,960 tokens")
        await it.press("left")
        await it.sees("KV cache at 32,768 tokens")
        await it.press("right", "right", "right")
        await it.sees("KV cache at 40,960 tokens")
        await it.press(*["left"] * 20)
        await it.sees("KV cache at 512 tokens")


async def test_every_key_has_an_id_a_label_and_a_tooltip(opened):
    assert unnamed_bindings(ModelsScreen) == []
    async with opened() as it:
        assert "Enter Use it" in it.text
