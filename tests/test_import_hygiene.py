"""What is imported when: `ovchat --help` must answer at once, and the engine must do without the rest."""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

HEAVY = (
    "openvino",
    "openvino_tokenizers",
    "textual",
    "numpy",
    "rich",
    "jinja2",
    "tomlkit",
    "huggingface_hub",
    "psutil",
)


def loaded_after(code: str, modules: Sequence[str]) -> list[str]:
    """Which of `modules` a fresh Python has loaded after `code`."""
    program = (
        f"{code}\nimport sys\nprint(*[name for name in {list(modules)!r} if name in sys.modules], file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return done.stderr.split()


def test_the_check_itself_sees_what_is_imported() -> None:
    assert loaded_after("import numpy", HEAVY) == ["numpy"]


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["-h"], ["no-such-command"]])
def test_asking_the_command_line_about_itself_imports_nothing_heavy(arguments: list[str]) -> None:
    code = (
        f"import sys\nsys.argv = ['ovchat', *{arguments!r}]\nfrom tui.__main__ import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert "ovchat" in done.stdout + done.stderr
    quiet = code.replace("import sys\n", "import os, sys\nsys.stderr = open(os.devnull, 'w')\n", 1)
    assert loaded_after(quiet + "sys.stderr = sys.__stderr__", HEAVY) == []


@pytest.mark.parametrize(
    ("module", "never"),
    [
        (
            "tui.engine.runner",
            ("textual", "rich", "click", "platformdirs", "tomlkit", "sqlite3", "transformers", "torch"),
        ),
        ("tui.engine.sampling", ("openvino",)),
        ("tui.engine.stopping", ("openvino",)),
        ("tui.engine.reasoning", ("openvino", "numpy")),
        ("tui.engine.chat_template", ("openvino",)),
        ("tui.engine.options", ("openvino", "numpy")),
        ("tui.engine.model_files", ("openvino",)),
        ("tui.store.settings", ("openvino", "numpy", "textual", "tui.engine")),
        ("tui.store.state", ("openvino", "numpy", "textual", "tui.engine")),
        ("tui.library.find", ("openvino", "numpy", "textual", "huggingface_hub")),
        ("tui.library.pull", ("openvino", "numpy", "textual", "huggingface_hub", "httpx")),
        ("tui.cli.models_pull", ("openvino", "textual", "huggingface_hub", "httpx")),
        ("tui.cli.models_convert", ("openvino", "textual", "huggingface_hub", "httpx")),
        ("tui.chat.session", ("textual", "rich", "click", "openvino", "numpy", "jinja2")),
        ("tui.chat.choice", ("textual", "rich", "click", "openvino", "numpy")),
        ("tui.cli.ask", ("textual", "rich", "openvino_genai", "huggingface_hub")),
        ("tui.cli.chat", ("textual", "rich", "openvino_genai", "huggingface_hub")),
        ("tui.cli.models", ("openvino", "numpy", "textual", "rich", "huggingface_hub")),
    ],
)
def test_a_layer_does_not_load_what_it_must_not_know(module: str, never: Sequence[str]) -> None:
    assert loaded_after(f"import {module}", never) == []


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_take_under_half_the_time_of_importing_openvino(option: str) -> None:
    commands = {"ovchat": [sys.executable, "-m", "tui", option], "openvino": [sys.executable, "-c", "import openvino"]}
    times: dict[str, list[float]] = {name: [] for name in commands}
    for _ in range(7):
        # In turns, so that a busy machine slows both.
        for name, command in commands.items():
            start = time.perf_counter()
            subprocess.run(command, check=True, capture_output=True)
            times[name].append(time.perf_counter() - start)
    medians = {name: statistics.median(values) for name, values in times.items()}
    assert medians["ovchat"] < 0.5 * medians["openvino"], medians


def test_openvino_does_not_report_that_it_was_imported(tmp_path: Path) -> None:
    """By itself it does, and keeps a client id in ~/intel."""
    homes = {name: str(tmp_path) for name in ("HOME", "USERPROFILE", "LOCALAPPDATA", "OVCHAT_HOME")}
    # Without this it keeps quiet by itself.
    environment = {
        name: value for name, value in os.environ.items() if name not in ("CI", "TF_BUILD", "JENKINS_URL")
    } | homes
    code = "import tui.engine.tokenizer, tui.engine.model, sys; print('openvino_telemetry.main' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"
    assert list(tmp_path.iterdir()) == []
