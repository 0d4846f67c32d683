"""A conversation token by token: what the model is given, how likely an answer was, and going on from another token."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.chat.conftest import Make, Reopen, texts
from tui.chat.session import ChatSession
from tui.engine.errors import OvchatError
from tui.engine.events import TextDelta
from tui.engine.filter_stages import filter_stages
from tui.engine.options import EngineOptions
from tui.engine.reasoning import Channel
from tui.engine.runner import Runner
from tui.engine.sampling_params import SamplingParams
from tui.store.exchange import from_json, json_text, to_json
from tui.store.records import Conversation, Ended, Role


def shown(chat: ChatSession, text: str = "") -> str:
    """The prompt as its tokens spell it."""
    return "".join(chat.inspect(text).pieces.texts)


# What the model is given


def test_the_prompt_is_the_branch_with_what_is_typed(session: Make) -> None:
    chat = session("One.", "Other.", "Next.")
    chat.set_system("Be brief.")
    chat.ask("First?").result()
    chat.regenerate().result()
    model = chat.runner.model  # type: ignore[union-attr]
    given = [("system", "Be brief."), ("user", "First?"), ("assistant", "Other."), ("user", "Now?")]
    assert shown(chat, "Now?") == model.template.render([{"role": role, "content": text} for role, text in given])
    # Nothing typed: what was said, and no answer is begun.
    assert shown(chat).endswith(" <assistant> Other. <end>\n")
    assert chat.inspect().template == "chat_template.jinja"
    assert chat.inspect().limit == 4096


def test_what_is_edited_is_seen_in_its_place(session: Make) -> None:
    chat = session("One.")
    for question in ("First?", "Second?"):
        chat.ask(question).result()
    prompt = "".join(chat.inspect("Other?", chat.messages[2].id).pieces.texts)
    assert prompt.endswith(" <assistant> One. <end>\n <user> Other? <end>\n <assistant> :")


def test_special_tokens_are_marked(session: Make) -> None:
    pieces = session().inspect("Hello there").pieces
    special = [text.strip() for token, text in zip(pieces.ids, pieces.texts, strict=True) if token in pieces.special]
    assert special == ["<user>", "<end>", "<assistant>"]


def test_it_says_what_the_last_turn_found_in_the_cache(session: Make) -> None:
    chat = session("One.")
    assert chat.inspect("First?").reused is None
    chat.ask("First?").result()
    assert chat.inspect().reused == 0
    chat.ask("Second?").result()
    cached = chat.messages[-1].facts.usage["cached_tokens"]
    assert 0 < cached == chat.inspect("Third?").reused
    # Of another prompt, only what is the same counts.
    chat.set_system("Be brief.")
    assert chat.inspect("Third?").reused == 0


def test_messages_out_of_context_are_named_and_not_in_the_prompt(session: Make) -> None:
    chat = session("One.")
    for question in ("First?", "Second?"):
        chat.ask(question).result()
    chat.update(context_start=chat.messages[2].id)
    assert [message.text for message in chat.inspect("Third?").left_out] == ["First?", "One."]
    assert "First" not in shown(chat, "Third?")


def test_without_a_message_or_a_model_there_is_nothing_to_see(session: Make) -> None:
    chat = session()
    chat.set_system("Be brief.")
    with pytest.raises(OvchatError, match="nothing to send"):
        chat.inspect()
    chat.runner = None
    with pytest.raises(OvchatError, match="none is loaded"):
        chat.inspect("Hello")


# Alternatives


def test_an_answer_begun_from_another_token_is_a_branch_of_its_own(session: Make, reopened: Reopen) -> None:
    chat = session("One two three.", "and on.")
    chat.ask("Count!").result()
    first = chat.messages[-1]
    tokenizer = chat.runner.model.tokenizer  # type: ignore[union-attr]
    turn = chat.begin_from(first.id, 1, tokenizer.id_of(" nine"))
    seen = "".join(event.text for event in turn if isinstance(event, TextDelta))
    second = chat.messages[-1]
    assert seen == second.text == "One nineand on."
    assert second.token_ids[:2] == (first.token_ids[0], tokenizer.id_of(" nine"))
    assert (second.parent, chat.position(second.id)) == (first.parent, (2, 2))
    assert chat.runner.requests[-1].begun == second.token_ids[:2]  # type: ignore[union-attr]
    assert reopened(chat).messages[-1] == second
    assert chat.move(second.id, -1)
    assert texts(chat) == ["Count!", "One two three."]


def test_the_thinking_before_it_is_thinking_in_the_branch_too(session: Make) -> None:
    thought = [(Channel.REASONING, "Let me see."), (Channel.ANSWER, "It is 7.")]
    chat = session(thought, " So be it.")
    chat.ask("What?").result()
    answer = chat.messages[-1]
    other = chat.runner.model.tokenizer.id_of(" 9.")  # type: ignore[union-attr]
    chat.begin_from(answer.id, len(answer.token_ids) - 1, other).result()
    assert (chat.messages[-1].reasoning, chat.messages[-1].text) == ("Let me see.", "It is 9. So be it.")


def test_stopped_at_once_the_branch_has_what_it_was_begun_with(session: Make) -> None:
    chat = session("One two three.", "and on.")
    chat.ask("Count!").result()
    chat.runner.go.clear()  # type: ignore[union-attr]
    turn = chat.begin_from(chat.messages[-1].id, 2, 0)
    while turn.prefill is None:
        pass
    turn.cancel()
    turn.result()
    assert chat.messages[-1].text.startswith("One two")
    assert chat.messages[-1].ended is Ended.CANCELLED
    assert chat.can_proceed(chat.messages[-1].id)


def test_a_token_that_ends_the_answer_begins_nothing(session: Make) -> None:
    chat = session("One two.")
    chat.ask("Count!").result()
    chat.runner.model.stop_ids = frozenset({77})  # type: ignore[union-attr]
    with pytest.raises(OvchatError, match="would end"):
        chat.begin_from(chat.messages[-1].id, 1, 77)
    assert texts(chat) == ["Count!", "One two."]


@pytest.mark.parametrize("do", [lambda chat, id: chat.look_at(id, 3), lambda chat, id: chat.begin_from(id, 0, 1)])
def test_tokens_that_are_not_known_or_mean_something_else_are_not_looked_at(session: Make, do: Callable) -> None:
    chat = session("One two.")
    chat.ask("Count!").result()
    question, answer = chat.messages
    with pytest.raises(OvchatError, match="not known"):
        do(chat, question.id)
    chat._tree.put(replace(answer, text="What these tokens do not say.", model="other"))
    with pytest.raises(OvchatError, match="other wrote this answer"):
        do(chat, answer.id)
    chat._tree.put(replace(answer, token_ids=()))
    with pytest.raises(OvchatError, match="not known"):
        do(chat, answer.id)


def test_an_answer_is_scored_after_what_it_answered(session: Make) -> None:
    chat = session("One two.", "Three.")
    chat.ask("Count!").result()
    answer = chat.messages[-1]
    chat.ask("More!").result()
    scored = chat.look_at(answer.id, 2).job.result()
    (request, token_ids) = chat.runner.scored[0]  # type: ignore[union-attr]
    assert [each["content"] for each in request.messages] == ["Count!"]
    assert token_ids == answer.token_ids == tuple(each.token_id for each in scored)
    # What was found out is not computed again.
    chat.keep_scores(answer.id, 2, scored)
    assert chat.look_at(answer.id, 2).job.result() == scored
    assert len(chat.runner.scored) == 1  # type: ignore[union-attr]


def test_what_the_generation_has_said_is_not_computed_again(engine: Runner) -> None:
    chat = ChatSession(Conversation("tiny", sampling={"logprobs": 3, "max_tokens": 8}), runner=engine)
    end = chat.ask("A tiny model says").result()
    assert chat.look_at(chat.messages[-1].id, 3).job.result() is end.logprobs
    # Of fewer candidates than are wanted, nothing is seen.
    more = chat.look_at(chat.messages[-1].id, 4).job.result()
    assert [len(each.top_logprobs) for each in more] == [4] * 8


def test_how_an_answer_was_begun_is_exported_and_imported(session: Make) -> None:
    chat = session("One two three.", "and on.")
    chat.ask("Count!").result()
    chat.begin_from(chat.messages[-1].id, 1, 0).result()
    document = to_json(chat.conversation, chat.every_message)
    _, messages = from_json(json.loads(json_text(document)))
    assert [each.facts.begun for each in messages if each.role is Role.ASSISTANT] == [0, 2]


def test_the_last_step_of_the_last_turn_is_kept_once(session: Make) -> None:
    chat = session("One two three.")
    assert chat.last_step is None
    turn = chat.ask("Count!")
    assert turn.result().last_step is None
    assert chat.last_step is not None
    stages = filter_stages(chat.last_step, SamplingParams(top_k=2))
    assert [round(each.probability, 2) for each in stages[1].top] == [0.57, 0.43]


@pytest.fixture(scope="module")
def engine(tiny_model: Callable[[str], Path]):
    with Runner() as runner:
        runner.load(tiny_model("llama"), "CPU", EngineOptions(precision="f32", kv_cache="f32")).result()
        yield runner


def test_with_a_real_model_a_branch_goes_on_as_the_same_tokens_would(engine: Runner) -> None:
    chat = ChatSession(Conversation("tiny", sampling={"temperature": 0.0, "max_tokens": 12}), runner=engine)
    chat.ask("A tiny model says").result()
    first = chat.messages[-1]
    scored = chat.look_at(first.id, 4).job.result()
    assert [each.token_id for each in scored] == list(first.token_ids)
    # Greedy: what came was the likeliest each time.
    assert all(each.top_logprobs[0][0] == each.token_id for each in scored)
    # The same token again, and the same answer follows; the second likeliest, and another one does.
    chat.begin_from(first.id, 5, first.token_ids[5]).result()
    assert chat.messages[-1].token_ids[:12] == first.token_ids
    other = scored[5].top_logprobs[1][0]
    chat.begin_from(first.id, 5, other).result()
    second = chat.messages[-1]
    assert second.token_ids[:6] == (*first.token_ids[:5], other)
    assert len(second.token_ids) == 6 + 12
    written = engine.model.tokenizer.decode(second.token_ids)  # type: ignore[union-attr]
    assert second.text == written.rstrip("\N{REPLACEMENT CHARACTER}")
    # A replay begins with them, too.
    chat.replay(second.id).result()
    assert chat.messages[-1].token_ids == second.token_ids
    assert chat.messages[-1].facts.differs_at is None
