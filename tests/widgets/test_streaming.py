"""An answer while it is written: nothing of it is lost, and it is drawn where the reader is."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.widgets.transcript_app import answered, begun, boxes, conversation, rows, running, said, words
from tui.engine.events import PrefillProgress, TextDelta
from tui.engine.reasoning import Channel
from tui.store.records import Ended
from tui.widgets.answer_text import AnswerText
from tui.widgets.message_view import SOFT_CAP, MessageView
from tui.widgets.transcript import Transcript


async def test_an_answer_streams_and_is_finished() -> None:
    async with running([said(1, "question")]) as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(2))
        await pilot.pause()
        assert "  …" in rows(pilot)
        await box.feed([PrefillProgress(1, 2, 0), *words("one\ntwo\n")])
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▌ question", "one", "two"]
        await box.feed(words("three"))
        await box.finish(answered(2, "one\ntwo\nthree", ended=Ended.LENGTH))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][1:4] == ["one", "two", "three"]
        assert "cut off" in "\n".join(rows(pilot))
        assert not box.writing


@pytest.mark.parametrize("ended", [Ended.STOP, Ended.LENGTH, Ended.CANCELLED, Ended.ERROR])
async def test_however_it_ends_nothing_of_the_text_is_lost(ended: Ended) -> None:
    text = "before\n\n```python\nx = 1\ny = 2"
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        await box.feed(words(text[:20]))
        await box.feed(words(text[20:30]))
        await box.finish(answered(1, text, ended=ended))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot)][3:5] == ["x = 1", "y = 2"]


@pytest.mark.parametrize("channel", Channel)
async def test_a_line_end_in_two_pieces_is_one(channel: Channel) -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        box = await transcript.begin_answer(begun(1))
        await box.feed([TextDelta("one\r", (1,), channel)])
        await box.feed([TextDelta("\ntwo", (1,), channel)])
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][-2:] == ["one", "two"]


async def test_what_comes_is_drawn_in_one_frame_and_not_again() -> None:
    async with running(conversation(10)) as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(11))
        answer = box.query_one(AnswerText)
        await box.feed(words("".join(f"{line}\n" for line in range(30))))
        await pilot.pause()
        for piece in ("\n\nmore", " and", " more", "\n\nand more"):
            pilot.app.frames = 0
            await box.feed([TextDelta(piece, (1,), Channel.ANSWER)])
            await pilot.pause()
            await pilot.pause(0.1)
            assert pilot.app.frames == 1
            assert not answer._exchange_repaint_regions()


async def test_an_answer_goes_on_inside_its_code() -> None:
    cut_off = answered(2, "text\n\n```python\nx = 1\n", ended=Ended.CANCELLED)
    async with running([said(1, "question"), cut_off]) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(MessageView(replace(cut_off.message, ended=Ended.WRITING)))
        assert boxes(pilot) == [1, 2]
        await box.feed(words("y = 2\n```\nafter"))
        await pilot.pause()
        shown = [row.strip("▌ ") for row in rows(pilot) if row.strip("▌ ")]
        assert shown[1] == "text"
        assert shown[3:] == ["x = 1", "y = 2", "after"]


async def test_an_answer_beyond_the_cap_is_counted_not_drawn() -> None:
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        for _ in range(6):
            await box.feed([TextDelta("word " * 2_000, (1,), Channel.ANSWER)])
        assert len(box.query_one(AnswerText).source) == SOFT_CAP
        await pilot.pause()
        assert f"… {60_000 - SOFT_CAP:,} more characters" in "\n".join(rows(pilot))
