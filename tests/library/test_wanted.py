from __future__ import annotations

import pytest

from tests.hub_server import model_files
from tui.engine.errors import ModelNotSupported, OvchatError
from tui.library.hub import RemoteFile, Repository
from tui.library.hub_errors import PullFailed
from tui.library.wanted import wanted

IR = ("openvino_model.xml", "openvino_model.bin")


def repository(*names: str) -> Repository:
    return Repository("OpenVINO/tiny", "c0ffee", tuple(RemoteFile(name, len(name), "a" * 40) for name in names))


def names_of(*names: str) -> set[str]:
    return {file.name for file in wanted(repository(*names))}


def test_what_a_chat_needs_and_nothing_else() -> None:
    assert names_of(*model_files()) == {
        *("README.md", "LICENSE", "config.json", "chat_template.jinja", *IR),
        *(f"openvino_{kind}.{ending}" for kind in ("tokenizer", "detokenizer") for ending in ("xml", "bin")),
    }


def test_what_a_tokenizer_is_converted_from_comes_too() -> None:
    sources = {"tokenizer.json", "tokenizer.model", "vocab.json", "vocab.txt", "merges.txt", "qwen.tiktoken"}
    assert names_of(*IR, *sources) == {*IR, *sources}


def test_small_files_come_first() -> None:
    sizes = [file.size for file in wanted(repository(*model_files()))]
    assert sizes == sorted(sizes)


@pytest.mark.parametrize(
    "name",
    [
        *("../evil.json", "/etc/evil.json", "a/b.json", "..\\evil.json", "C:evil.json", ".hidden.json", "-rf.json"),
        *("evil\n.json", "evil\0.json", "evil\x1b[31m.json", "\u202enosj.json", "~.json", "$(reboot).json", "e|v.json"),
        *("x" * 200 + ".json", "con.json", "COM1.json", "nul.jinja", "evil.json ", "evil.json.", "é.json"),
        *("pytorch_model.bin", "model.safetensors", "model.safetensors.index.json", "evil.py", "picture.png"),
        *("openvino_model.bin/x.json", "openvino_model.binx", "xopenvino_model.bin", ".gitattributes"),
    ],
)
def test_names_that_are_not_taken(name: str) -> None:
    assert names_of(*IR, name) == set(IR)


def test_two_names_that_are_one_file_elsewhere() -> None:
    assert len(names_of(*IR, "README.md", "readme.md", "Config.json", "config.json")) == len(IR) + 2


@pytest.mark.parametrize(
    ("names", "kind", "says", "step"),
    [
        (["model.safetensors", "config.json"], PullFailed, "not converted to OpenVINO", "ovchat models convert OpenV"),
        (["pytorch_model.bin"], PullFailed, "not converted to OpenVINO", "ovchat models convert OpenVINO/tiny"),
        (["tiny-Q4_K_M.gguf"], PullFailed, "GGUF", "ovchat models convert"),
        (["openvino_language_model.xml"], ModelNotSupported, "vision-language", "--list"),
        (["openvino_encoder_model.xml"], ModelNotSupported, "encoder-decoder", "--list"),
        (["model_index.json"], ModelNotSupported, "image generation", "--list"),
        (["openvino_model.xml"], PullFailed, "holds no model", "--list"),
        (["openvino/openvino_model.xml", "openvino/openvino_model.bin"], PullFailed, "holds no model", "--list"),
        ([], PullFailed, "holds no model", "--list"),
    ],
)
def test_a_repository_without_a_model_says_what_to_do(
    names: list[str], kind: type[OvchatError], says: str, step: str
) -> None:
    with pytest.raises(kind, match=says) as raised:
        wanted(repository(*names))
    assert step in raised.value.next_step
