"""The sampling panel beside the transcript."""

from __future__ import annotations

import threading
import tomllib
from pathlib import Path

import pytest
from textual.events import Key
from textual.widgets import Input, Static

from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.engine import filter_stages
from tui.screens.dialogs import OptionsDialog
from tui.screens.presets import PresetsScreen
from tui.screens.sampling_panel import NAMES, SamplingPanel
from tui.screens.value_dialog import ValueDialog
from tui.store.settings_file import SettingsFile
from tui.widgets.distribution import Distribution
from tui.widgets.sampling_list import SamplingList

WIDE, SMALL = (120, 40), (80, 24)


async def panel(chat: Chat, name: str = "temperature") -> SamplingPanel:
    """The panel, with the cursor on a value."""
    await chat.press("f5")
    await chat.until(lambda: chat.screen.query(SamplingPanel) and chat.screen.query_one(SamplingPanel).list.has_focus)
    found = chat.screen.query_one(SamplingPanel)
    await chat.press(*["down"] * NAMES.index(name))
    await chat.until(lambda: found.list.current is not None and found.list.current.name == name)
    return found


def told(panel: SamplingPanel) -> str:
    return str(panel.query_one(".sampling--told", Static).content)


def shown_value(panel: SamplingPanel, name: str) -> tuple[str, str]:
    """A value and its source."""
    return next((each.value, each.source) for each in panel.list.rows.items if each.name == name)


def test_every_key_has_a_name_and_a_sentence() -> None:
    assert unnamed_bindings(SamplingList) == []
    assert unnamed_bindings(PresetsScreen) == []


@pytest.mark.parametrize("size", [WIDE, SMALL, (40, 12)])
async def test_every_value_is_shown_with_its_source(opened: OpenChat, size: tuple[int, int]) -> None:
    user = {"sampling.min_p": 0.02, "models.scripted.sampling.top_p": 0.8}
    async with opened(size=size, user=user) as chat:
        chat.session.set_sampling({"top_k": 7})
        values = await panel(chat)
        assert [each.name for each in values.list.rows.items] == NAMES
        assert shown_value(values, "temperature") == ("0.7", "default")
        assert shown_value(values, "min_p") == ("0.02", "user")
        assert shown_value(values, "top_p") == ("0.8", "this model")
        assert shown_value(values, "top_k") == ("7", "conversation")
        line = next(line for line in (await chat.still()).splitlines() if "› temperature" in line)
        assert line.split()[-2:] == (["0.7", "default"] if size[0] > 40 else ["temperature", "0.7"])


async def test_beside_the_talk_the_prompt_goes_on_and_over_it_the_panel_leaves_with_the_focus(opened: OpenChat) -> None:
    async with opened(size=WIDE) as chat:
        values = await panel(chat)
        assert chat.pane.region.right <= values.region.x
        await chat.press("f2", *"hello")
        assert chat.prompt.text == "hello"
        assert values.is_attached
        await chat.press("f5")
        await chat.until(lambda: values.list.has_focus)
        await chat.resize(*SMALL)
        assert chat.pane.region.width == SMALL[0]
        await chat.press("f2")
        await chat.until(lambda: not chat.screen.query(SamplingPanel))
        assert chat.prompt.has_focus


@pytest.mark.parametrize("key", ["f5", "escape"])
async def test_it_closes_and_the_prompt_has_the_focus(opened: OpenChat, key: str) -> None:
    async with opened() as chat:
        await panel(chat)
        await chat.press(key)
        await chat.until(lambda: not chat.screen.query(SamplingPanel) and chat.prompt.has_focus)


async def test_arrow_keys_change_a_value_of_this_conversation_for_the_next_turn(opened: OpenChat) -> None:
    async with opened(size=WIDE) as chat:
        values = await panel(chat, "top_k")
        await chat.press("right", "right", "left", "up", "left")
        assert chat.session.conversation.sampling == {"top_k": 50, "temperature": 0.6}
        assert shown_value(values, "top_k") == ("50", "conversation")
        await chat.until(lambda: "T 0.6" in chat.status)
        await chat.press("escape")
        await chat.write("Hello")
        await chat.idle(2)
        sampling = chat.session.messages[-1].facts.sampling
        assert (sampling["top_k"], sampling["temperature"]) == (50, 0.6)


async def test_keys_that_come_at_once_are_for_what_was_marked_when_they_came(opened: OpenChat) -> None:
    async with opened() as chat:
        values = await panel(chat)
        for key in ("right", "right", "down", "left", "delete", "down", "right"):
            chat.app.post_message(Key(key, None))
        await chat.until(lambda: values.list.current is not None and values.list.current.name == "top_p")
        await chat.still()
        assert chat.session.conversation.sampling == {"temperature": 0.9, "top_p": 0.95}


async def test_a_value_is_typed_and_one_that_does_not_go_with_the_others_is_refused(opened: OpenChat) -> None:
    async with opened() as chat:
        values = await panel(chat, "min_tokens")
        chat.session.set_sampling({"max_tokens": 10})
        for text, after in [("5", {"max_tokens": 10, "min_tokens": 5}), ("50", {"max_tokens": 10, "min_tokens": 5})]:
            await chat.press("enter")
            (await chat.panel(ValueDialog)).query_one(Input).value = text
            await chat.press("enter")
            await chat.until(lambda: chat.app.screen is chat.screen)
            await chat.still()
            assert chat.session.conversation.sampling == after
        assert "min_tokens is 50, it must be at most max_tokens" in told(values)


async def test_texts_at_which_it_ends_are_typed(opened: OpenChat) -> None:
    async with opened() as chat:
        values = await panel(chat, "stop")
        await chat.press("right")
        await chat.until(lambda: "Enter lets you type" in told(values))
        await chat.press("enter")
        (await chat.panel(ValueDialog)).query_one(Input).value = '["[b]", "\\n"]'
        await chat.press("enter")
        await chat.until(lambda: chat.session.conversation.sampling == {"stop": ("[b]", "\n")})


async def test_what_was_set_is_taken_back_from_the_nearest_to_the_farthest(opened: OpenChat) -> None:
    async with opened(user={"sampling.top_p": 0.5, "models.scripted.sampling.top_p": 0.6}) as chat:
        values = await panel(chat, "top_p")
        await chat.press("right")
        seen = [shown_value(values, "top_p")]
        for _ in range(3):
            await chat.press("delete")
            seen.append(shown_value(values, "top_p"))
        assert seen == [("0.65", "conversation"), ("0.6", "this model"), ("0.5", "user"), ("0.9", "default")]
        assert chat.app.services.settings.user == {}
        await chat.press("delete")
        assert told(values) == "You have not set top_p."


async def test_why_a_value_is_not_used_is_said(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.session.set_sampling({"temperature": 0})
        values = await panel(chat, "top_k")
        assert "not used while greedy: temperature is 0" in told(values)
        assert "(40)  default" in await chat.still()


@pytest.mark.parametrize(
    ("choice", "saved"),
    [
        ("1", {"sampling": {"top_p": 0.5}, "models": {"scripted": {"sampling": {"temperature": 0.8, "min_p": 0.1}}}}),
        ("2", {"sampling": {"top_p": 0.5, "temperature": 0.8}, "models": {"scripted": {"sampling": {"min_p": 0.1}}}}),
    ],
)
async def test_what_the_conversation_sets_is_kept_for_its_model_or_for_all(
    opened: OpenChat, tmp_path: Path, choice: str, saved: dict[str, object]
) -> None:
    user = {
        "sampling.top_p": 0.5,
        "models.scripted.sampling.temperature": 0.7,
        "models.scripted.sampling.min_p": 0.1,
    }
    async with opened(user=user) as chat:
        values = await panel(chat)
        await chat.press("s")
        await chat.until(lambda: "sets nothing of its own" in told(values))
        await chat.press("right", "S")  # as it is shown
        await chat.panel(OptionsDialog)
        await chat.press(choice)
        await chat.until(lambda: chat.session.conversation.sampling == {})
        assert tomllib.loads((tmp_path / "settings.toml").read_text()) == saved
        assert shown_value(values, "temperature") == ("0.8", "this model" if choice == "1" else "user")
        await chat.new_chat()
        assert chat.session.sampling().params.temperature == 0.8


async def test_what_cannot_be_kept_stays_this_conversations(opened: OpenChat, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    async with opened() as chat:
        values = await panel(chat)
        monkeypatch.setattr(SettingsFile, "_write", fail)
        await chat.press("right", "s")
        await chat.panel(OptionsDialog)
        await chat.press("1")
        await chat.until(lambda: "Permission denied" in told(values))
        assert chat.session.conversation.sampling == {"temperature": 0.8}


async def test_f6_f7_f8_and_the_panel_agree(opened: OpenChat) -> None:
    async with opened(size=WIDE) as chat:
        values = await panel(chat)
        await chat.press("f7")
        await chat.until(lambda: shown_value(values, "temperature") == ("0.8", "conversation"))
        await chat.press("f8")
        await chat.until(lambda: shown_value(values, "temperature") == ("1.2", "conversation"))
        assert "creative" in await chat.still()
        await chat.press("left")
        await chat.until(lambda: "T 1.1" in chat.status)


async def test_the_picture_is_that_of_the_last_step_with_the_values_of_now(opened: OpenChat) -> None:
    async with opened(size=WIDE) as chat:
        values = await panel(chat)
        picture = values.query_one(Distribution)
        assert not picture._stages
        await chat.press("f2")
        await chat.write("Hello")
        await chat.idle(2)
        await chat.until(lambda: any(stage.value == "0.7" for stage in picture._stages))
        await chat.press("f5", "right")
        await chat.until(lambda: any(stage.value == "0.8" for stage in picture._stages))
        assert "temperature 0.8" in await chat.still()
        before = picture._stages
        await chat.press("f2")
        await chat.write("Again")
        await chat.idle(4)
        await chat.until(lambda: picture._stages is not before)
        await chat.new_chat()
        await chat.until(lambda: not picture._stages)


async def test_a_panel_that_closes_while_its_picture_is_computed_ends_nothing(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun, closing = threading.Event(), threading.Event()

    def held(*_: object) -> list[object]:
        begun.set()
        closing.wait(20)
        return []

    monkeypatch.setattr(filter_stages, "filter_stages", held)
    async with opened(size=WIDE) as chat:
        await chat.write("Hello")
        await chat.idle(2)
        values = await panel(chat)
        await chat.until(begun.is_set)
        (drawing,) = (worker for worker in chat.app.workers if worker.group == "picture")
        await values.query_one(Distribution).remove()
        closing.set()
        await chat.until(lambda: drawing.is_finished)
        assert drawing.error is None


async def presets(chat: Chat) -> PresetsScreen:
    await panel(chat)
    await chat.press("p")
    found: PresetsScreen = await chat.panel(PresetsScreen)
    return found


async def test_a_preset_is_used_and_left_again(opened: OpenChat) -> None:
    async with opened(user={"presets.mine.top_k": 5, "presets.mine.repetition_penalty": 1.1}) as chat:
        chat.session.set_sampling({"seed": 3})
        await presets(chat)
        await chat.press(*"mine", "enter")
        await chat.until(
            lambda: chat.session.conversation.sampling == {"seed": 3, "top_k": 5, "repetition_penalty": 1.1}
        )
        await chat.press("p")
        found = await chat.panel(PresetsScreen)
        assert found.rows.current.name == "mine"
        await chat.press("end", "down", "enter")
        await chat.until(lambda: chat.session.conversation.sampling == {"seed": 3})


async def test_a_preset_is_saved_stepped_to_and_deleted(opened: OpenChat, tmp_path: Path) -> None:
    async with opened() as chat:
        chat.session.set_sampling({"temperature": 1.9, "presence_penalty": 0.5, "seed": 1})
        found = await presets(chat)
        await chat.press("alt+d")
        assert "Only your own presets can be deleted." in await chat.still()
        await chat.press("alt+s", *"my own", "enter")
        await chat.until(lambda: "my own is saved." in chat.shown)
        assert chat.app.services.settings.presets["my own"] == {
            "temperature": 1.9,
            "top_k": 40,
            "top_p": 0.9,
            "min_p": 0.0,
            "presence_penalty": 0.5,
        }
        await chat.press("escape")
        warmth = []
        for _ in range(5):
            await chat.press("f8")
            warmth.append(chat.session.conversation.sampling.get("temperature"))
        assert warmth == [None, 0.2, 0.7, 1.2, 1.9]
        named = chat.screen.query_one(".sampling--preset", Static)
        await chat.until(lambda: str(named.content) == "my own")
        await chat.press("p")
        found = await chat.panel(PresetsScreen)
        assert found.rows.current.name == "my own"
        await chat.press("alt+d", "y")
        await chat.until(lambda: not chat.app.services.settings.presets)
        assert "my own" not in (tmp_path / "settings.toml").read_text()


async def test_one_with_the_same_name_is_replaced_after_a_question(opened: OpenChat) -> None:
    async with opened(user={"presets.mine.top_k": 5, "presets.mine.repetition_penalty": 1.1}) as chat:
        await presets(chat)
        for answer, top_k in [("n", 5), ("y", 40)]:
            await chat.press("alt+s", *"mine", "enter")
            await chat.until(lambda: "Replace mine?" in chat.shown)
            await chat.press(answer)
            await chat.until(lambda: isinstance(chat.app.screen, PresetsScreen))
            await chat.until(lambda top_k=top_k: chat.app.services.settings.presets["mine"]["top_k"] == top_k)
        assert "repetition_penalty" not in chat.app.services.settings.presets["mine"]


async def test_it_stays_when_the_conversation_below_is_there(opened: OpenChat) -> None:
    async with opened(size=(40, 12)) as chat:
        await chat.write("Hello")
        await chat.idle(2)
        chat.pane.show(chat.session)
        chat.app.post_message(Key("f5", None))
        await chat.until(lambda: chat.screen.query(SamplingPanel))
        await chat.idle(2)
        await chat.still()
        assert chat.screen.query_one(SamplingPanel).list.has_focus
