"""Every way in which a model folder is broken is a sentence that names the file and the next step."""

from __future__ import annotations

import contextlib
import json
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.conftest import MODELS
from tests.engine.folders import replace
from tui.engine.errors import ModelBroken, ModelNotFound, ModelNotSupported, OvchatError, TokenizerMissing
from tui.engine.model_files import inspect
from tui.engine.read_file import MOST_BYTES
from tui.engine.tokenizer_files import require_tokenizer

LFS_POINTER = (
    "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32\nsize 12345\n"
)
TinyModel = Callable[[str], Path]


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"There is no folder .*nowhere. Name the folder"):
        inspect(tmp_path / "nowhere")


def test_a_file_is_not_a_folder(llama: Path) -> None:
    with pytest.raises(ModelNotFound, match=r"openvino_model.xml is a file, not a model folder"):
        inspect(llama / "openvino_model.xml")


def test_weights_missing(llama: Path) -> None:
    (llama / "openvino_model.bin").unlink()
    with pytest.raises(
        ModelBroken, match=r"openvino_model.bin is missing: the model has no weights. Get the model again"
    ):
        inspect(llama)


def test_weights_one_byte_short(llama: Path) -> None:
    weights = llama / "openvino_model.bin"
    size = weights.stat().st_size
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(
        ModelBroken, match=f"openvino_model.bin is cut off .* {size - 1:,} bytes, and {size:,} are needed"
    ):
        inspect(llama)


@pytest.mark.parametrize("name", ["openvino_model.xml", "openvino_model.bin", "openvino_tokenizer.bin"])
def test_git_lfs_pointer(name: str, llama: Path) -> None:
    (llama / name).write_text(LFS_POINTER)
    with pytest.raises(ModelBroken, match=f"{name} is a git-lfs pointer.*Get the model again"):
        inspect(llama)


@pytest.mark.parametrize("version", ["9", "12"])
def test_ir_version_of_another_time(version: str, llama: Path) -> None:
    replace(llama / "openvino_model.xml", 'version="11"', f'version="{version}"')
    with pytest.raises(ModelBroken, match=f"IR version {version}, and this OpenVINO reads 10 and 11"):
        inspect(llama)


@pytest.mark.parametrize("content", ["", "<!DOCTYPE html><html>Sign in</html>", "<net>"])
def test_not_a_graph(content: str, llama: Path) -> None:
    (llama / "openvino_model.xml").write_text(content)
    with pytest.raises(ModelBroken, match=r"openvino_model.xml is not an OpenVINO model"):
        inspect(llama)


@pytest.mark.parametrize(
    ("name", "said"), [("pixel_values", r"cannot fill \(pixel_values\)"), ("cache_position", r"\(Mamba\)")]
)
def test_inputs_that_nobody_can_fill_are_named(name: str, said: str, llama: Path) -> None:
    replace(llama / "openvino_model.xml", 'names="beam_idx"', f'names="{name}"')
    with pytest.raises(ModelNotSupported, match=said):
        inspect(llama)


def test_graph_cut_off(llama: Path) -> None:
    xml = llama / "openvino_model.xml"
    xml.write_text(xml.read_text()[:100_000])
    with pytest.raises(ModelBroken, match=r"openvino_model.xml is cut off: its end is missing. Get the model again"):
        inspect(llama)


@pytest.mark.parametrize("name", ["config.json", "generation_config.json", "tokenizer_config.json"])
def test_broken_json_names_the_line(name: str, llama: Path) -> None:
    (llama / name).write_text('{\n  "a": 1\n  "b": 2\n}')
    with pytest.raises(ModelBroken, match=f"{name} is broken in line 3: Expecting ',' delimiter. Get the file again"):
        inspect(llama)


def test_json_that_is_no_object_or_no_text(llama: Path) -> None:
    (llama / "config.json").write_text("[1]")
    with pytest.raises(ModelBroken, match=r"config.json is broken in line 1: it must hold a JSON object"):
        inspect(llama)
    (llama / "config.json").write_bytes(b'{"a": "\xff"}')
    with pytest.raises(ModelBroken, match=r"config.json is not text in UTF-8"):
        inspect(llama)


def test_config_with_values_of_other_types_says_nothing(llama: Path) -> None:
    wrong = {"architectures": "x", "num_hidden_layers": "2", "max_position_embeddings": [1], "text_config": 3}
    (llama / "config.json").write_text(json.dumps(wrong | {"rope_scaling": "x", "sliding_window": "y"}))
    files = inspect(llama)
    assert (files.architecture, files.layers, files.context_length, files.sliding_window) == ("", None, None, None)


@pytest.mark.parametrize("name", ["openvino_tokenizer.xml", "openvino_detokenizer.xml"])
def test_tokenizer_missing_says_the_convert_line(name: str, llama: Path) -> None:
    (llama / name).unlink()
    with pytest.raises(TokenizerMissing, match=f"has no {name}") as missing:
        require_tokenizer(llama)
    assert missing.value.next_step == f"Make it: ovchat models convert '{llama}' --tokenizer-only"


def test_tokenizer_missing_where_only_the_hub_has_its_source(llama: Path) -> None:
    for file in llama.glob("*token*"):
        file.unlink()
    with pytest.raises(TokenizerMissing, match=r"Put tokenizer\.json .* of the original model there, then: ovchat"):
        require_tokenizer(llama)
    replace(llama / "config.json", "{", '{"_name_or_path": "org/tiny",')
    with pytest.raises(TokenizerMissing, match="of org/tiny there, then: ovchat models convert"):
        require_tokenizer(llama)


def test_detokenizer_cut_off(llama: Path) -> None:
    (llama / "openvino_detokenizer.bin").write_bytes(b"x")
    with pytest.raises(ModelBroken, match=r"openvino_detokenizer.bin is cut off"):
        require_tokenizer(llama)


@pytest.mark.parametrize("name", ["", "config.json", "openvino_model.xml", "openvino_model.bin"])
def test_folder_or_file_that_may_not_be_read(name: str, llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refusing(allowed: Callable[..., Any]) -> Callable[..., Any]:
        def call(self: Path, *args: Any, **options: Any) -> Any:
            if self == llama / name:
                raise PermissionError(13, "Permission denied", str(self))
            return allowed(self, *args, **options)

        return call

    for method in (Path.iterdir, Path.read_bytes, Path.open):
        monkeypatch.setattr(Path, method.__name__, refusing(method))
    with pytest.raises(ModelBroken) as refused:
        inspect(llama)
    path = llama / name
    assert str(refused.value) == f"{path} cannot be read: Permission denied. Allow it: chmod -R u+rX '{path}'"


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_damaged_graph_gives_facts_or_a_sentence(data: st.DataObject, llama: Path) -> None:
    xml = (MODELS / "llama" / "openvino_model.xml").read_bytes()
    start = data.draw(st.integers(0, len(xml)))
    cut = xml[:start] + data.draw(st.binary(max_size=8)) + xml[start + data.draw(st.integers(0, 400)) :]
    (llama / "openvino_model.xml").write_bytes(cut)
    with contextlib.suppress(OvchatError):
        inspect(llama)


@pytest.mark.parametrize("content", ["[" * 100_000, '{"vocab_size": ' + "9" * 5_000 + "}"])
def test_json_beyond_measure_is_a_sentence(content: str, llama: Path) -> None:
    (llama / "config.json").write_text(content)
    with pytest.raises(ModelBroken, match=r"config.json cannot be read as JSON"):
        inspect(llama)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="Windows has no such pipes")
@pytest.mark.parametrize(
    "name",
    [
        "config.json",
        "generation_config.json",
        "README.md",
        "openvino_model.bin",
        "openvino_tokenizer.bin",
    ],
)
def test_a_pipe_is_not_waited_for(name: str, llama: Path) -> None:
    (llama / name).unlink(missing_ok=True)
    os.mkfifo(llama / name)
    with within(10), pytest.raises(ModelBroken, match=rf"{name} cannot be read: it is a pipe or a device, not a file"):
        inspect(llama)


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="there is no such device")
def test_a_device_is_not_read_for_ever(llama: Path) -> None:
    (llama / "config.json").unlink()
    (llama / "config.json").symlink_to("/dev/zero")
    with within(10), pytest.raises(ModelBroken, match=r"config.json cannot be read: it is a pipe or a device"):
        inspect(llama)


@pytest.mark.parametrize("name", ["config.json", "openvino_model.xml"])
def test_a_file_of_gigabytes_is_not_read_whole(name: str, llama: Path) -> None:
    with open(llama / name, "r+b") as file:
        file.truncate(MOST_BYTES + 1)
    with pytest.raises(ModelBroken, match=f"{name} cannot be read: it has more than 256 MiB"):
        inspect(llama)


@contextlib.contextmanager
def within(seconds: int) -> Iterator[None]:
    """What waits longer for a file fails: as an alarm, which also ends a call that hangs in the system."""

    def late(_: int, __: object) -> None:
        raise AssertionError(f"it took more than {seconds} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
