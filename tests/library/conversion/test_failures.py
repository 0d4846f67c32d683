"""How tools end, as sentences: the last lines are those of real failures."""

from __future__ import annotations

from pathlib import Path

import pytest

from tui.library.conversion.failures import conversion_failure, install_failure
from tui.library.conversion.tool import Outcome

LOG = Path("/home/me/log/convert.log")
PYTHON = Path("/env/bin/python")
PLENTY = 10**12


def failure(*lines: str, code: int = 1, free: int = PLENTY) -> str:
    return str(conversion_failure(Outcome(code, lines), LOG, free=free, python=PYTHON, name="org/m"))


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("Loading weights", -9),
        ("Loading weights", 137),
        ("MemoryError", 1),
        ("terminate called after throwing an instance of 'std::bad_alloc'", -6),
        ("RuntimeError: [enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 9 bytes.", 1),
        ("numpy._core._exceptions._ArrayMemoryError: Unable to allocate 9.31 GiB for an array", 1),
    ],
)
def test_memory(line: str, code: int) -> None:
    said = failure(line, code=code)
    assert said.startswith("The memory did not suffice to convert org/m")
    assert "smaller model" in said
    assert str(LOG) in said


@pytest.mark.parametrize(
    ("line", "free"),
    [
        ("OSError: [Errno 28] No space left on device", PLENTY),
        ("OSError: [Errno 122] Disk quota exceeded: '/x'", PLENTY),
        ("RuntimeError: Check 'bin_file' failed", 1000),  # OpenVINO does not say why it could not write
    ],
)
def test_disk(line: str, free: int) -> None:
    assert failure(line, free=free).startswith("The disk ran full while org/m was converted. Make room")


def test_the_version_of_transformers() -> None:
    said = failure(
        "ValueError: The current version of Transformers does not allow for the export of the model. "
        "Maximum required is 4.57.6, got: 5.0.0"
    )
    assert said.startswith("This model is not converted with transformers 5.0.0, but with 4.57.6 or older. Give an env")


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (
            "ValueError: The repository org/m contains custom code which must be executed to correctly load the model. "
            "Please pass the argument `trust_remote_code=True` to allow custom code to be run.",
            "without running it. If you trust its makers, allow it.",
        ),
        (
            "ImportError: This modeling file requires the following packages that were not found in your environment: "
            "einops. Run `pip install einops`",
            "the tool wants einops, which its environment has not. Install it there: /env/bin/python -m pip install",
        ),
        ("ModuleNotFoundError: No module named 'tiktoken'", "the tool wants tiktoken"),
        (
            "ValueError: The checkpoint you are trying to load has model type `new` but Transformers does not "
            "recognize this architecture.",
            "optimum-intel cannot convert the architecture of org/m: The checkpoint you",
        ),
        ("huggingface_hub.errors.GatedRepoError: 401 Client Error.", "something on the hub that is gated"),
        ("requests.exceptions.ConnectionError: Max retries exceeded with url: /org/m", "which cannot be reached"),
        ("RepositoryNotFoundError: 404 Client Error.", "lacks something that the tool wants"),
        (
            "OSError: We couldn't connect to 'https://huggingface.co' to load the files, and couldn't find them in the "
            "cached files.",
            "lacks something that the tool wants",
        ),
        (
            "ValueError: Couldn't instantiate the backend tokenizer from one of",
            "tokenizer of org/m cannot be converted",
        ),
    ],
)
def test_what_the_user_can_act_on(line: str, says: str) -> None:
    assert says in failure("Traceback (most recent call last):", line)


def test_anything_else_is_the_tools_last_word_and_the_log() -> None:
    said = failure("RuntimeError: first", "During handling", "ValueError: what it was.", "Exception ignored in: x")
    assert said == f"org/m could not be converted: what it was. All that the tool wrote: {LOG}"
    assert "it said nothing" in failure()
    assert "ended by signal 11, after: Tracing" in failure("Tracing", code=-11)
    assert len(failure("ValueError: " + "x" * 5000)) < 500


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device", "disk ran full"),
        ("The virtual environment was not created successfully because ensurepip is not available.", "python3-venv"),
        ("ERROR: No matching distribution found for torch==2.13.0+cpu", "pip finds no torch==2.13.0+cpu for this"),
        ("WARNING: Max retries exceeded with url: /simple/", "pip cannot reach its package index"),
        ("ModuleNotFoundError: No module named 'nncf'", "could not be installed: No module named 'nncf'"),
    ],
)
def test_installing(line: str, says: str) -> None:
    said = str(install_failure(Outcome(1, (line,)), LOG, "https://index.example/cpu"))
    assert says in said
    assert str(LOG) in said
    assert ("https://index.example/cpu" in said) == ("No matching" in line)
