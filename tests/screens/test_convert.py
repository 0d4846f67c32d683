"""The form for a conversion: what it says before it begins, what it asks, and errors in place."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import pytest
from textual.events import Key, Paste
from textual.widgets import Input

from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.engine.errors import OvchatError
from tui.library.amounts import size_text
from tui.library.conversion.environment import Environment
from tui.library.conversion.need import FETCHED, INSTALLED, Need
from tui.library.conversion.pins import pins_for
from tui.library.conversion.plan import Plan
from tui.library.conversion.presets import PRESETS
from tui.library.conversion.source import Source, Stored
from tui.library.jobs import Kind
from tui.screens.convert import ConvertScreen
from tui.screens.dialogs import ConfirmDialog, OptionsDialog, TextDialog
from tui.screens.models import ModelsScreen

GB = 10**9


class Planner:
    """Plans whatever is asked for; remembers what that was."""

    def __init__(self, home: Path) -> None:
        self.asked: list[dict[str, Any]] = []
        self.error: OvchatError | None = None
        pins = pins_for("qwen3")
        source = Source("me/big", None, None, {"model_type": "qwen3"}, Stored(3 * GB, 1_500_000_000))
        self.plan = Plan(
            source=source,
            weights=PRESETS["int4"].weights,
            name="big-int4-ov",
            models=home / "models",
            begun=None,
            environment=Environment(pins, home / "tools", home / "tools" / "python"),
            need=Need(GB, 0, 6 * GB, 5 * GB),
            free_disk=50 * GB,
            free_memory=16 * GB,
            trust=False,
            notices=(),
        )

    def __call__(self, asked: str, stop: object, **others: Any) -> Plan:
        self.asked.append({"asked": asked, **others})
        if self.error is not None:
            raise self.error
        return dataclasses.replace(self.plan, name=others["name"] or self.plan.name, trust=others["trust"])


@pytest.fixture
def planner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Planner:
    planner = Planner(tmp_path)
    monkeypatch.setattr("tui.screens.convert.plan_conversion", planner)
    return planner


async def open_form(chat: Chat) -> None:
    await chat.press("f3")
    await chat.panel(ModelsScreen)
    await chat.press("alt+c")
    await chat.panel(ConvertScreen)


async def dialog(chat: Chat, kind: type[Any]) -> None:
    await chat.until(lambda: isinstance(chat.app.screen, kind))


async def give_source(chat: Chat) -> None:
    await chat.press("enter")
    await dialog(chat, TextDialog)
    await chat.press(*"me/big", "enter")
    await chat.panel(ConvertScreen)


def test_every_key_has_an_id_a_label_and_a_tooltip() -> None:
    assert unnamed_bindings(ConvertScreen) == []


async def test_what_is_typed_where_the_source_is_marked_begins_it(opened: OpenChat, planner: Planner) -> None:
    async with opened() as chat:
        await open_form(chat)
        for key in (*"me/big", "enter"):  # as they are read where they come in one piece
            chat.app.post_message(Key(key, key if len(key) == 1 else None))
        await chat.until(lambda: planner.asked and planner.asked[-1]["asked"] == "me/big")
        await chat.panel(ConvertScreen)
        await chat.press("x")
        await dialog(chat, TextDialog)
        await chat.until(lambda: chat.app.screen.query_one(Input).value == "x", "it begins anew")
        await chat.press("escape")
        await chat.panel(ConvertScreen)
        chat.app.post_message(Paste("~/other"))
        await dialog(chat, TextDialog)
        await chat.press("enter")
        await chat.until(lambda: planner.asked[-1]["asked"] == "~/other")
        await chat.panel(ConvertScreen)
        await chat.press("down", "x")
        assert isinstance(chat.app.screen, ConvertScreen), "the weights are not typed"


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_it_takes_is_said_before_it_begins(opened: OpenChat, planner: Planner, size) -> None:
    async with opened(size=size) as chat:
        await open_form(chat)
        await give_source(chat)
        await chat.sees("me/big: qwen3, 1.5B weights, 3.0 GB")
        await chat.sees("big-int4-ov: int4, groups of 128, about 1.0 GB")
        await chat.sees("about 6.0 GB while it runs; 50 GB are free")
        await chat.sees("about 5.0 GB; 16 GB are free")
        await chat.sees("not here yet: ")
        await chat.sees(f"about {size_text(FETCHED)} to fetch, {size_text(INSTALLED)} on the disk")
        assert chat.app.services.jobs.all == ()


async def test_it_begins_after_the_question_and_goes_on_in_the_strip(
    opened: OpenChat, planner: Planner, monkeypatch
) -> None:
    begun = []
    monkeypatch.setattr("tui.library.conversion.work.convert", lambda *given, **_: begun.append(given) or _wait(given))
    async with opened() as chat:
        await open_form(chat)
        await give_source(chat)
        await chat.press(*["down"] * 4)
        await chat.sees("Enter Convert")
        await chat.press("enter")
        await dialog(chat, OptionsDialog)
        await chat.sees(f"About {size_text(FETCHED)} are fetched")
        assert chat.app.services.jobs.all == ()
        await chat.press("1")
        await chat.panel(ModelsScreen)
        (job,) = chat.app.services.jobs.all
        assert (job.work.kind, job.work.name) == (Kind.CONVERSION, "big-int4-ov")
        await chat.until(lambda: begun)
        await chat.sees("conversion")


def _wait(given: tuple[Any, ...]) -> Any:
    from tui.engine.errors import Cancelled

    given[3].wait()
    raise Cancelled


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_what_weights_are_good_for_is_not_cut_off(opened: OpenChat, planner: Planner, size) -> None:
    async with opened(size=size) as chat:
        await open_form(chat)
        await chat.press("down", "enter")
        await dialog(chat, OptionsDialog)
        for name, preset in PRESETS.items():
            await chat.sees(f"{name}: {preset.good_for}")


async def test_weights_name_and_code_are_chosen(opened: OpenChat, planner: Planner) -> None:
    async with opened() as chat:
        await open_form(chat)
        await give_source(chat)
        await chat.press("down", "enter")
        await dialog(chat, OptionsDialog)
        await chat.press("4")
        await chat.until(lambda: planner.asked[-1]["weights"] == PRESETS["int8"].weights)
        await chat.panel(ConvertScreen)
        await chat.press("down", "enter")
        await dialog(chat, TextDialog)
        await chat.press(*"mine", "enter")
        await chat.until(lambda: planner.asked[-1]["name"] == "mine")
        await chat.panel(ConvertScreen)
        assert not planner.asked[-1]["trust"]
        await chat.press("down", "enter")
        await dialog(chat, ConfirmDialog)
        await chat.sees("with all that you may do")
        await chat.press("enter")
        await chat.panel(ConvertScreen)
        assert not planner.asked[-1]["trust"], "no is what Enter takes"
        await chat.press("enter")
        await dialog(chat, ConfirmDialog)
        await chat.press("y")
        await chat.until(lambda: planner.asked[-1]["trust"])


async def test_short_memory_is_asked_about_first(opened: OpenChat, planner: Planner) -> None:
    planner.plan = dataclasses.replace(planner.plan, free_memory=2 * GB)
    async with opened() as chat:
        await open_form(chat)
        await give_source(chat)
        await chat.press(*["down"] * 4, "enter")
        await dialog(chat, ConfirmDialog)
        await chat.sees("It needs about 5.0 GB, and 2.0 GB are free.")
        await chat.press("n")
        await chat.panel(ConvertScreen)
        assert chat.app.services.jobs.all == ()


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_of_a_very_long_source_both_ends_and_the_next_step_are_told(opened: OpenChat, planner, size) -> None:
    path = f"/begin/{'x' * 10_000}/end"
    planner.error = OvchatError(f"There is no folder {path}.", "Give another one.")
    async with opened(size=size) as chat:
        await open_form(chat)
        chat.app.post_message(Paste(path))
        await dialog(chat, TextDialog)
        await chat.press("enter")
        await chat.sees("There is no folder /begin/xxx")
        await chat.sees("/end. Give another one.")


async def test_errors_stand_in_place(opened: OpenChat, planner: Planner) -> None:
    planner.error = OvchatError("There is no [b]folder[/b]\x1b[2J.", "Give another one.")
    async with opened() as chat:
        await open_form(chat)
        await chat.press(*["down"] * 4, "enter")
        await chat.sees("There is nothing to convert yet: choose a source.")
        await chat.press(*["up"] * 4)
        await give_source(chat)
        await chat.sees("There is no [b]folder[/b]␛[2J. Give another one.")


async def test_what_is_in_the_way_is_said_again_where_it_is_begun_all_the_same(
    opened: OpenChat, planner: Planner
) -> None:
    planner.error = OvchatError("There is a model big already.", "Give another name.")
    async with opened() as chat:
        await open_form(chat)
        await give_source(chat)
        await chat.sees("There is a model big already.")
        await chat.sees("not yet, see below")
        await chat.press(*["down"] * 4, "enter")
        await chat.until(lambda: len(planner.asked) == 2)
        await chat.sees("There is a model big already.")
        planner.error = None
        await chat.press("enter")
        await chat.sees("Enter begins it")
