"""What a model thought: folded, told in one line, and apart from its answer."""

from __future__ import annotations

from textual.app import ComposeResult

from tests.widgets.transcript_app import answered, begun, rows, running, words
from tui.engine.reasoning import Channel
from tui.store.records import Ended, Facts
from tui.widgets.message_box import MessageBox
from tui.widgets.thinking import Thinking
from tui.widgets.transcript import Transcript


async def test_thinking_is_folded_and_unfolds() -> None:
    facts = Facts(reasoning_tokens=214, reasoning_s=3.21)
    async with running([answered(1, "answer", reasoning="[b]first\n\nsecond", facts=facts)]) as pilot:
        assert [row.strip() for row in rows(pilot)[:3]] == ["▸ Thought for 3.2 s, 214 tokens", "", "answer"]
        await pilot.click(".thought-line")
        await pilot.pause()
        assert [row.strip() for row in rows(pilot)[:5]] == [
            "▾ Thought for 3.2 s, 214 tokens",
            "[b]first",
            "",
            "second",
            "",
        ]
        pilot.app.query_one(Transcript).fold_thinking(True)
        await pilot.pause()
        assert rows(pilot)[2].strip() == "answer"
        pilot.app.query_one(MessageBox).focus()
        await pilot.press("enter")
        assert "second" in "\n".join(rows(pilot))


class UnfoldedMeanwhile(Thinking):
    def compose(self) -> ComposeResult:
        yield from super().compose()
        self.folded = False


async def test_thinking_that_is_unfolded_while_it_is_mounted_says_so() -> None:
    async with running() as pilot:
        await pilot.app.query_one(Transcript).mount(UnfoldedMeanwhile("well", "Thought"))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▾ Thought", "well"]


async def test_thinking_streams_apart_from_the_answer() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        box = await transcript.begin_answer(begun(1))
        await box.feed(words("I wonder.\nStill.\n", Channel.REASONING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▸ Thinking…"]
        transcript.fold_thinking(False)
        await pilot.pause()
        assert "Still." in "\n".join(rows(pilot))
        await box.feed([*words("Now.\n", Channel.REASONING), *words("So.")])
        message = answered(
            1, "So.", reasoning="I wonder.\nStill.\nNow.", facts=Facts(reasoning_tokens=9, reasoning_s=61)
        )
        await box.finish(message)
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == [
            "▾ Thought for 1 min 1 s, 9 tokens",
            "I wonder.",
            "Still.",
            "Now.",
            "So.",
        ]


async def test_who_begins_to_look_while_it_thinks_is_told_so() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        await transcript.begin_answer(answered(1, "", reasoning="Well", ended=Ended.WRITING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()] == ["▸ Thinking…"]


async def test_what_was_thought_is_told_when_the_answer_begins() -> None:
    async with running() as pilot:
        box = await pilot.app.query_one(Transcript).begin_answer(begun(1))
        await box.feed(words("I wonder.\nStill.\n", Channel.REASONING))
        await box.feed(words("So."))
        await pilot.pause()
        line = next(row for row in rows(pilot) if row.strip())
        assert "Thought for" in line
        assert line.endswith(", 2 tokens")


async def test_an_answer_goes_on_with_the_thinking_it_is_given() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        await transcript.begin_answer(begun(1))
        await transcript.begin_answer(answered(1, "", ended=Ended.WRITING, reasoning="First.\n"))
        box = await transcript.begin_answer(answered(1, "", ended=Ended.WRITING, reasoning="First.\nSecond.\n"))
        await box.feed(words("Third.", Channel.REASONING))
        await pilot.pause()
        assert [row.strip() for row in rows(pilot) if row.strip()][1:] == ["First.", "Second.", "Third."]


async def test_new_answers_are_folded_as_the_others_are() -> None:
    async with running() as pilot:
        transcript = pilot.app.query_one(Transcript)
        transcript.fold_thinking(False)
        await transcript.add(answered(1, "answer", reasoning="thought"))
        await pilot.pause()
        assert "thought" in "\n".join(rows(pilot))
