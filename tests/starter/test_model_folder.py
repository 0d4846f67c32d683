"""The built-in model's folder: complete, small, greedy, ChatML, and as good as its README says."""

from __future__ import annotations

import json

import jinja2
import pytest

from tui.starter.recipe.evaluate import STARTER, Starter, declines
from tui.starter.recipe.self_check import verdicts

FILES = {
    "openvino_model.xml", "openvino_model.bin", "openvino_tokenizer.xml", "openvino_tokenizer.bin",
    "openvino_detokenizer.xml", "openvino_detokenizer.bin", "config.json", "generation_config.json",
    "tokenizer_config.json", "tokenizer.json", "chat_template.jinja", "self_check.json", "README.md",
}  # fmt: skip


def read_json(name: str) -> dict:
    return json.loads((STARTER / name).read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def starter() -> Starter:
    return Starter(STARTER)


def test_the_folder_is_complete_and_at_most_12_mb() -> None:
    files = [file for file in STARTER.iterdir() if file.is_file()]
    assert {file.name for file in files} >= FILES
    assert sum(file.stat().st_size for file in files) <= 12_000_000


def test_the_verdict_that_it_brings_is_the_one_that_a_check_has() -> None:
    """Another openvino or another export needs a new one: python -m tui.starter.recipe.self_check."""
    assert read_json("self_check.json") == verdicts(STARTER)


def test_it_decodes_greedily() -> None:
    generation = read_json("generation_config.json")
    assert generation["do_sample"] is False
    assert generation["max_new_tokens"] == 200
    assert generation["eos_token_id"] == [2, 0]


def test_the_template_is_chatml_and_lowers_the_users_words_only() -> None:
    template = jinja2.Template((STARTER / "chat_template.jinja").read_text(encoding="utf-8"))
    messages = [{"role": "system", "content": "Be KIND"}, {"role": "user", "content": "What is OpenVINO?"}]
    assert template.render(messages=messages, add_generation_prompt=True) == (
        "<|im_start|>system\nBe KIND<|im_end|>\n<|im_start|>user\nwhat is openvino?<|im_end|>\n<|im_start|>assistant\n"
    )


@pytest.mark.parametrize("file", sorted(FILES - {"README.md"}))
def test_no_path_of_the_machine_it_was_made_on(file: str) -> None:
    content = (STARTER / file).read_bytes()
    assert not [mark for mark in (b"/home/", b"/tmp/", b"/root/") if mark in content]


def test_the_readme_has_the_numbers_of_the_evaluation() -> None:
    report = json.loads((STARTER / "recipe" / "evaluation.json").read_text(encoding="utf-8"))
    readme = (STARTER / "README.md").read_text(encoding="utf-8")
    for group in ("in_domain", "out_of_domain", "follow_up"):
        score = report[group]
        assert f"{score['right']} of {score['asked']} ({score['percent']['right']:g} %)" in readme
    assert f"{report['in_domain']['declined']} of {report['in_domain']['asked']}" in readme


def test_the_numbers_are_good_enough_to_ship() -> None:
    report = json.loads((STARTER / "recipe" / "evaluation.json").read_text(encoding="utf-8"))
    assert report["in_domain"]["percent"]["right"] >= 80
    assert report["in_domain"]["percent"]["declined"] <= 8
    assert report["out_of_domain"]["percent"]["right"] >= 85
    assert report["tokens_per_second"] >= 300


@pytest.mark.parametrize("question", ["How do I add a model?", "how do i add a model", "HOW DO I ADD A MODEL?"])
def test_the_first_question_is_answered(starter: Starter, question: str) -> None:
    answer = starter.answer([{"role": "user", "content": question}])
    assert "ovchat models add DIR" in answer
    assert "ovchat models pull" in answer
    assert "F3" in answer
    assert answer == answer.strip()


@pytest.mark.parametrize("question", ["Hello!", "How do I quit?", "What is quantisation?", "Which key regenerates?"])
def test_it_does_not_decline_what_it_knows(starter: Starter, question: str) -> None:
    assert not declines(starter.answer([{"role": "user", "content": question}]))


@pytest.mark.parametrize("question", ["What is the capital of France?", "Write a poem about the moon"])
def test_it_declines_what_it_does_not_know(starter: Starter, question: str) -> None:
    assert declines(starter.answer([{"role": "user", "content": question}]))


def test_a_follow_up(starter: Starter) -> None:
    messages = [{"role": "user", "content": "How do I regenerate an answer?"}]
    messages += [
        {"role": "assistant", "content": starter.answer(messages)},
        {"role": "user", "content": "Which key was that?"},
    ]
    assert "Ctrl+R" in starter.answer(messages)
