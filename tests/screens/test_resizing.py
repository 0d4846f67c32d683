"""The terminal gets another size, as small as 20x5, on every screen and while an answer is written."""

from __future__ import annotations

import re

import pytest

from tests.screens.using import OpenChat
from tests.scripted import ScriptedRunner
from tui.engine.reasoning import Channel

ANSWER = "# Title\n\n" + " ".join(f"word{n}" for n in range(300)) + "\n\n- one\n- two\n\n```python\nprint('it')\n```\n"
THOUGHT = [(Channel.REASONING, "Let me think. " * 40), (Channel.ANSWER, ANSWER)]
LARGE, SMALL = (200, 60), (20, 5)

# What to press to get there.
SCREENS = {
    "chat": [],
    "thinking": ["f9"],
    "chosen": ["shift+tab"],
    "edited": ["alt+e"],
    "help": ["f1"],
    "models": ["f3"],
    "conversations": ["ctrl+o"],
    "find": ["ctrl+f"],
    "palette": ["ctrl+p"],
    "code": ["alt+k"],
    "file": ["alt+s"],
}


def words(shown: str) -> set[str]:
    """What can be read, without the status, of which a part comes when it is counted."""
    return set(re.findall(r"[A-Za-z]{3,}[0-9]*", "\n".join(shown.splitlines()[:-1])))


@pytest.mark.parametrize("keys", SCREENS.values(), ids=SCREENS.keys())
async def test_there_and_back_again(opened: OpenChat, keys: list[str]) -> None:
    async with opened(ScriptedRunner([THOUGHT]), size=(100, 30)) as chat:
        await chat.write("question")
        await chat.idle(2)
        await chat.press(*keys)
        before = words(await chat.still())
        for size in ((60, 20), SMALL, LARGE, SMALL):
            await chat.resize(*size)
            await chat.resize(100, 30)
        if keys != ["shift+tab"]:  # where all of it could be seen, it is read from its beginning
            await chat.until(lambda: before <= words(chat.shown))
        assert any(each.startswith("word") for each in words(chat.shown)) or len(chat.app.screen_stack) > 1


async def test_while_an_answer_is_written(opened: OpenChat) -> None:
    runner = ScriptedRunner([THOUGHT], tokens_per_s=300)
    async with opened(runner, size=LARGE) as chat:
        await chat.write("question")
        await chat.until(lambda: len(chat.session.messages) == 2)
        while chat.session.turn is not None:
            await chat.resize(*SMALL)
            await chat.resize(*LARGE)
        await chat.idle(2)
        shown = await chat.still()
        assert "word299" in shown
        assert "print('it')" in shown
