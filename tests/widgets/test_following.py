"""Where the reader is: at the end, which is followed, or somewhere above, where his place is kept."""

from __future__ import annotations

from tests.waiting import wait_until_async
from tests.widgets.transcript_app import begun, conversation, rows, running, words
from tui.widgets.answer_text import AnswerText
from tui.widgets.transcript import Transcript


async def test_the_end_is_followed_until_the_reader_scrolls() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(11))
        for line in range(30):
            await box.feed(words(f"line {line}\n"))
            await pilot.pause()
            assert f"line {line}" in rows(pilot)[-2], "the last line is always in sight"
        transcript.action_page_up()
        await pilot.pause()
        before = rows(pilot)
        assert not transcript.following
        for line in range(30, 60):
            await box.feed(words(f"line {line}\n"))
            await pilot.pause()
        assert rows(pilot)[:-1] == before[:-1]
        assert "new text below" in rows(pilot)[-1]
        transcript.follow_end()
        await pilot.pause()
        await box.feed(words("line 60\n"))
        await pilot.pause()
        assert "line 60" in rows(pilot)[-2]
        assert not transcript.text_below


async def test_scrolling_back_to_the_end_follows_again() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.action_page_down()  # at the end already
        await pilot.pause()
        assert transcript.following
        transcript.action_page_up()
        await pilot.pause()
        assert not transcript.following
        transcript.action_page_down()
        await wait_until_async(lambda: transcript.following)


async def test_far_below_the_reader_text_is_gathered_and_drawn_when_he_comes() -> None:
    async with running(conversation(10)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(11))
        await box.feed(words("".join(f"{line}\n" for line in range(200))))
        await pilot.pause()
        for _ in range(6):
            transcript.action_page_up()
            await pilot.pause()
        drawn = box.query_one(AnswerText).source
        await box.feed(words("the last line"))
        assert box.query_one(AnswerText).source == drawn
        for _ in range(7):
            transcript.action_page_down()
            await pilot.pause()
        await wait_until_async(lambda: "the last line" in "\n".join(rows(pilot)))


async def test_a_narrower_terminal_keeps_the_place() -> None:
    async with running(conversation(60)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        for _ in range(2):
            transcript.action_page_up()
            await pilot.pause()
        top = next(row.strip("▌ ") for row in rows(pilot) if "message" in row)
        await pilot.resize_terminal(30, 20)
        await pilot.pause()
        assert top in [row.strip("▌ ") for row in rows(pilot)[:6]]
