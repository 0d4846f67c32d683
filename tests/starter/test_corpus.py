"""The corpus: seeded, lower-case questions, filled answers, nothing from the evaluation."""

from __future__ import annotations

import tomllib
from random import Random

from tui.starter.recipe.corpus import QUESTIONS_FILE, dialogue, held_out, intents, normalised, refusal
from tui.starter.recipe.foreign import foreign_question
from tui.starter.recipe.phrases import expand, gerund


def dialogues(count: int, seed: int = 5) -> list[list[dict[str, str]]]:
    rng = Random(seed)
    return [dialogue(rng) for _ in range(count)]


def test_the_same_seed_gives_the_same_dialogues() -> None:
    assert dialogues(50) == dialogues(50)
    assert dialogues(50) != dialogues(50, seed=6)


def test_turns_alternate_and_nothing_is_left_unfilled() -> None:
    for messages in dialogues(400):
        roles = [message["role"] for message in messages if message["role"] != "system"]
        assert roles == ["user", "assistant"] * (len(roles) // 2)
        for message in messages:
            assert message["content"]
            assert "{" not in message["content"]
            assert message["role"] != "user" or message["content"] == message["content"].lower()


def test_no_evaluation_question_is_ever_trained() -> None:
    trained = {normalised(message["content"]) for messages in dialogues(5000) for message in messages}
    assert not trained & held_out()


def test_every_intent_and_the_refusal_occur() -> None:
    answers = {message["content"] for messages in dialogues(5000) for message in messages}
    assert {intent.say for intent in intents().values()} <= answers
    assert refusal() in answers


def test_answers_have_two_to_six_sentences_at_most() -> None:
    for intent in intents().values():
        assert len(intent.say) <= 420, intent.name


def test_evaluation_has_the_size_it_is_meant_to_have() -> None:
    asked = tomllib.loads(QUESTIONS_FILE.read_text(encoding="utf-8"))
    assert len(asked["topic"]) >= 40
    assert sum(len(topic["questions"]) for topic in asked["topic"]) >= 200
    assert len(set(asked["out_of_domain"]["questions"])) >= 200


def test_patterns_expand() -> None:
    assert expand("[stop] {x}", Random(0), x="it") == "stop it"
    assert {expand("[a|b|]", Random(seed)) for seed in range(20)} == {"a", "b", ""}
    assert (gerund("save it"), gerund("run"), gerund("see a model"), gerund("tie")) == (
        "saving it",
        "running",
        "seeing a model",
        "tying",
    )


def test_foreign_questions_are_complete() -> None:
    rng = Random(1)
    questions = [foreign_question(rng) for _ in range(2000)]
    assert not [question for question in questions if "{" in question or not question.strip()]
    assert len(set(questions)) > 1500
