"""What is built: source distribution -> wheel -> an environment with nothing else -> an answer."""

from __future__ import annotations

import os
import subprocess
import sys
import tarfile
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest

from tui import __version__

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The source distribution, and the wheel made from it."""
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(folder), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return next(folder.glob("*.tar.gz")), next(folder.glob("*.whl"))


@pytest.mark.slow
def test_the_source_distribution_has_what_a_test_run_needs(built: tuple[Path, Path]) -> None:
    with tarfile.open(built[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "README.md", "LICENSE", "settings.toml", "tests/test_packaging.py"} <= names
    assert any(name.startswith("themes/") and name.endswith(".toml") for name in names)
    assert any(name.startswith("tui/starter/recipe/") for name in names)


@pytest.mark.slow
def test_the_wheel_has_data_licence_and_starter_and_not_its_recipe(built: tuple[Path, Path]) -> None:
    with zipfile.ZipFile(built[1]) as archive:
        names = set(archive.namelist())
    assert {"tui/data/settings.toml", "tui/__main__.py", "tui/starter/openvino_model.bin"} <= names
    assert "tui/library/catalogue.toml" in names
    assert {f"tui/data/themes/{path.name}" for path in (ROOT / "themes").glob("*.toml")} <= names
    assert any(name.endswith("licenses/LICENSE") for name in names)
    assert not [name for name in names if "recipe" in name or name.startswith("tests")]
    size = sum(path.stat().st_size for path in (ROOT / "tui" / "starter").iterdir() if path.is_file())
    assert size <= 12 * 2**20, "the starter may have 12 MB"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_an_installed_wheel_answers_from_any_folder(built: tuple[Path, Path], tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    venv.create(environment, with_pip=True)
    scripts = environment / ("Scripts" if os.name == "nt" else "bin")
    variables = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()

    def run(*command: str) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(
            [str(scripts / command[0]), *command[1:]],
            cwd=elsewhere,
            env=variables | {"OVCHAT_HOME": str(tmp_path / "home")},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done

    run("pip", "install", "-q", str(built[1]))
    run("pip", "check")
    assert run("ovchat", "--version").stdout == f"ovchat {__version__}\n"
    where = run("python", "-c", "from tui.store.paths import data_file; print(data_file('settings.toml'))").stdout
    assert Path(where.strip()).parts[-3:] == ("tui", "data", "settings.toml")
    answer = run("ovchat", "ask", "How do I add a model?")
    assert len(answer.stdout.split()) > 5
    assert answer.stderr == ""


def test_openvino_and_its_tokenizers_are_one_release() -> None:
    pins = dict(each.split("==") for each in PROJECT["dependencies"] if each.startswith("openvino"))
    assert pins["openvino-tokenizers"] == f"{pins['openvino']}.*"


def test_the_tests_need_no_torch_and_the_chat_no_genai() -> None:
    extras = PROJECT["optional-dependencies"]
    assert not [each for each in extras["dev"] if each.startswith(("torch", "optimum"))]
    assert not [
        each for each in PROJECT["dependencies"] if each.startswith(("openvino-genai", "transformers", "torch"))
    ]


def test_the_readme_has_the_two_commands_and_ci_runs_the_second() -> None:
    readme = (ROOT / "README.md").read_text("utf-8")
    chat = "python3 -m venv .venv && .venv/bin/pip install . && .venv/bin/ovchat"
    test = "python3 -m venv .venv && .venv/bin/pip install -e '.[dev]' && .venv/bin/pytest"
    assert chat in readme
    assert test in readme
    script = (ROOT / ".ci" / "run").read_text("utf-8")
    steps = [step.split(" ")[-1] for step in test.split(" && ")]
    assert all(step in script for step in steps)
    assert os.access(ROOT / ".ci" / "run", os.X_OK) or os.name == "nt"
