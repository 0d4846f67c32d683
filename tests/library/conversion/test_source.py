"""What can be converted and what not, from headers, lists and config.json alone."""

from __future__ import annotations

import json
import shutil
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.hub_server import LISTING, Answer, HubServer
from tests.library.conversion.folders import llama_weights, safetensors
from tui.engine.errors import OvchatError
from tui.library.conversion.begun import Asked, Begun
from tui.library.conversion.need import INSTALLED, need_of
from tui.library.conversion.presets import PRESETS, Weights
from tui.library.conversion.source import Source, find_source, of_folder
from tui.library.conversion.weights import Stored
from tui.library.download import FOR_A_LOOK, Patience
from tui.library.find import Places
from tui.library.hub_errors import NotOnHub, PullFailed
from tui.library.pull import look_up

QUICK = Patience(tries=1, silent_s=5.0)


@pytest.fixture
def find(places: Places) -> Callable[[str], Source]:
    return lambda asked: find_source(asked, threading.Event(), places=places, patience=QUICK)


def test_a_folder(source: Path, find: Callable[[str], Source]) -> None:
    found = find(str(source))
    assert (found.name, found.folder, found.model_type, found.is_ir) == ("Tiny-Llama", source, "llama", False)
    assert found.stored == Stored((source / "model.safetensors").stat().st_size, 150_848)
    assert found.fetched_bytes == 0


def test_several_files_of_weights_are_added_up(source: Path) -> None:
    whole = of_folder(source).stored
    files = [f"model-0000{number}-of-00002.safetensors" for number in (1, 2)]
    tensors = llama_weights()
    for file, names in zip(files, (list(tensors)[::2], list(tensors)[1::2]), strict=True):
        (source / file).write_bytes(safetensors({name: tensors[name] for name in names}))
    (source / "model.safetensors").unlink()
    (source / "consolidated.safetensors").write_bytes(b"the same once more")
    index = {"weight_map": dict(enumerate(files))}
    (source / "model.safetensors.index.json").write_text(json.dumps(index))
    size = sum((source / file).stat().st_size for file in files)
    assert of_folder(source).stored == Stored(size, whole.parameters)


def test_an_index_that_makes_no_sense_is_left_alone(source: Path) -> None:
    for text in ('{"weight_map": 3}', '{"weight_map": []}', "{}"):
        (source / "model.safetensors.index.json").write_text(text)
        assert of_folder(source).stored.parameters == 150_848


def test_weights_of_torch_are_counted_by_their_type(source: Path) -> None:
    (source / "model.safetensors").unlink()
    (source / "pytorch_model.bin").write_bytes(bytes(1000))
    assert of_folder(source).stored == Stored(1000, 500)


def _cut(folder: Path) -> None:
    file = folder / "model.safetensors"
    file.write_bytes(file.read_bytes()[:-1])


def _point(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n")


def _spoil(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(bytes(100))


def _lose(folder: Path) -> None:
    (folder / "model.safetensors.index.json").write_text('{"weight_map": {"a": "model-00001-of-00002.safetensors"}}')


def _nest(folder: Path) -> None:
    text = b"[" * 100_000
    (folder / "model.safetensors").write_bytes(len(text).to_bytes(8, "little") + text)


def _become(**config: object) -> Callable[[Path], None]:
    def change(folder: Path) -> None:
        file = folder / "config.json"
        file.write_text(json.dumps(json.loads(file.read_text()) | config))

    return change


@pytest.mark.parametrize(
    ("spoil", "says"),
    [
        (_cut, "model.safetensors is cut off"),
        (_point, "git-lfs pointer"),
        (_spoil, "not a safetensors file"),
        (_nest, "not a safetensors file"),
        (_lose, "model-00001-of-00002.safetensors is missing"),
        (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
        (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
        (lambda folder: (folder / "config.json").write_text("{"), "broken in line 1"),
        (_become(vision_config={"depth": 1}), "sees or hears"),
        (_become(is_encoder_decoder=True), "encoder-decoder"),
        (_become(architectures=["BertForMaskedLM"]), "BertForMaskedLM|ForMaskedLM"),
        (_become(hidden_size=None), r"has no hidden_size: it does not say how large"),
        (_become(hidden_size=None, num_hidden_layers=None), r"has no hidden_size and no num_hidden_layers: it does"),
        (_become(hidden_size=4096), r"Tiny-Llama are not those of its config.json: none has its hidden_size, 4096"),
        (_become(num_hidden_layers=3), "they have 2 layers, and its num_hidden_layers is 3"),
        (_become(num_hidden_layers=1), "they have 2 layers, and its num_hidden_layers is 1"),
    ],
)
def test_what_cannot_be_converted_says_why(source: Path, spoil: Callable[[Path], object], says: str) -> None:
    spoil(source)
    with pytest.raises(OvchatError, match=says) as raised:
        of_folder(source)
    assert raised.value.next_step


def test_dimensions_have_other_names_too(source: Path) -> None:
    _become(hidden_size=None, num_hidden_layers=None, n_embd=64, n_layer=2)(source)
    assert of_folder(source).stored.parameters == 150_848
    _become(n_layer=32)(source)
    with pytest.raises(OvchatError, match="its n_layer is 32"):
        of_folder(source)


def test_what_has_code_of_its_own_has_names_of_its_own(source: Path) -> None:
    _become(hidden_size=None, num_hidden_layers=7, auto_map={"AutoModel": "modeling.Model"})(source)
    assert of_folder(source).stored.parameters == 150_848


def test_layers_for_guessing_several_tokens_are_no_mistake(source: Path) -> None:
    tensors = llama_weights()
    more = {name.replace("layers.1", f"layers.{number}"): each for name, each in tensors.items() for number in (2, 3)}
    more |= {name.replace("layers.1", "layers.4"): each for name, each in tensors.items()}
    (source / "model.safetensors").write_bytes(safetensors(tensors | more))
    _become(num_hidden_layers=4)(source)
    assert of_folder(source).stored.parameters > 150_848


def test_an_ir_in_16_bits_can_have_fewer_and_one_with_fewer_cannot(
    ir: Path, tiny_model: Callable[[str], Path], find: Callable[[str], Source]
) -> None:
    assert find(str(ir)).is_ir
    with pytest.raises(OvchatError, match="int8 already"):
        find(str(tiny_model("llama-int8")))


def test_a_model_that_is_here_is_found_by_its_name(ir: Path, places: Places, find: Callable[[str], Source]) -> None:
    shutil.copytree(ir, places.models / "mine")
    assert find("MINE").folder == places.models / "mine"


def test_its_name_comes_before_a_folder_and_a_dot_turns_it_round(
    ir: Path, source: Path, places: Places, find: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(ir, places.models / source.name)
    monkeypatch.chdir(source.parent)
    assert find(source.name).folder == places.models / source.name
    assert find(f"./{source.name}").folder == source


@pytest.mark.parametrize("asked", ["no such thing", "a/b/c", "../nowhere", ""])
def test_what_is_nothing_says_what_it_should_be(asked: str, find: Callable[[str], Source]) -> None:
    with pytest.raises(OvchatError, match="There is no folder and no model"):
        find(asked)


def test_a_file_is_no_source(source: Path, find: Callable[[str], Source]) -> None:
    with pytest.raises(OvchatError, match="is a file") as raised:
        find(str(source / "config.json"))
    assert raised.value.next_step.startswith("Give the folder that has config.json")


def test_a_repository_is_looked_up_and_only_its_config_is_fetched(
    hub: HubServer, source: Path, find: Callable[[str], Source]
) -> None:
    files = {path.name: path.read_bytes() for path in source.iterdir()}
    extra = {"README.md": b"#", "original/model.safetensors": bytes(9), "model.onnx": bytes(9), ".gitattributes": b""}
    extra |= {"con.json": b"{}", "a:b.json": b"{}", "sub/config.json": b"{}"}
    hub.add("org/Tiny-Llama", files | extra)
    found = find("https://huggingface.co/org/Tiny-Llama/tree/main")
    assert found.name == "org/Tiny-Llama"
    assert found.folder is None
    assert found.repository is not None
    assert {file.name for file in found.repository.files} == set(files)
    assert found.fetched_bytes == sum(map(len, files.values()))
    assert found.stored.parameters == pytest.approx(150_848, rel=0.02)
    assert {request.name for request in hub.requests} == {"(listing)", "config.json"}


def test_what_the_cache_has_whole_is_taken_from_there_without_asking(
    source: Path, places: Places, find: Callable[[str], Source]
) -> None:
    snapshot = places.hugging_face / "models--org--Tiny-Llama" / "snapshots" / "0123abc"
    shutil.copytree(source, snapshot)
    found = find("org/Tiny-Llama")  # there is no hub
    assert (found.name, found.folder) == ("org/Tiny-Llama", snapshot)


def test_what_the_hub_has_not_or_does_not_give_is_said(hub: HubServer, find: Callable[[str], Source]) -> None:
    with pytest.raises(NotOnHub, match="There is no folder org/none here, and there is no org/none on"):
        find("org/none")
    hub.add("org/gated", {"config.json": b"{}", "model.safetensors": b""}, gated=True)
    with pytest.raises(PullFailed, match="org/gated is gated"):
        find("org/gated")
    hub.add("org/gguf", {"model.gguf": b""})
    with pytest.raises(OvchatError, match=r"no config\.json with weights") as raised:
        find("org/gguf")
    assert "GGUF" in raised.value.next_step
    hub.add("org/bare", {"config.json": b'{"model_type": "llama"}', "model.safetensors": b""})
    with pytest.raises(OvchatError, match="org/bare has no hidden_size and no num_hidden_layers"):
        find("org/bare")
    hub.add("org/done", {"openvino_model.xml": b"", "openvino_model.bin": b"", "config.json": b"{}"})
    with pytest.raises(OvchatError, match="OpenVINO's already") as raised:
        find("org/done")
    assert raised.value.next_step == "Get it: ovchat models pull org/done"


def test_a_hub_that_does_not_answer_is_tried_no_more_often_than_by_a_pull(
    hub: HubServer, places: Places, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.always(LISTING, Answer(status=503))
    tries = []
    for module, look in (("pull", look_up), ("conversion.source", find_source)):
        monkeypatch.setattr(f"tui.library.{module}.FOR_A_LOOK", replace(FOR_A_LOOK, first_s=0.01))
        hub.requests.clear()
        with pytest.raises(PullFailed):
            look("hf/nothing", threading.Event(), places=places)
        tries.append(len(hub.requests))
    assert tries == [FOR_A_LOOK.tries] * 2


def test_where_the_hub_tells_nothing_it_may_be_a_folder_that_is_not_here(
    hub: HubServer, places: Places, find: Callable[[str], Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.next(LISTING, Answer(status=503))
    with pytest.raises(PullFailed, match=r"There is no folder hf/nothing here, and .* has a problem") as raised:
        find("hf/nothing")
    assert raised.value.next_step == "Try again later."
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    with pytest.raises(PullFailed, match=r"There is no folder hf/nothing here, and .* cannot be reached") as raised:
        find("hf/nothing")
    assert raised.value.next_step == "Look at the network (and HTTPS_PROXY, HF_ENDPOINT), then run it again."
    Begun(places.models, "hf/nothing").remember(Asked("nothing", Weights("int8"), None, trust=False))
    with pytest.raises(PullFailed, match=r"^127\.0\.0\.1:9 cannot be reached") as raised:
        find("hf/nothing")
    assert raised.value.next_step.endswith("what is here already is kept.")


def test_the_need_is_near_what_was_measured() -> None:
    """A Llama of 380 million weights: 231 MB came out, 977 were on the disk at most, 1.52 GB in memory."""
    config = {"vocab_size": 32000, "hidden_size": 1024, "tie_word_embeddings": False}
    source = Source("m", Path(), None, config, Stored(760_323_775, 380_155_904))
    need = need_of(source, PRESETS["int4"].weights, installs=False)
    assert need.result == pytest.approx(231e6, rel=0.15)
    assert need.disk == pytest.approx(977e6, rel=0.1)
    assert need.memory == pytest.approx(1.52e9, rel=0.1)
    assert need_of(source, PRESETS["int4"].weights, installs=True).disk > need.disk + INSTALLED
    assert need_of(source, PRESETS["int4-awq"].weights, installs=False).memory > need.memory
    assert need_of(source, Weights("fp16"), installs=False).result == pytest.approx(760e6, rel=0.1)
