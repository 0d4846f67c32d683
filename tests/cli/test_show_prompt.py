"""`ovchat ask --show-prompt`: what the model would be given, without loading its weights."""

from __future__ import annotations

import json
import subprocess
import sys

from tests.cli.conftest import Run

RENDERED = "<|im_start|>system\nBe brief.<|im_end|>\n<|im_start|>user\nhello<|im_end|>\n<|im_start|>assistant\n"


def test_the_rendered_prompt_goes_to_standard_output(ask: Run) -> None:
    done = ask("hello", "-s", "Be brief.", "--show-prompt")
    assert (done.returncode, done.stdout, done.stderr) == (0, RENDERED, "")


def test_its_tokens_are_those_that_an_answer_is_given(ask: Run) -> None:
    shown = json.loads(ask("hello", "-s", "Be brief.", "--show-prompt", "--json").stdout)
    answered = json.loads(ask("hello", "-s", "Be brief.", "--max-tokens", "1", "--json").stdout)
    assert shown == {
        "model": answered["model"],
        "template": "chat_template.jinja",
        "prompt": RENDERED,
        "prompt_token_ids": answered["prompt_token_ids"],
    }


def test_raw_text_has_no_template(ask: Run) -> None:
    shown = json.loads(ask("hello", "--raw", "--show-prompt", "--json").stdout)
    assert (shown["template"], shown["prompt"]) == (None, "hello")
    assert ask("hello", "--raw", "--show-prompt").stdout == "hello\n"


def test_of_a_conversation_it_is_the_whole_branch_and_nothing_is_stored(ask: Run) -> None:
    first = json.loads(ask("hello", "--chat", "new", "--greedy", "--max-tokens", "4", "--json").stdout)
    shown = ask("again", "--chat", "last", "--show-prompt").stdout
    assert f"<|im_start|>assistant\n{first['text']}<|im_end|>\n<|im_start|>user\nagain<|im_end|>" in shown
    assert ask("again", "--chat", "last", "--show-prompt").stdout == shown


def test_no_weights_are_loaded(environment: dict[str, str], model: str) -> None:
    code = (
        "from tui.engine.language_model import LanguageModel\nLanguageModel.load = None\n"
        f"import sys\nsys.argv = ['ovchat', 'ask', '-m', {model!r}, 'hello', '--show-prompt']\n"
        "from tui.__main__ import main\nmain()"
    )
    command = [sys.executable, "-c", code]
    done = subprocess.run(
        command, env=environment, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False, timeout=60
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("hello<|im_end|>\n<|im_start|>assistant\n")


def test_what_is_no_model_is_called_so(run: Run, tmp_path) -> None:
    (tmp_path / "empty").mkdir()
    done = run("ask", "-m", str(tmp_path / "empty"), "hello", "--show-prompt")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("Error: ")
