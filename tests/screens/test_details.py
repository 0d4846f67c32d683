from __future__ import annotations

from dataclasses import replace

import pytest

from tests.screens.host import look, press, unnamed_bindings
from tui.screens.details import DetailsScreen
from tui.store.records import Ended, Facts, Message, Role

FACTS = Facts(
    device="GPU.1",
    backend="paged",
    precision="f16",
    sampling={"temperature": 0.7, "top_k": 40, "max_tokens": None, "stop": ("[/b]", "\x1b"), "seed": None},
    sources={"temperature": "conversation", "top_k": "app", "seed": "default"},
    seed=1234567890123,
    usage={"prompt_tokens": 1234, "cached_tokens": 1000, "completion_tokens": 56},
    timings={"load_s": 1.5, "ttft_s": 0.25, "prefill_tokens_per_s": 2345.6, "decode_tokens_per_s": 31.25},
    reasoning_tokens=214,
    reasoning_s=3.21,
    error="The [context] is full.",
    next_step="Raise engine.context.",
    replay_of=99,
    differs_at=6,
    begun=12,
)
ANSWER = Message(
    101,
    "c",
    100,
    Role.ASSISTANT,
    "Hello",
    1_700_000_000.0,
    ended=Ended.LENGTH,
    model="me/[i]m",
    token_ids=(1, 2, 3),
    facts=FACTS,
)


async def test_everything_that_is_stored_is_there():
    text = " ".join((await look(DetailsScreen(ANSWER, (2, 3)), size=(120, 60))).split())
    for expected in (
        "version 2 of 3",
        "Model me/[i]m",
        "Device GPU.1",
        "Backend paged",
        "Precision f16",
        "it reached the greatest length (length)",
        "Error The [context] is full.",
        "Next step Raise engine.context.",
        "Replay differs from the answer it repeats from token 7 on",
        "Length 5 characters",
        "Prompt 1,234",
        "Of it reused 1,000",
        "Generated 56",
        "Stored 3",
        "top_k 40 (default)",
        "Begun with 12 tokens, the last one chosen in place of another",
        "Thinking 214 tokens, 3.2 s",
        "To the first token 0.25 s",
        "Prompt 2,346 tokens/s",
        "Answer 31.2 tokens/s",
        "Loading the model 1.50 s",
        "temperature 0.7 (conversation)",
        "top_k 40",
        "max_tokens none",
        "stop '[/b]', '\\x1b'",
        "seed 1234567890123 (default)",
    ):
        assert expected in text


async def test_what_is_not_known_is_left_out():
    text = await look(
        DetailsScreen(replace(ANSWER, facts=Facts(), token_ids=(), ended=Ended.STOP), (1, 1)), size=(80, 40)
    )
    for absent in ("Device", "Error", "Tokens", "Speed", "Sampling", "version", "None"):
        assert absent not in text
    assert "the model ended it (stop)" in text


async def test_a_replay_that_came_out_the_same():
    facts = replace(FACTS, differs_at=None)
    assert "the same tokens" in await look(DetailsScreen(replace(ANSWER, facts=facts), (1, 1)), size=(80, 60))


async def test_a_users_message_has_no_engine():
    text = await look(DetailsScreen(Message(7, "c", None, Role.USER, "a", 0.0), (1, 1)))
    assert "1 character\n" in text
    assert "Ended" not in text


@pytest.mark.parametrize("ended", list(Ended))
async def test_every_end_has_its_words(ended):
    assert "Ended" in await look(DetailsScreen(replace(ANSWER, ended=ended), (1, 1)), size=(80, 40))


@pytest.mark.parametrize("size", [(80, 24), (40, 12)])
async def test_all_of_it_can_be_reached(size):
    panel = DetailsScreen(ANSWER, (1, 1))
    assert "Model" in await look(panel, size=size)
    assert "1234567890123" in await look(DetailsScreen(ANSWER, (1, 1)), "end", size=size)
    assert await press(DetailsScreen(ANSWER, (1, 1)), "space", "down", "up", "home", "escape", size=size) is None


def test_every_key_has_an_id_a_label_and_a_tooltip():
    assert unnamed_bindings(DetailsScreen) == []
