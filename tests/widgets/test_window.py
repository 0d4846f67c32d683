"""The window: what of a long conversation is mounted."""

from __future__ import annotations

import gc
import itertools

from textual._styles_cache import StylesCache

from tests.waiting import wait_until_async
from tests.widgets.transcript_app import answered, begun, boxes, conversation, rows, running, said, words
from tui.store.records import Ended
from tui.widgets.transcript import Transcript


async def test_of_a_long_conversation_only_the_end_is_mounted() -> None:
    async with running(conversation(2_000)) as pilot:
        assert len(boxes(pilot)) < 40
        assert boxes(pilot)[-1] == 1_999
        assert "its second line" in rows(pilot)[-2]


async def test_scrolling_up_mounts_more_without_a_jump() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        seen: list[str] = []
        for _ in range(60):
            transcript.scroll_relative(y=-4, animate=False, immediate=True)
            await pilot.pause()
            seen.append(next(row for row in rows(pilot) if "message" in row).strip("▌ "))
        numbers = [int(text.removeprefix("message ")) for text in seen]
        assert numbers == sorted(numbers, reverse=True)
        assert all(before - after in (0, 1, 2) for before, after in itertools.pairwise(numbers))
        assert numbers[-1] < 200 - 50


async def test_what_is_far_away_is_unmounted() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        while transcript.scroll_y > 0:
            transcript.action_page_up()
            await pilot.pause()
        assert "message 0" in "\n".join(rows(pilot))
        assert len(boxes(pilot)) < 80
        assert boxes(pilot)[0] == 0
        transcript.follow_end()
        await wait_until_async(lambda: boxes(pilot)[-1:] == [199] and "message 199" in "\n".join(rows(pilot)))
        assert transcript.following
        assert len(boxes(pilot)) < 80


async def test_home_and_end() -> None:
    async with running(conversation(300)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.action_scroll_home()
        await wait_until_async(lambda: "message 0" in "\n".join(rows(pilot)))
        assert not transcript.following
        transcript.action_scroll_end()
        await wait_until_async(lambda: "message 299" in "\n".join(rows(pilot)))


async def test_an_answer_begins_at_the_end_wherever_the_reader_is() -> None:
    async with running(conversation(300), focus=20) as pilot:
        transcript = pilot.app.query_one(Transcript)
        assert boxes(pilot)[-1] < 299
        await transcript.add(said(300, "asked"))
        box = await transcript.begin_answer(begun(301))
        await box.feed(words("answered"))
        await pilot.pause()
        assert transcript.following
        assert [row.strip("▌ ") for row in rows(pilot)[-4:]] == ["asked", "", "answered", ""]


async def test_an_answer_is_whole_when_it_is_mounted_again() -> None:
    async with running(conversation(200)) as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(201))
        await box.finish(answered(201, "the answer", ended=Ended.CANCELLED))
        while 201 in boxes(pilot):
            transcript.action_page_up()
            await pilot.pause()
        transcript.follow_end()
        await wait_until_async(lambda: boxes(pilot)[-1:] == [201] and "stopped" in "".join(rows(pilot)))
        assert "the answer" in "".join(rows(pilot))


def _caches() -> list[StylesCache]:
    gc.collect()
    return [each for each in gc.get_objects() if isinstance(each, StylesCache) and each._cache]


async def test_many_answers_do_not_pile_up() -> None:
    of_other_apps = _caches()
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        for turn in range(40):
            await transcript.add(said(2 * turn, "question"))
            box = await transcript.begin_answer(begun(2 * turn + 1))
            await box.finish(answered(2 * turn + 1, "one\n\ntwo\n\nthree"))
            await pilot.pause()
        assert len(boxes(pilot)) < 20
        shown = {id(widget._styles_cache) for widget in pilot.app.query("*")}
        known = shown.union(map(id, of_other_apps))
        assert len([each for each in _caches() if id(each) not in known]) < 10
