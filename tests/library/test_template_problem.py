"""What the list of models says of chat templates, from reading them alone."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tui.engine.errors import OvchatError, TemplateError
from tui.engine.model_files import inspect
from tui.library.template_problem import template_problem


@pytest.fixture
def folder(tmp_path, tiny_model) -> Path:
    return shutil.copytree(tiny_model("llama"), tmp_path / "mine")


def problem(folder: Path) -> OvchatError | None:
    return template_problem(inspect(folder))


def test_a_sound_one_has_none(folder):
    assert problem(folder) is None


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("\n{% for x in %}", "is broken at line 2: "),
        ("{{ x" + "y" * (1 << 20) + " }}", "is broken: it makes more text"),
        ("{{ " + "[" * 5000 + "]" * 5000 + " }}", "is broken: "),
    ],
)
def test_a_broken_one_is_told_of_with_the_place(folder, template, why):
    (folder / "chat_template.jinja").write_text(template)
    found = problem(folder)
    assert isinstance(found, TemplateError)
    assert found.sentence.startswith(f"The chat template (chat_template.jinja) {why}")
    assert "Put a corrected chat_template.jinja" in str(found)


def test_one_that_cannot_be_read(folder):
    (folder / "chat_template.jinja").write_bytes(b"\xff\xfe\xff")
    assert isinstance(problem(folder), TemplateError)


def test_a_model_without_one_is_sent_plain_text(folder):
    (folder / "chat_template.jinja").unlink()
    assert problem(folder) is None, "the tokenizer has it, too"
    tokenizer = folder / "openvino_tokenizer.xml"
    tokenizer.write_text(tokenizer.read_text("utf-8").replace("<chat_template value", "<some_template value"), "utf-8")
    found = problem(folder)
    assert found is not None
    assert not isinstance(found, TemplateError)
    assert "mine has no chat template" in found.sentence
