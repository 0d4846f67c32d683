from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.talk import FACTS, Talk
from tui.store.conversations import Conversations
from tui.store.errors import StoreError
from tui.store.exchange import from_json, to_json, to_markdown
from tui.store.records import Conversation, Ended, Facts, Message, Role

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=20)
times = st.floats(0, 8e9)
numbers = st.floats(allow_nan=False, allow_infinity=False)
facts = st.builds(
    Facts,
    device=texts,
    backend=texts,
    precision=texts,
    sampling=st.dictionaries(texts, st.none() | numbers | texts | st.tuples(texts)),
    sources=st.dictionaries(texts, texts),
    seed=st.none() | st.integers(0, 2**63 - 1),
    usage=st.dictionaries(texts, st.integers(0)),
    timings=st.dictionaries(texts, numbers),
    reasoning_tokens=st.integers(0),
    reasoning_s=numbers,
    error=texts,
    next_step=texts,
    differs_at=st.none() | st.integers(0),
)


@st.composite
def conversations(draw: st.DrawFn) -> tuple[Conversation, list[Message]]:
    messages: list[Message] = []
    for number in range(draw(st.integers(0, 6))):
        message = Message(
            number + 1,
            "c",
            draw(st.sampled_from([None, *(each.id for each in messages)])),
            draw(st.sampled_from(Role)),
            draw(texts),
            draw(times),
        )
        if message.role is Role.ASSISTANT:
            message = replace(
                message,
                reasoning=draw(texts),
                ended=draw(st.sampled_from([each for each in Ended if each])),
                model=draw(texts),
                token_ids=tuple(draw(st.lists(st.integers(0, 2**32 - 1), max_size=4))),
                facts=replace(draw(facts), replay_of=draw(st.sampled_from([None, *(each.id for each in messages)]))),
            )
        messages.append(message)
    some = st.sampled_from([None, *(each.id for each in messages)])
    created = draw(times)
    conversation = Conversation(
        "c",
        draw(texts),
        draw(st.booleans()),
        created,
        max([created, *(each.created for each in messages)]),
        model=draw(texts),
        system=draw(texts),
        sampling=draw(
            st.fixed_dictionaries(
                {},
                optional={
                    "temperature": st.floats(0, 2),
                    "top_k": st.integers(0, 2**31 - 1),
                    "max_tokens": st.none() | st.integers(1, 2**31 - 1),
                    "stop": st.lists(texts.filter(bool)).map(tuple),
                },
            )
        ),
        head=messages[-1].id if messages else None,
        context_start=draw(some),
    )
    return conversation, messages


@settings(max_examples=150, deadline=None)
@given(conversations())
def test_what_was_exported_comes_back_under_new_ids(whole: tuple[Conversation, list[Message]]) -> None:
    conversation, messages = whole
    text = json.dumps(to_json(conversation, messages), allow_nan=False)
    again, read = from_json(json.loads(text))
    assert again.id != conversation.id
    assert [each.id for each in read] == sorted({each.id for each in read})
    old: dict[int | None, int | None] = {None: None} | {
        new.id: each.id for each, new in zip(messages, read, strict=True)
    }
    renamed = [
        replace(
            each,
            id=old[each.id],
            conversation="c",
            parent=old[each.parent],
            facts=replace(each.facts, replay_of=old[each.facts.replay_of]),
        )
        for each in read
    ]
    assert renamed == messages
    head, start = old[again.head], old[again.context_start]
    assert replace(again, id="c", head=head, context_start=start) == conversation


def test_an_import_is_stored_whole_and_found_at_its_time(store: Conversations, talk: Talk) -> None:
    question = talk.say("The rivers")
    talk.answer("first", facts=FACTS)
    talk.answer("second", parent=question.id)
    newer = Talk(store, created=1_800_000_000.0).say("newer rivers")
    conversation, messages = from_json(to_json(talk.conversation, store.messages(talk.id)))
    store.add(conversation, messages)
    assert store.conversation(conversation.id) == conversation
    assert store.messages(conversation.id) == messages
    assert [each.text for each in store.branch(conversation.head)] == ["The rivers", "second"]
    # Ids of messages that were written now are later than what they were given as time; the import has its own times.
    assert {hit.message_id for hit in store.search("rivers")} == {newer.id, question.id, messages[0].id}
    assert list(store.search("rivers"))[-1].message_id == messages[0].id
    with pytest.raises(StoreError, match="holds this already"):
        store.add(replace(conversation, id="another000"), messages)
    assert store.conversation("another000") is None


def test_the_format_is_the_one_that_is_described() -> None:
    exported = to_json(
        Conversation("c", "Title", created=1.0, updated=2.0, model="m", system="s", head=3),
        [
            Message(1, "c", None, Role.USER, "Hi", 1.0),
            Message(2, "c", 1, Role.ASSISTANT, "Other", 1.5, ended=Ended.WRITING),
            Message(3, "c", 1, Role.ASSISTANT, "Ho", 2.0, "Hm", Ended.LENGTH, "m", (5,), Facts("CPU", seed=7)),
        ],
    )
    first, second, third = exported.pop("messages")
    assert exported == {
        "format": "ovchat/1",
        "id": "c",
        "title": "Title",
        "renamed": False,
        "created": 1.0,
        "model": "m",
        "system": "s",
        "sampling": {},
    }
    assert first == {"id": "1", "parent": None, "role": "user", "text": "Hi", "created": 1.0, "active": True}
    assert "active" not in second
    assert second["finish_reason"] == "interrupted"
    assert third == {
        "id": "3",
        "parent": "1",
        "role": "assistant",
        "text": "Ho",
        "created": 2.0,
        "active": True,
        "reasoning": "Hm",
        "model": "m",
        "finish_reason": "length",
        "token_ids": [5],
        "device": "CPU",
        "sampling": {},
        "seed": 7,
        "usage": {},
        "timings": {},
    }


def test_a_number_that_json_does_not_know_is_left_out() -> None:
    message = Message(1, "c", None, Role.ASSISTANT, "", 1.0, facts=Facts(timings={"a": float("inf"), "b": 1.0}))
    exported = json.loads(json.dumps(to_json(Conversation("c"), [message]), allow_nan=False))
    assert from_json(exported)[1][0].facts.timings == {"b": 1.0}


def test_an_answer_whose_id_is_less_than_its_questions_comes_after_it() -> None:
    messages = [
        Message(1, "c", 5, Role.ASSISTANT, "an answer", 1.0),
        Message(5, "c", None, Role.USER, "a question", 2.0),
        Message(6, "c", 1, Role.USER, "another", 3.0),
    ]
    conversation, read = from_json(to_json(Conversation("c", head=6), messages))
    assert [each.text for each in read] == ["a question", "an answer", "another"]
    assert conversation.head == read[-1].id


GOOD: dict[str, Any] = {"id": "1", "parent": None, "role": "user", "text": "Hi", "created": 1.0}


@pytest.mark.parametrize(
    ("exported", "sentence"),
    [
        ([], "The file is \\[\\], it must be a table"),
        (None, "The file is None"),
        ({}, 'has no "format": "ovchat/1"'),
        ({"format": "ovchat/2", "messages": []}, "Its format is 'ovchat/2'"),
        ({"format": 1}, "format is 1, it must be a text"),
        ({"format": "ovchat/1"}, "The file has no 'messages'"),
        ({"format": "ovchat/1", "messages": {}}, "messages is {}, it must be a list"),
        ({"format": "ovchat/1", "messages": [], "title": 5}, "The file: title is 5, it must be a text"),
        ({"format": "ovchat/1", "messages": [], "renamed": 1}, "renamed is 1, it must be true or false"),
        ({"format": "ovchat/1", "messages": [], "created": float("nan")}, "created is nan, .* seconds since 1970"),
        ({"format": "ovchat/1", "messages": [], "sampling": {"temperature": 9}}, "temperature is 9, it must be 0 to 2"),
        ({"format": "ovchat/1", "messages": [], "sampling": {"warmth": 1}}, "no sampling parameter 'warmth'"),
        (["Hi"], "Message 1 is 'Hi', it must be a table"),
        ([GOOD, GOOD], "Message 2: id is '1', it must be one that no other message has"),
        ([GOOD | {"id": None}], "Message 1 has no 'id'"),
        ([GOOD, GOOD | {"id": "2", "text": None}], "Message 2 has no 'text'"),
        ([GOOD | {"role": "tool"}], "Message 1: role is 'tool', it must be one of user, assistant"),
        ([GOOD | {"parent": "1"}], "Message 1: parent is '1', it must be the id of a message before it"),
        ([GOOD | {"parent": "9"}], "Message 1: parent is '9'"),
        ([GOOD | {"created": "now"}], "Message 1: created is 'now', it must be a number"),
        ([GOOD | {"created": -1}], "Message 1: created is -1"),
        ([GOOD | {"created": 1e300}], "Message 1: created is 1e"),
        ([GOOD | {"created": True}], "Message 1: created is True"),
        ([GOOD | {"finish_reason": "bored"}], "finish_reason is 'bored', it must be one of stop, length"),
        ([GOOD | {"token_ids": [1, -1]}], "Message 1: token_ids is"),
        ([GOOD | {"token_ids": [2**32]}], "Message 1: token_ids is"),
        ([GOOD | {"seed": 2**63}], "Message 1: seed is"),
        ([GOOD | {"usage": {"prompt_tokens": "many"}}], "Message 1: usage is"),
        ([GOOD | {"text": ["x" * 1000]}], r"Message 1: text is \['x{38}\.\.\., it must be a text"),
    ],
)
def test_what_is_wrong_is_named(exported: Any, sentence: str) -> None:
    if isinstance(exported, list) and exported:
        exported = {"format": "ovchat/1", "messages": exported}
    with pytest.raises(StoreError, match=sentence):
        from_json(exported)


def test_a_file_that_says_the_least_is_enough() -> None:
    conversation, (message,) = from_json({"format": "ovchat/1", "messages": [GOOD]})
    assert (conversation.title, conversation.created, conversation.updated) == ("", 1.0, 1.0)
    assert (conversation.head, message.text, message.ended) == (message.id, "Hi", Ended.STOP)
    assert from_json({"format": "ovchat/1", "messages": []})[0].head is None


def markdown(text: str, **values: Any) -> str:
    return to_markdown(Conversation("c"), [Message(1, "c", None, Role.ASSISTANT, text, 1.0, **values)])


def test_markdown_has_the_branch_with_thinking_folded() -> None:
    branch = [
        Message(1, "c", None, Role.USER, "  Hi\n", 1.0),
        Message(2, "c", 1, Role.ASSISTANT, "Ho", 1.0, "Hm.\n</details>", model="qwen3"),
    ]
    assert to_markdown(Conversation("c", title="On\ngreeting", system="Be brief."), branch) == (
        "# On greeting\n\n## System\n\nBe brief.\n\n## You\n\n  Hi\n\n## qwen3\n\n"
        "<details>\n<summary>Thinking</summary>\n\nHm.\n&lt;/details>\n\n</details>\n\nHo\n"
    )


@pytest.mark.parametrize(
    ("text", "end"),
    [
        ("```python\nprint()", "```python\nprint()\n```\n"),
        ("````\n```\nx\n```", "````\n```\nx\n```\n````\n"),
        ("~~~\n```\n", "~~~\n```\n~~~\n"),
        ("- a\n  ```sh\n  ls", "- a\n  ```sh\n  ls\n  ```\n"),
        ("```\nx\n```", "```\nx\n```\n"),
        ("```\nx\n`````\n\ny", "```\nx\n`````\n\ny\n"),
        ("```inline``` code", "```inline``` code\n"),
        ("```\nx\n``` no end", "```\nx\n``` no end\n```\n"),
    ],
)
def test_a_fence_that_was_cut_off_is_closed_and_others_are_left_alone(text: str, end: str) -> None:
    assert markdown(text).endswith(f"\n\n{end}")
    assert markdown("", reasoning=text).endswith(f"\n\n{end}\n</details>\n")
