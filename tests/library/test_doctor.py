"""Each thing that can be wrong with a model's files is made for real, found, and said with what to do."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.engine.folders import replace
from tests.library.patients import LFS_POINTER, change, codes, look, only
from tui.engine.errors import ModelNotFound, OvchatError
from tui.engine.language_model import LanguageModel
from tui.library.checks import npu, tokenizer
from tui.library.find import Places
from tui.library.findings import Severity

TinyModel = Callable[[str], Path]
Break = Callable[[Path], object]


def test_nothing_is_found_in_a_healthy_model(healthy: Path) -> None:
    examination = look(healthy)
    assert examination.findings == ()
    assert examination.is_usable
    assert examination.checked == (
        "files",
        "graph and weights",
        "JSON files",
        "tokenizer",
        "chat template",
        "stop tokens",
        "memory",
    )


def test_nothing_is_found_in_the_starter() -> None:
    assert look(Places().starter).findings == ()


def cut(folder: Path, name: str) -> None:
    file = folder / name
    file.write_bytes(file.read_bytes()[:-1])


def remove(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).unlink()


def pointer(folder: Path, name: str) -> None:
    (folder / name).write_text(LFS_POINTER)


REFUSED: dict[str, tuple[Break, list[str]]] = {
    "weights one byte short": (lambda m: cut(m, "openvino_model.bin"), ["weights-short"]),
    "no weights": (lambda m: remove(m, "openvino_model.bin"), ["weights-missing"]),
    "graph cut off": (
        lambda m: (m / "openvino_model.xml").write_bytes((m / "openvino_model.xml").read_bytes()[:99_000]),
        ["graph-damaged"],
    ),
    "a page of a hotel's network": (
        lambda m: (m / "openvino_model.xml").write_text("<!DOCTYPE html><html>Sign in</html>"),
        ["graph-damaged"],
    ),
    "pointer for weights": (lambda m: pointer(m, "openvino_model.bin"), ["lfs-pointer"]),
    "pointer for the graph": (lambda m: pointer(m, "openvino_model.xml"), ["lfs-pointer"]),
    "pointer for the tokenizer": (lambda m: pointer(m, "openvino_tokenizer.bin"), ["lfs-pointer"]),
    "pointer for config.json": (lambda m: pointer(m, "config.json"), ["lfs-pointer"]),
    "all of it pointers": (
        lambda m: [pointer(m, n) for n in ("openvino_model.bin", "openvino_tokenizer.bin", "openvino_detokenizer.bin")],
        ["lfs-pointer"] * 3,
    ),
    "an IR of the future": (
        lambda m: replace(m / "openvino_model.xml", 'version="11"', 'version="12"'),
        ["ir-version"],
    ),
    "an opset of the future": (
        lambda m: retype(m / "openvino_model.xml", 'type="MatMul" version="opset1"', 'type="MatMul" version="opset99"'),
        ["opset-unknown"],
    ),
    "an operation nobody knows": (
        lambda m: retype(m / "openvino_model.xml", 'type="Sin" version="opset1"', 'type="Sine" version="opset1"'),
        ["opset-unknown"],
    ),
    "an operation of an extension": (
        lambda m: retype(m / "openvino_model.xml", 'type="Sin" version="opset1"', 'type="Sin" version="extension"'),
        ["opset-unknown"],
    ),
    "not converted": (
        lambda m: (remove(m, "openvino_model.xml"), (m / "model.safetensors").write_bytes(b"x")),
        ["not-converted"],
    ),
    "no graph": (lambda m: remove(m, "openvino_model.xml"), ["graph-missing"]),
    "a GGUF file": (
        lambda m: (remove(m, "openvino_model.xml"), (m / "m.gguf").write_bytes(b"GGUF")),
        ["not-converted"],
    ),
    "inputs that nobody can fill": (
        lambda m: replace(m / "openvino_model.xml", 'names="beam_idx"', 'names="pixel_values"'),
        ["kind-not-supported"],
    ),
    "broken config.json": (lambda m: (m / "config.json").write_text('{\n  "a": 1\n  "b"'), ["json-broken"]),
    "broken generation_config.json": (lambda m: (m / "generation_config.json").write_text("[1]"), ["json-broken"]),
    "broken special_tokens_map.json": (
        lambda m: (m / "special_tokens_map.json").write_bytes(b'{"a": "\xff"}'),
        ["json-broken"],
    ),
    "no tokenizer": (lambda m: remove(m, "openvino_tokenizer.xml"), ["tokenizer-missing"]),
    "no detokenizer": (lambda m: remove(m, "openvino_detokenizer.bin"), ["detokenizer-missing"]),
    "neither": (
        lambda m: remove(m, "openvino_tokenizer.xml", "openvino_detokenizer.xml"),
        ["tokenizer-missing", "detokenizer-missing"],
    ),
    "tokenizer cut off": (lambda m: cut(m, "openvino_tokenizer.bin"), ["tokenizer-unreadable"]),
    "detokenizer cut off": (lambda m: cut(m, "openvino_detokenizer.bin"), ["detokenizer-unreadable"]),
    "a tokenizer of newer tokenizers": (
        lambda m: retype(m / "openvino_tokenizer.xml", 'type="BPETokenizer"', 'type="BPETokenizer2"'),
        ["opset-unknown"],
    ),
    "templates without a default": (
        lambda m: (
            remove(m, "chat_template.jinja"),
            change(m / "tokenizer_config.json", chat_template=[{"name": n, "template": "x"} for n in "ab"]),
        ),
        ["template-broken"],
    ),
    "a template that is no text": (lambda m: (m / "chat_template.jinja").write_bytes(b"\xff\xfe"), ["template-broken"]),
}


def retype(xml: Path, old: str, new: str) -> None:
    """Change the first operation of a type."""
    text = xml.read_text()
    assert old in text
    xml.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("what", REFUSED)
def test_what_loading_refuses_is_an_error(what: str, healthy: Path) -> None:
    break_it, expected = REFUSED[what]
    break_it(healthy)
    examination = look(healthy)
    assert [each.code for each in examination.findings if each.severity is Severity.ERROR] == expected
    assert not examination.is_usable
    assert all(finding.fix for finding in examination.findings)
    with pytest.raises(OvchatError):
        LanguageModel.load(healthy, "CPU").close()


def test_a_finding_names_the_file_and_what_to_do(healthy: Path) -> None:
    cut(healthy, "openvino_model.bin")
    finding = look(healthy).findings[0]
    assert finding.sentence.startswith(f"{healthy / 'openvino_model.bin'} is cut off")
    assert finding.fix == "Get the model again, or convert it again."


def test_everything_that_is_wrong_is_said_at_once(healthy: Path) -> None:
    cut(healthy, "openvino_model.bin")
    pointer(healthy, "chat_template.jinja")
    remove(healthy, "openvino_detokenizer.xml", "config.json")
    (healthy / "generation_config.json").write_text("{")
    assert codes(healthy) == ["lfs-pointer", "weights-short", "json-broken", "detokenizer-missing", "config-missing"]


@pytest.mark.parametrize(
    ("name", "said"), [("t5", "encoder-decoder"), ("bert", "embedding model")], ids=["encoder-decoder", "embedding"]
)
def test_another_kind_of_model_is_called_that_and_nothing_else(name: str, said: str, tiny_model: TinyModel) -> None:
    finding = only(tiny_model(name))
    assert finding.code == "kind-not-supported"
    assert said in finding.sentence


@pytest.mark.parametrize(
    ("name", "code", "severity"),
    [
        ("llama-stateless", "cache-not-stateful", Severity.WARNING),
        ("llama-no-cache", "cache-missing", Severity.WARNING),
        ("lfm2", "cache-hybrid", Severity.NOTE),
    ],
)
def test_a_cache_that_is_not_in_states(name: str, code: str, severity: Severity, tiny_model: TinyModel) -> None:
    assert [each.severity for each in look(tiny_model(name)).findings if each.code == code] == [severity]


def test_weights_in_f32(tiny_model: TinyModel) -> None:
    assert codes(tiny_model("llama")) == ["weights-f32"]
    assert codes(tiny_model("llama-f16")) == []
    assert codes(tiny_model("llama-int4")) == []


def test_weights_of_another_model(healthy: Path, tiny_model: TinyModel) -> None:
    shutil.copy(tiny_model("llama") / "openvino_model.bin", healthy)
    assert only(healthy).code == "weights-long"


@pytest.mark.parametrize(
    ("file", "old", "code"),
    [
        ("openvino_model.xml", '<Runtime_version value="2026.4.1', "openvino-newer"),
        ("openvino_tokenizer.xml", '<openvino_tokenizers_version value="2026.4.1', "tokenizers-newer"),
    ],
)
def test_made_with_a_newer_release(file: str, old: str, code: str, healthy: Path) -> None:
    replace(healthy / file, old, old.replace("2026.4.1", "2031.1.0"))
    assert (only(healthy).code, only(healthy).severity) == (code, Severity.WARNING)
    assert "2031.1.0" in only(healthy).sentence
    replace(healthy / file, "2031.1.0", "2024.6.0")
    assert codes(healthy) == []


def test_openvino_and_its_tokenizers_of_two_releases(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tokenizer, "version", {"openvino": "2026.4.1", "openvino-tokenizers": "2026.3.0.0"}.get)
    assert (only(healthy).code, only(healthy).severity) == ("install-mismatch", Severity.ERROR)


def test_without_config_json(healthy: Path) -> None:
    remove(healthy, "config.json")
    assert only(healthy).code == "config-missing"
    assert "4,096 tokens" in only(healthy).sentence


def test_context_that_no_file_says(healthy: Path) -> None:
    change(healthy / "config.json", max_position_embeddings=None)
    assert only(healthy).code == "context-unknown"


def test_sampling_values_that_nobody_can_follow(healthy: Path) -> None:
    change(healthy / "generation_config.json", temperature=-4, top_p=0.9)
    found = only(healthy)
    assert (found.code, found.severity) == ("sampling-not-followed", Severity.WARNING)
    assert found.sentence.startswith("The model's generation_config.json was not followed in temperature: ")
    assert found.fix == f"Correct it in {healthy / 'generation_config.json'}, or take it out."


def test_an_empty_folder_only_has_no_graph(tmp_path: Path) -> None:
    assert only(tmp_path).code == "graph-missing"
    assert only(tmp_path).sentence == f"{tmp_path} has no openvino_model.xml."


def test_a_folder_with_models_in_it_names_them(tiny_model: TinyModel, tmp_path: Path) -> None:
    for name in ("b b", "deep/a", "c", "d"):
        shutil.copytree(tiny_model("llama-int8"), tmp_path / "tree" / name)
    found = only(tmp_path / "tree")
    assert found.code == "graph-missing"
    assert found.sentence.endswith("has no openvino_model.xml; models lie in it: b b, c, d and 1 more.")
    assert found.fix == f"Name one of them: ovchat models doctor '{tmp_path}/tree/b b'"


def test_not_enough_memory(healthy: Path) -> None:
    assert (only(healthy, free=1000).code, only(healthy, free=1000).severity) == ("memory-short", Severity.ERROR)


def test_not_enough_memory_at_the_context_asked_for(healthy: Path) -> None:
    assert codes(healthy, free=10**6) == ["context-cut"]
    assert codes(healthy, free=10**6, context=256) == []
    assert codes(healthy, free=10**6, context=10**6) == ["memory-short"]
    assert "A context of 1,000,000 tokens needs" in only(healthy, free=10**6, context=10**6).sentence


def test_no_such_folder(tmp_path: Path) -> None:
    with pytest.raises(ModelNotFound):
        look(tmp_path / "nowhere")


def test_the_reasons_why_an_npu_does_not_run_it(healthy: Path, tiny_model: TinyModel) -> None:
    finding = only(healthy, device="NPU")
    assert (finding.code, finding.severity) == ("npu-unfit", Severity.WARNING)
    assert "its weights are int8" in finding.sentence
    assert "NPU" in look(healthy, device="NPU").checked
    assert codes(healthy, device="CPU") == []
    for_it = shutil.copytree(tiny_model("llama-int4"), healthy.parent / "for it")
    assert "int4_asym" in only(for_it, device="NPU").sentence
    replace(for_it / "openvino_model.xml", "int4_asym", "int4_sym")
    assert "groups of 32" in only(for_it, device="NPU").sentence
    replace(for_it / "openvino_model.xml", '<group_size value="32"', '<group_size value="-1"')
    assert codes(for_it, device="NPU") == []
    replace(for_it / "openvino_model.xml", '<ratio value="1.0"', '<ratio value="0.8"')
    assert "0.8" in only(for_it, device="NPU").sentence


def test_an_npu_that_is_here_makes_it_a_note(healthy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    is_meant = npu.is_meant
    monkeypatch.setattr(npu, "is_meant", lambda patient: is_meant(patient, tmp_path))
    assert codes(healthy) == []
    (tmp_path / "dev" / "accel").mkdir(parents=True)
    (tmp_path / "dev" / "accel" / "accel0").touch()
    assert (only(healthy).code, only(healthy).severity) == ("npu-unfit", Severity.NOTE)


def test_weights_of_any_size_are_not_read(healthy: Path) -> None:
    with (healthy / "openvino_model.bin").open("r+b") as file:
        file.truncate(2**36)  # on the disk it takes nothing
    assert codes(healthy, free=2**40) == ["weights-long"]
