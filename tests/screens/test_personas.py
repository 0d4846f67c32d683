"""Personas: chosen for a conversation, made of one, changed, deleted; and the line that shows the system prompt."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest
from textual.widgets import TextArea

from tests.screens.host import listing, unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tests.waiting import wait_until_async
from tui.screens.chat_keys import COMMANDS
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.personas import PersonasScreen
from tui.store import personas
from tui.store.personas import Persona
from tui.widgets.system_line import SystemLine

SIZES = [(120, 40), (80, 24), (40, 12)]
NOBODY = Persona("")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("OVCHAT_HOME", str(tmp_path))
    for name in ("VISUAL", "EDITOR"):
        monkeypatch.delenv(name, raising=False)
    personas.save(Persona("brief", "Be brief.", "", {"temperature": 0.25, "stop": ("x", "y")}))
    personas.save(Persona("[b]odd", "Say [b]nothing[/b]\x1b[31m.\nAt all.", "qwen3"))
    return tmp_path / "personas"


def names(panel: PersonasScreen) -> list[str]:
    return [each.name for each in panel.rows.items]


async def run(chat: Chat, action: str, kind: type[Any]) -> Any:
    """What an action opens."""
    await chat.screen.run_action(action)
    await chat.until(lambda: isinstance(chat.app.screen, kind) and chat.app.screen.is_mounted)
    return await chat.panel(kind)


async def open_panel(chat: Chat) -> None:
    await run(chat, "persona", PersonasScreen)


def system_line(chat: Chat) -> str:
    lines = chat.screen.query(SystemLine)
    return str(lines.first().content) if lines else ""


@pytest.mark.parametrize("size", SIZES)
async def test_each_is_listed_with_what_it_sets(size: tuple[int, int]) -> None:
    async with listing(PersonasScreen(NOBODY, "brief"), size) as (app, _):
        text = app.text()
        assert names(app.panel) == ["none", "[b]odd", "brief"]
        assert app.panel.rows.current.name == "none"
        assert "temperature 0.25" in text
        assert "model qwen3" in text
        assert "no system prompt" in text
        assert "new conversations" in text
        assert "\x1b" not in text


async def test_one_with_a_very_long_system_prompt_does_not_hold_the_list() -> None:
    personas.save(Persona("big", "all words " * 300_000))
    began = perf_counter()
    async with listing(PersonasScreen(NOBODY, "none")) as (app, pilot):
        await pilot.press("down")
        assert names(app.panel) == ["none", "[b]odd", "big", "brief"]
        assert perf_counter() - began < 10  # three with the writing of it; drawing its row alone took more


async def test_the_one_in_use_is_marked_and_enter_answers_one() -> None:
    async with listing(PersonasScreen(Persona("", "Be brief."), "none")) as (app, pilot):
        assert app.panel.rows.current.name == "brief"
        assert app.text().count("in use") == 1
        await pilot.press("enter")
        await pilot.pause()
        assert app.answer == personas.persona("brief")


async def test_filtering() -> None:
    async with listing(PersonasScreen(NOBODY, "none")) as (app, pilot):
        await pilot.press(*"bri")
        assert names(app.panel) == ["brief"]
        await pilot.press("x")
        assert "No name has that." in app.text()
        await pilot.press("alt+e", "alt+d", "enter")
        assert app.screen is app.panel


async def test_a_bad_file_is_named_with_its_line_and_the_others_are_there(folder: Path) -> None:
    (folder / "bad.toml").write_text('system = "a"\ntemprature = 1\n')
    async with listing(PersonasScreen(NOBODY, "none"), (120, 40)) as (app, _):
        assert len(names(app.panel)) == 3
        assert "bad.toml, line 2: there is no temprature" in " ".join(app.text().split())


async def test_a_conversation_takes_the_values_and_not_the_file(opened: OpenChat, folder: Path) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        assert system_line(chat) == ""
        await open_panel(chat)
        await chat.press(*"brief", "enter")
        await chat.until(lambda: system_line(chat) == "▸ System (brief): Be brief.")
        assert "This conversation has the persona brief now." in chat.notice
        await chat.write("Hi")
        await chat.idle(2)
        request = runner.requests[-1]
        assert request.messages[0] == {"role": "system", "content": "Be brief."}
        assert (request.sampling.temperature, request.sampling.stop) == (0.25, ("x", "y"))
        personas.save(Persona("brief", "Be long.", "", {"temperature": 1.0}))
        chat.app.services.outbox.flush(5)
        await chat.write("Again")
        await chat.idle(4)
        assert runner.requests[-1].messages[0]["content"] == "Be brief."
        await chat.new_chat()
        assert system_line(chat) == ""
        await chat.open_first()
        await chat.until(lambda: system_line(chat) == "▸ System: Be brief.")


async def test_of_two_with_one_system_prompt_the_one_that_was_taken_is_named(opened: OpenChat) -> None:
    personas.save(Persona("curt", "Be brief."))
    async with opened() as chat:
        await open_panel(chat)
        await chat.press(*"curt", "enter")
        await chat.until(lambda: system_line(chat) == "▸ System (curt): Be brief.")
        await chat.write("Hi")
        await chat.idle(2)
        chat.app.services.outbox.flush(5)
        await chat.new_chat()
        await chat.open_first()
        await chat.until(lambda: system_line(chat) == "▸ System (curt): Be brief.")
        await open_panel(chat)
        await chat.until(lambda: "in use" in chat.shown)
        assert chat.app.screen.rows.current.name == "curt"  # type: ignore[attr-defined]
        await chat.press("alt+n", *"also", "enter")  # saved from here, it is of that one
        await chat.until(lambda: chat.app.screen.rows.current.name == "also")  # type: ignore[attr-defined]
        await chat.press("escape")
        await chat.until(lambda: system_line(chat) == "▸ System (also): Be brief.")


async def test_none_goes_back(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        await open_panel(chat)
        await chat.press(*"brief", "enter")
        await chat.until(lambda: system_line(chat))
        await open_panel(chat)
        await chat.press("up", "up", "enter")
        await chat.until(lambda: not system_line(chat))
        assert (chat.session.conversation.system, chat.session.conversation.sampling) == ("", {})


async def test_its_model_is_loaded_and_nothing_is_left_of_the_sampling_before_it(opened: OpenChat) -> None:
    runner = ScriptedRunner()
    async with opened(runner) as chat:
        await chat.press("f7")
        assert chat.session.conversation.sampling
        await open_panel(chat)
        await chat.press(*"odd", "enter")
        await chat.until(lambda: runner.loads and runner.loads[-1][0] == Path("qwen3"))
        await chat.until(lambda: system_line(chat))
        assert chat.session.conversation.sampling == {}
        assert chat.session.conversation.model == "qwen3"
        shown = await chat.still()
        assert "Say [b]nothing[/b]" in shown
        assert "\x1b" not in system_line(chat)


async def test_a_system_prompt_that_stands_nowhere_else_is_not_replaced_without_a_question(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.session.set_system("My own.")
        for answer, system in (("n", "My own."), ("y", "Be brief.")):
            await open_panel(chat)
            await chat.press(*"brief", "enter")
            await chat.panel(ConfirmDialog)
            await chat.press(answer)
            await chat.until(lambda: chat.app.screen is chat.screen)
            await chat.until(lambda system=system: chat.session.conversation.system == system)


async def test_a_new_one_is_made_of_what_the_conversation_has(opened: OpenChat) -> None:
    async with opened() as chat:
        chat.session.set_system("My own.")
        chat.session.set_sampling({"top_k": 7})
        await run(chat, "save_persona", TextDialog)
        await chat.press(*"a/b", "enter")
        await chat.until(lambda: "cannot have /" in chat.notice)
        await run(chat, "save_persona", TextDialog)
        await chat.until(lambda: "top_k 7" in chat.shown)
        await chat.press(*" mine ", "enter")
        await chat.until(lambda: "The persona mine is saved." in chat.notice)
        assert personas.persona("mine") == Persona("mine", "My own.", "", {"top_k": 7})
        await chat.until(lambda: system_line(chat) == "▸ System (mine): My own.")


async def test_one_of_that_name_is_not_replaced_without_a_question() -> None:
    async with listing(PersonasScreen(Persona("", "Other."), "none")) as (app, pilot):
        for answer, system in (("n", "Be brief."), ("y", "Other.")):
            await pilot.press("alt+n")
            await pilot.pause()
            await pilot.press(*"brief", "enter")
            await pilot.pause()
            assert isinstance(app.screen, ConfirmDialog)
            await pilot.press(answer)
            await app.workers.wait_for_complete([each for each in app.workers if each.node is app.panel])
            assert personas.persona("brief").system == system


async def test_deleting_asks() -> None:
    async with listing(PersonasScreen(NOBODY, "none")) as (app, pilot):
        for answer, left in (("n", 3), ("y", 2)):
            await pilot.press(*["down"] * 3, "alt+d")
            await pilot.pause()
            assert "Delete the persona brief?" in app.text()
            await pilot.press(answer)
            await app.workers.wait_for_complete()
            assert len(names(app.panel)) == left
        await pilot.press("up", "up", "alt+d")  # none
        await pilot.pause()
        assert app.screen is app.panel


async def test_without_an_editor_the_system_prompt_is_changed_in_a_dialog() -> None:
    async with listing(PersonasScreen(NOBODY, "none")) as (app, pilot):
        await pilot.press(*["down"] * 3, "alt+e")
        await pilot.pause()
        assert isinstance(app.screen, TextDialog)
        app.screen.query_one(TextArea).load_text("Changed.\nTwice.")
        await pilot.press("enter")
        await app.workers.wait_for_complete()
        assert personas.persona("brief") == Persona(
            "brief", "Changed.\nTwice.", "", {"temperature": 0.25, "stop": ("x", "y")}
        )
        assert "Changed." in app.text()


async def test_the_editor_gets_the_file_and_what_is_wrong_with_it_then_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @contextmanager
    def lent() -> Iterator[None]:
        yield

    program = tmp_path / "editor.py"
    program.write_text(
        "import pathlib, sys\n"
        "path = pathlib.Path(sys.argv[1])\n"
        "text = path.read_text()\n"
        "path.write_text(text.replace('modell', 'seed') if 'modell' in text else text + '\\nmodell = 1\\n')\n"
    )
    monkeypatch.setenv("EDITOR", f"'{sys.executable}' '{program}'")
    async with listing(PersonasScreen(NOBODY, "none"), (120, 40)) as (app, pilot):
        monkeypatch.setattr(app, "suspend", lent)
        for answer, there in (("n", ["none", "[b]odd"]), ("y", ["none", "[b]odd", "brief"])):
            personas.save(Persona("brief", "Be brief.", "", {"temperature": 0.25}))
            app.panel._read()
            await app.workers.wait_for_complete([each for each in app.workers if each.group == "read"])
            app.panel.rows.move_to(2)
            await pilot.press("alt+e")
            await wait_until_async(lambda: isinstance(app.screen, ConfirmDialog))
            await pilot.pause()
            assert "there is no sampling parameter modell" in " ".join(app.text().replace("│", " ").split())
            await pilot.press(answer)
            await app.workers.wait_for_complete()
            await pilot.pause()
            assert names(app.panel) == there
        assert personas.persona("brief").sampling == {"temperature": 0.25, "seed": 1}


class TestNewConversations:
    async def test_have_the_persona_that_is_set(self, opened: OpenChat) -> None:
        runner = ScriptedRunner()
        async with opened(runner, user={"chat.persona": "brief"}) as chat:
            await chat.until(lambda: system_line(chat) == "▸ System (brief): Be brief.")
            assert chat.session.sampling().params.temperature == 0.25
            await chat.write("Hi")
            await chat.idle(2)
            assert runner.requests[-1].messages[0]["content"] == "Be brief."
            await chat.new_chat()
            await chat.until(lambda: system_line(chat) == "▸ System (brief): Be brief.")

    async def test_begin_with_its_model(self, opened: OpenChat) -> None:
        runner = ScriptedRunner(loaded=False)
        async with opened(runner, user={"chat.persona": "[b]odd"}):
            assert [folder.name for folder, _ in runner.loads] == ["qwen3"]

    async def test_are_told_why_they_have_it_not(self, opened: OpenChat) -> None:
        async with opened(user={"chat.persona": "bref"}) as chat:
            told = "There is no persona 'bref'. Did you mean brief? There are: [b]odd, brief"
            await chat.until(lambda: told in chat.notice)
            assert system_line(chat) == ""


class TestSystemLine:
    async def test_it_is_reached_and_opened_with_keys(self, opened: OpenChat) -> None:
        async with opened() as chat:
            chat.session.set_system("Be brief.")
            await chat.write("Hi")
            await chat.idle(2)
            await run(chat, "system_prompt", TextDialog)
            await chat.press("enter")
            await chat.until(lambda: system_line(chat))
            await chat.press("shift+tab", "up", "up")
            line = chat.screen.query_one(SystemLine)
            await chat.until(lambda: chat.app.focused is line)
            await chat.press("down")
            await chat.until(lambda: chat.pane.transcript.current == chat.session.messages[0].id)
            await chat.press("up")
            await chat.until(lambda: chat.app.focused is line)
            await chat.press("enter")
            await chat.panel(TextDialog)
            assert "It is that of the persona brief" in " ".join(chat.shown.replace("│", " ").split())
            await chat.press("escape", "escape", "escape")  # the dialog, the notice, the line
            await chat.until(lambda: chat.app.focused is chat.prompt)

    async def test_it_goes_with_the_system_prompt(self, opened: OpenChat) -> None:
        async with opened() as chat:
            for text, line in (("new\nlines", "▸ System: new lines"), (" ", "")):
                (await run(chat, "system_prompt", TextDialog)).query_one(TextArea).load_text(text)
                await chat.press("enter")
                await chat.until(lambda line=line: system_line(chat) == line)

    async def test_it_stands_above_the_first_message_of_a_long_conversation(self, opened: OpenChat) -> None:
        async with opened(ScriptedRunner(["line\n\n" * 40])) as chat:
            chat.session.set_system("Be long.")
            for number in range(8):
                await chat.write(f"{number}")
                await chat.idle(2 * number + 2)
            await chat.new_chat()
            await chat.open_first()
            await chat.until(lambda: system_line(chat))
            await chat.still()
            transcript = chat.pane.transcript
            assert transcript.is_at_end
            assert "System: Be long." not in chat.shown
            for _ in range(40):
                await chat.press("pageup")
            await chat.until(lambda: transcript.scroll_y == 0)
            shown = await chat.still()
            assert shown.splitlines()[0].strip().startswith("▸ System: Be long.")
            assert shown.splitlines()[2].strip().endswith("0")


def test_every_action_is_in_the_palette_and_the_keys_have_names() -> None:
    assert {"persona", "save_persona"} <= {each.action for each in COMMANDS}
    assert not unnamed_bindings(PersonasScreen)
    assert all(binding.id and binding.description and binding.tooltip for binding in SystemLine.BINDINGS)  # type: ignore[union-attr]
