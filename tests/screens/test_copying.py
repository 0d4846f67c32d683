"""What is selected with the mouse, or chosen, as it is copied: text without what is drawn around it."""

from __future__ import annotations

import pytest

from tests.screens.using import Chat, OpenChat
from tests.scripted import ScriptedRunner
from tui.terminal.clipboard import Copied
from tui.terminal.display import TerminalApp
from tui.terminal.link import Link

PARAGRAPH = (
    "The quick brown fox jumps over the lazy dog, and then it does so again, because nobody was looking the first "
    "time, and a third time for the sake of a paragraph that takes five rows of a narrow terminal at the very least."
)
CODE = "def area(radius):\n\tif radius < 0:\n        raise ValueError  \n\n    return 3 * radius ** 2"
LIST = "- one\n- two, with more words than fit in a row of this terminal, so that it is wrapped\n  - three"
CJK = "中文字符很长的一段文字，" * 6 + "end"
ANSWER = f"{PARAGRAPH}\n\n```python\n{CODE}\n```\n\n{LIST}\n\n{CJK}\n\nlast words"
SIZE = (50, 45)
LONG = "x" * 25_000


@pytest.fixture
def copied(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    texts: list[str] = []

    async def copy(self: TerminalApp, text: str) -> Copied:
        texts.append(text)
        return Copied("done")

    monkeypatch.setattr(TerminalApp, "copy", copy)
    return texts


async def answered(chat: Chat, answer: str = ANSWER) -> None:
    await chat.write("What is there?")
    await chat.idle(2)
    await chat.still()


def place(chat: Chat, text: str, within: int = 0) -> tuple[int, int]:
    """Column and row of the screen where `text` is drawn, `within` characters into it."""
    from rich.cells import cell_len

    for y, line in enumerate(chat.shown.splitlines()):
        if text in line:
            return cell_len(line[: line.index(text) + within]), y
    raise AssertionError(f"{text!r} is not in:\n{chat.shown}")


async def drag(chat: Chat, begin: tuple[int, int], end: tuple[int, int]) -> str:
    """Select with the mouse, copy with Ctrl+C."""
    await chat.pilot.mouse_down(offset=begin)
    await chat.pilot.hover(offset=end)
    await chat.pilot.mouse_up(offset=end)
    await chat.pilot.pause()
    return chat.screen.get_selected_text() or ""


async def test_a_paragraph_wrapped_over_several_rows_is_one_line(opened: OpenChat, copied: list[str]) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        begin, end = place(chat, "The quick"), place(chat, "very least.", len("very least.") - 1)
        assert end[1] - begin[1] >= 4
        await drag(chat, begin, end)
        await chat.press("ctrl+c")
        await chat.until(lambda: copied)
        assert copied == [PARAGRAPH]
        assert chat.notice == "done"


async def test_a_part_of_a_paragraph_from_right_to_left(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        begin, end = place(chat, "looking", len("looking") - 1), place(chat, "brown")
        assert await drag(chat, begin, end) == PARAGRAPH[PARAGRAPH.index("brown") : PARAGRAPH.index(" the first")]


async def test_code_is_copied_exactly(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        begin = place(chat, "def area")
        assert await drag(chat, begin, place(chat, "radius ** 2", len("radius ** 2") - 1)) == CODE
        # From the margin, the border of the code: the same.
        assert await drag(chat, (0, begin[1]), place(chat, "radius ** 2", len("radius ** 2") - 1)) == CODE


async def test_several_blocks_are_markdown(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        everything = await drag(chat, place(chat, "The quick"), place(chat, "last words", len("last words") - 1))
        assert everything == ANSWER


async def test_a_list_and_wide_characters(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        x, y = place(chat, "one")
        assert await drag(chat, (x - 2, y), place(chat, "three", len("three") - 1)) == LIST
        taken = await drag(chat, place(chat, "段文字"), place(chat, "end", 2))
        assert taken == CJK[CJK.index("段文字") :]
        # From the margin of a row in the middle of a paragraph: from the row's beginning.
        row = chat.shown.splitlines()[place(chat, "end")[1] - 1].strip()
        assert await drag(chat, (0, place(chat, "end")[1] - 1), place(chat, "end", 2)) == CJK[CJK.rindex(row) :]


async def test_a_question_and_its_answer_are_two_paragraphs_without_what_is_said_about_them(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["short answer"]), size=SIZE) as chat:
        await answered(chat)
        end = place(chat, "short answer", len("short answer"))
        assert await drag(chat, place(chat, "What"), end) == "What is there?\n\nshort answer"


async def test_from_the_gap_between_two_blocks(opened: OpenChat) -> None:
    async with opened(ScriptedRunner(["one\n\ntwo\n\nthree"]), size=SIZE) as chat:
        await answered(chat)
        x, y = place(chat, "two")
        assert (await drag(chat, (x + 1, y - 1), (x + 2, y))).strip() == "two"
        assert (await drag(chat, (x, y), (x + 9, y + 1))).strip() == "two"
        x, y = place(chat, "three")
        assert (await drag(chat, (x, y), (x + 3, y + 1))).strip() == "three"


async def test_the_whole_answer_is_copied_as_the_model_wrote_it(opened: OpenChat, copied: list[str]) -> None:
    async with opened(ScriptedRunner([ANSWER]), size=SIZE) as chat:
        await answered(chat)
        await chat.press("alt+c", "alt+k")
        await chat.until(lambda: len(copied) == 2)
        assert copied == [ANSWER, CODE]


async def test_what_is_too_long_is_not_sent_and_that_is_said(opened: OpenChat) -> None:
    async with opened(ScriptedRunner([LONG]), line=Link(remote=True, terminal="xterm")) as chat:
        await answered(chat)
        await chat.press("alt+c")
        await chat.until(lambda: "Nothing was sent: 25,000 characters make 33,336 bytes to send" in chat.notice)
        assert "the terminal takes 20,000" in chat.notice
        assert "Alt+S" in chat.notice
        assert chat.app.clipboard == LONG
        # The prompt's own keys: they say it only where it went nowhere.
        chat.prompt.load("a word")
        await chat.press("ctrl+x")
        assert chat.app.clipboard == "a word"
        assert not list(chat.app._notifications)
        chat.prompt.load("word\n" * 10_000)
        await chat.press("ctrl+x")
        await chat.until(lambda: [each for each in chat.app._notifications if "Nothing was sent" in each.message])
