"""Pulls and conversions beside the chat: the strip in the models' panel, what the chat tells of them, and quitting."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from textual.widgets import Input

from tests.chat_app import GivenModels
from tests.library.folders import ir
from tests.long_works import RESULT, Long, is_at_work
from tests.screens.host import unnamed_bindings
from tests.screens.using import Chat, OpenChat
from tui.engine.errors import OvchatError
from tui.library.find import Source
from tui.library.findings import error
from tui.library.jobs import Jobs, State
from tui.library.local import LocalModel
from tui.library.progress import Progress
from tui.screens.dialogs import ConfirmDialog
from tui.screens.models import ModelsScreen
from tui.terminal.hangup import TERMINATED
from tui.widgets.jobs_strip import JobsStrip

HALF = Progress("downloading", 2_300_000_000, 4_600_000_000, True, "x.bin", 12_000_000, 191.0)
NAME = "OpenVINO/Qwen3-8B-int4-ov"


def jobs_of(chat: Chat) -> Jobs:
    return chat.app.services.jobs


async def open_models(chat: Chat) -> ModelsScreen:
    await chat.press("f3")
    return await chat.panel(ModelsScreen)


def row(chat: Chat, name: str) -> str:
    """The line that a job has below the list."""
    return next((line for line in reversed(chat.shown.splitlines()) if line.lstrip("› ").startswith(name[:15])), "")


def test_every_key_has_an_id_a_label_and_a_tooltip() -> None:
    assert unnamed_bindings(JobsStrip) == []


@pytest.mark.parametrize(
    ("size", "facts"),
    [
        ((120, 40), ["downloading", "█████░░░░░", "50%", "2.3 GB of 4.6 GB", "12 MB/s", "3 min left"]),
        ((80, 24), ["downloading", "█████░░░░░", "50%", "3 min left"]),
        ((40, 12), ["downloading"]),
    ],
)
async def test_a_job_has_a_line_with_what_there_is_room_for(
    opened: OpenChat, size: tuple[int, int], facts: list[str]
) -> None:
    async with opened(size=size) as chat:
        is_at_work(jobs_of(chat).begin(Long(progress=HALF).pull(NAME)))
        await open_models(chat)
        line = row(chat, NAME)
        assert [fact for fact in facts if fact not in line] == []


async def test_it_survives_leaving_the_panel_and_the_chat_tells_of_it(opened: OpenChat) -> None:
    async with opened() as chat:
        long = Long(progress=HALF)
        job = jobs_of(chat).begin(long.pull(NAME))
        is_at_work(job)
        await open_models(chat)
        await chat.press("escape")
        await chat.until(lambda: "pull 50%" in chat.status)
        assert job.state is State.RUNNING
        long.go.set()
        await chat.until(lambda: chat.notice == f"{NAME} is here: F3 to use it.")
        await chat.until(lambda: "pull" not in chat.status)
        await open_models(chat)
        await chat.until(lambda: not jobs_of(chat).all)
        await chat.press("escape")
        await chat.until(lambda: not chat.notice)


async def test_what_fails_stays_with_its_reason_until_it_is_dismissed(opened: OpenChat) -> None:
    async with opened() as chat:
        long = Long(OvchatError("The disk is full.", "Make room."))
        long.go.set()
        jobs_of(chat).begin(long.pull(NAME))
        await chat.until(lambda: chat.notice)
        assert chat.notice == f"The pull of {NAME} failed: The disk is full. Make room. F3 shows it."
        await open_models(chat)
        await chat.sees("The disk is full. Make room.")
        await chat.press("escape", "f3")
        await chat.panel(ModelsScreen)
        await chat.sees("pull failed")
        await chat.press("alt+j", "d")
        await chat.until(lambda: not jobs_of(chat).all)
        await chat.until(lambda: isinstance(chat.app.focused, Input), "the box has the focus again")
        assert NAME not in chat.shown


@pytest.mark.parametrize("size", [(120, 40), (80, 24)])
async def test_of_a_long_reason_the_end_is_shown_which_says_where_the_log_is(opened: OpenChat, size) -> None:
    log = "/home/me/.local/state/ovchat/log/convert-Qwen--Qwen3-Embedding-8B-Instruct.log"
    async with opened(size=size) as chat:
        long = Long(OvchatError("It could not be done: " + "one reason and another, " * 40, f"All of it: {log}"))
        long.go.set()
        jobs_of(chat).begin(long.conversion("mine"))
        await open_models(chat)
        await chat.sees("It could not be done: one reason")
        await chat.until(lambda: log in "".join(chat.shown.split()))  # over two rows


async def test_what_fails_while_the_panel_is_open_is_not_told_again_in_the_chat(opened: OpenChat) -> None:
    async with opened() as chat:
        await open_models(chat)
        long = Long(OvchatError("The disk is full."))
        long.go.set()
        jobs_of(chat).begin(long.pull(NAME))
        await chat.sees("The disk is full.")
        await chat.press("escape")
        await chat.still()
        assert chat.notice == ""


async def test_the_marked_one_is_paused_gone_on_with_and_given_up(opened: OpenChat) -> None:
    async with opened() as chat:
        first, second = Long(progress=HALF), Long(progress=HALF)
        one, two = (jobs_of(chat).begin(each.pull(name)) for each, name in ((first, "a/first"), (second, "b/second")))
        second.size = 2_300_000_000
        is_at_work(one)
        is_at_work(two)
        panel = await open_models(chat)
        marked = panel.rows.current
        await chat.press("alt+j", "down", "space")
        await chat.until(lambda: two.state is State.PAUSED)
        await chat.sees("paused 50%")
        assert one.state is State.RUNNING
        assert panel.rows.current is marked, "the list above has kept its place"
        await chat.press("space")
        await chat.until(lambda: two.state is State.RUNNING)
        await chat.press("c")
        await chat.until(lambda: isinstance(chat.app.screen, ConfirmDialog))
        assert "2.3 GB that were fetched are here, and will be deleted." in chat.shown
        await chat.press("y")
        await chat.until(lambda: jobs_of(chat).all == (one,))
        assert (first.discarded, second.discarded) == (0, 1)
        await chat.sees("The pull of b/second is given up. Nothing of it is left here; Alt+P begins it anew.")


@pytest.mark.parametrize("is_finished", [True, False])
async def test_what_ends_elsewhere_is_listed_no_more(
    opened: OpenChat, monkeypatch: pytest.MonkeyPatch, is_finished: bool
) -> None:
    monkeypatch.setattr("tui.screens.jobs_panel._DISK_S", 0.05)
    async with opened() as chat:
        left = Long()
        left.size = 2_300_000_000
        jobs_of(chat).add_paused(left.pull(NAME), Progress("", 1_200_000_000, in_bytes=True))
        await open_models(chat)
        await chat.sees("paused 2.3 GB here")
        if is_finished:
            ir(chat.app.services.models.places.models / NAME)
        left.size = 0
        gone = f"The pull of {NAME} is not listed any more: what was fetched for it was used or deleted elsewhere."
        await chat.sees(f"{NAME} is here: another ovchat has finished it." if is_finished else gone)
        assert not jobs_of(chat).all


async def test_of_a_conversion_that_is_given_up_it_is_said_what_is_left(opened: OpenChat) -> None:
    async with opened() as chat:
        await open_models(chat)
        is_at_work(jobs_of(chat).begin(Long().conversion("mine")))
        await chat.sees("Alt+J Jobs")
        await chat.press("alt+j", "c")
        await chat.sees("The conversion of mine is given up. Nothing of it is left here; Alt+C begins it anew.")


async def test_of_what_cannot_be_given_up_only_the_reason_is_told(opened: OpenChat) -> None:
    def fail() -> None:
        raise OvchatError("It cannot be deleted.")

    async with opened() as chat:
        await open_models(chat)
        is_at_work(jobs_of(chat).begin(replace(Long().pull(NAME), discard=fail)))
        await chat.sees("Alt+J Jobs")
        await chat.press("alt+j", "c")
        await chat.sees("It cannot be deleted.")
        assert "is given up" not in chat.shown


async def test_the_footer_has_the_keys_of_what_can_be_done(opened: OpenChat) -> None:
    async with opened(size=(120, 40)) as chat:
        await open_models(chat)
        assert "Alt+J" not in chat.shown
        job = jobs_of(chat).begin(Long(progress=HALF).pull(NAME))
        await chat.sees("Alt+J Jobs")
        await chat.press("alt+j")
        await chat.sees("Space Pause C Cancel")
        await chat.press("space")
        await chat.until(lambda: job.state is State.PAUSED)
        await chat.sees("Space Go on C Cancel")
        await chat.press("f1")
        await chat.sees("Give the marked job up, and delete what is here of it.")


async def test_esc_goes_back_to_the_list_first(opened: OpenChat) -> None:
    async with opened() as chat:
        jobs_of(chat).begin(Long(progress=HALF).pull(NAME))
        panel = await open_models(chat)
        await chat.press("alt+j", "escape")
        assert chat.app.screen is panel
        assert isinstance(chat.app.focused, Input)
        await chat.press("escape")
        await chat.until(lambda: chat.app.screen is chat.screen)


async def test_a_model_that_has_come_is_marked_and_used_with_enter(
    opened: OpenChat, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(GivenModels, "has_changed", lambda self: True)
    async with opened() as chat:
        await open_models(chat)
        long, folder = Long(), tmp_path / "models" / NAME
        long.result = replace(RESULT, path=folder)
        long.go.set()
        chat.app.services.models.find().append(LocalModel(NAME, folder, Source.MODELS, folder.parent))
        jobs_of(chat).begin(long.pull(NAME))
        await chat.sees(f"{NAME} is here: Enter uses it.")
        await chat.press("enter")
        await chat.until(lambda: chat.app.services.active.status.title == NAME)


async def test_one_that_came_and_cannot_be_used_says_why(opened: OpenChat) -> None:
    async with opened() as chat:
        await open_models(chat)
        long = Long()
        long.result = replace(RESULT, path=Path("x"), findings=(error("weights-short", "It is cut off.", "Again."),))
        long.go.set()
        jobs_of(chat).begin(long.pull(NAME))
        await chat.sees("is here, but cannot be used: It is cut off. Again.")


async def test_names_and_reasons_are_neither_markup_nor_obeyed(opened: OpenChat) -> None:
    async with opened() as chat:
        long = Long(OvchatError("[b]no[/b]\x1b[2J\nreally."))
        long.go.set()
        jobs_of(chat).begin(long.pull("[b]x[/b]\x1b[2J"))
        await open_models(chat)
        await chat.sees("[b]x[/b]␛[2J")
        await chat.sees("[b]no[/b]␛[2J really.")


async def test_quitting_asks_before_it_stops_a_conversion(opened: OpenChat) -> None:
    async with opened() as chat:
        job = jobs_of(chat).begin(Long().conversion("mine"))
        is_at_work(job)
        await chat.press("ctrl+q")
        await chat.until(lambda: isinstance(chat.app.screen, ConfirmDialog))
        await chat.press("n")
        await chat.until(lambda: chat.app.screen is chat.screen)
        assert job.state is State.RUNNING
        await chat.press("ctrl+q")
        await chat.until(lambda: isinstance(chat.app.screen, ConfirmDialog))
        await chat.press("y")
        await chat.until(lambda: chat.app.return_code is not None)
        assert jobs_of(chat).all == ()


async def test_quitting_pauses_pulls_without_a_question(opened: OpenChat) -> None:
    async with opened() as chat:
        long = Long(progress=HALF)
        job = jobs_of(chat).begin(long.pull(NAME))
        is_at_work(job)
        await chat.press("ctrl+q")
        await chat.until(lambda: chat.app.return_code is not None)
        assert (job.state, long.discarded, chat.app.paused) == (State.PAUSED, 0, [NAME])


async def test_ended_from_outside_nothing_is_asked_and_all_of_it_stops(opened: OpenChat) -> None:
    async with opened() as chat:
        pull = jobs_of(chat).begin(Long(progress=HALF).pull(NAME))
        is_at_work(pull)
        is_at_work(jobs_of(chat).begin(Long().conversion("mine")))
        await chat.app.end(TERMINATED)
        assert jobs_of(chat).all == (pull,)
        assert pull.state is State.PAUSED
