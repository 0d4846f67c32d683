"""Converting with the real tools, which are installed for it: some 360 MB to fetch, minutes to install and to run."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.library.conversion.folders import hugging_face_llama
from tui.library.conversion.pins import TORCH

OVCHAT = Path(sys.executable).parent / "ovchat"


def torch_here() -> str:
    """The torch that pip would take from the index that this machine is set to."""
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--no-input", "--retries", "1", "--report", "-", f"torch=={TORCH}"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=240)
    if done.returncode:
        pytest.skip(f"pip cannot get torch here: {done.stderr.strip().splitlines()[-1]}")
    (package,) = json.loads(done.stdout)["install"]
    return str(package["metadata"]["version"])


@pytest.mark.slow
@pytest.mark.timeout(1500)
def test_a_model_is_converted_chatted_with_compressed_and_completed(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    if torch_here().endswith("+cpu"):  # no need of PyTorch's index, which may be out of reach
        (home / "settings.toml").write_text('[convert]\nextra_index_url = "none"\n')
    source = hugging_face_llama(tmp_path / "Tiny-Llama")

    def ovchat(*arguments: str) -> subprocess.CompletedProcess[str]:
        environment = os.environ | {"OVCHAT_HOME": str(home)}
        done = subprocess.run(
            [OVCHAT, *arguments], env=environment, cwd=tmp_path, capture_output=True, text=True, check=False
        )
        if "pip finds no torch" in done.stderr:
            pytest.skip(done.stderr.strip())
        assert done.returncode == 0, done.stderr
        return done

    def answers(model: str) -> bool:
        found = json.loads(ovchat("ask", "-m", model, "--max-tokens", "5", "--greedy", "--json", "Hello").stdout)
        return len(found["token_ids"]) == 5

    ovchat("models", "convert", str(source), "--preset", "fp16", "--yes")
    assert answers("Tiny-Llama-fp16-ov")

    ovchat("models", "convert", "Tiny-Llama-fp16-ov", "--preset", "int4")
    assert answers("Tiny-Llama-int4-ov")
    shown = json.loads(ovchat("models", "show", "Tiny-Llama-int4-ov", "--json").stdout)
    assert "int4" in json.dumps(shown)

    made = home / "models" / "Tiny-Llama-fp16-ov"
    for file in made.glob("openvino_*tokenizer.*"):
        file.unlink()
    ovchat("models", "convert", "Tiny-Llama-fp16-ov", "--tokenizer-only")
    assert answers("Tiny-Llama-fp16-ov")

    assert [path.name for path in (home / "models" / ".partial").iterdir()] == ["converting.lock"]
    assert not list(made.glob(".*"))
