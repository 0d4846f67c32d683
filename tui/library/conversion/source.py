"""What is to be converted: a folder here, a repository on the hub, or an IR that is to have fewer bits."""

from __future__ import annotations

import json
import os
import re
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tui.engine.errors import ModelBroken, ModelNotFound, ModelNotSupported, OvchatError
from tui.engine.model_files import MODEL_XML, inspect
from tui.engine.read_file import read_json, unreadable
from tui.engine.tokenizer_files import require_tokenizer
from tui.library.catalogue import nearest
from tui.library.conversion.begun import begun
from tui.library.conversion.belonging import require_dimensions
from tui.library.conversion.failures import ConversionFailed, Remedy
from tui.library.conversion.weights import INDEX, Stored, bytes_each, read_weights, weight_files
from tui.library.download import FOR_A_LOOK, Patience, keep_trying
from tui.library.find import Places, find_models
from tui.library.folders import REPOSITORY, in_one_part, snapshot
from tui.library.hub import RemoteFile, Repository, is_id, list_repository, read_file, without_address
from tui.library.hub_errors import PullFailed
from tui.library.names import meant
from tui.library.wanted import is_safe

_CONFIG = "config.json"
_KEPT = "; what is here already is kept"  # in the hub's errors
_CHOOSE = "Choose a text model that is a decoder: Llama, Qwen, Mistral, Phi, ..."
_OTHER_KIND = re.compile(r"For(SequenceClassification|TokenClassification|QuestionAnswering|MaskedLM)$")
# What is read besides the weights; `.py` is what --trust-remote-code runs.
_BESIDES = re.compile(r"(?!.*\.index\.json$).*\.(json|jinja|txt|model|tiktoken|py)|" + re.escape(INDEX), re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Source:
    """Something that can be converted.

    Attributes:
        name: What it is called: OWNER/NAME on the hub, a model's name, a folder's.
        folder: Where it is; None for what is on the hub only.
        repository: What is to be fetched; None for a folder.
        config: Its config.json.
        stored: Its weights.
        is_ir: It is OpenVINO's already, with weights that can be compressed.
    """

    name: str
    folder: Path | None
    repository: Repository | None
    config: Mapping[str, Any]
    stored: Stored
    is_ir: bool = False

    @property
    def model_type(self) -> str:
        """As in config.json: `llama`."""
        return str(self.config.get("model_type", ""))

    @property
    def has_code(self) -> bool:
        """It comes with Python code of its own."""
        return bool(self.config.get("auto_map"))

    @property
    def fetched_bytes(self) -> int:
        """Bytes that are to be fetched."""
        return sum(file.size for file in self.repository.files) if self.repository else 0


def find_source(
    asked: str, stop: threading.Event, *, places: Places | None = None, patience: Patience | None = None
) -> Source:
    """What SOURCE means: the name of a model that is here, a folder, or a repository on the hub, also by its address.

    As everywhere, a name comes before a folder of the same name: `./NAME` is that.
    One that is whole in the Hugging Face cache is taken from there, without asking the hub.

    Raises:
        OvchatError: There is no such thing, or it cannot be converted; says why.
        Cancelled: `stop` was set.
    """
    places = places or Places()
    if model := meant(asked, find_models(places)):
        return of_folder(model.path, model.name)
    path = Path(os.path.expanduser(asked))
    if asked and os.path.isdir(path):
        return of_folder(path.absolute())
    if asked and os.path.exists(path):
        raise ModelNotFound(
            f"{path} is a file; what is converted is a folder, or a model on the hub.",
            "Give the folder that has config.json and the weights, or OWNER/NAME.",
        )
    asked = without_address(asked)
    if not is_id(asked):
        raise ModelNotFound(
            f"There is no folder and no model {asked!r}.",
            "Give a folder with config.json and the weights, or OWNER/NAME of a model on huggingface.co.",
        )
    if cached := snapshot(places.hugging_face / f"{REPOSITORY}{in_one_part(asked)}"):
        try:
            return of_folder(cached, asked)
        except OvchatError:
            pass  # not all of it is there
    patience = patience or FOR_A_LOOK
    try:
        listed = keep_trying(lambda: list_repository(asked, patience.silent_s), patience, stop)
    except PullFailed as error:
        if asked.casefold() in (name.casefold() for name in begun(places.models)):
            raise
        raise _neither(asked, error) from error
    return _on_hub(listed, stop, patience)


def _neither(asked: str, error: PullFailed) -> PullFailed:
    """Of what was asked nothing is here, and the hub did not tell of it: it may be a folder whose name is mistyped."""
    reason = re.sub(r"^The(?=(re)? )", "the", error.sentence)
    return type(error)(f"There is no folder {asked} here, and {reason}", error.next_step.replace(_KEPT, ""))


def of_folder(folder: Path, name: str = "") -> Source:
    """What is in a folder.

    Raises:
        OvchatError: Nothing that can be converted.
    """
    try:
        names = [entry.name for entry in os.scandir(folder) if entry.is_file()]
    except OSError as error:
        raise unreadable(folder, error) from error
    config = read_json(folder / _CONFIG)
    name = name or folder.resolve().name
    if MODEL_XML in names:
        return _ir(folder, name, config)
    if not weight_files(names):
        raise ModelBroken(f"{folder} has no weights: no model.safetensors.", _what_is_needed(names))
    if not config:
        raise ModelBroken(f"{folder} has no {_CONFIG}: nothing says what these weights are.", "Get the whole model.")
    _refuse_other_kinds(name, config)
    require_dimensions(name, config)
    return Source(name, folder, None, config, read_weights(name, folder, names, config))


def _what_is_needed(names: Sequence[str]) -> str:
    if any(name.lower().endswith(".gguf") for name in names):
        return "A GGUF file is not converted: give the model that it was made from."
    return "Give a folder with config.json, the tokenizer's files and the weights."


def _ir(folder: Path, name: str, config: Mapping[str, Any]) -> Source:
    files = inspect(folder)
    if not files.is_wide:
        step = "Convert the original model, or one in fp16."
        sentence = f"{name} is {files.weight_format} already: what was rounded is not rounded again."
        try:
            require_tokenizer(folder)
        except ModelBroken as broken:
            raise ConversionFailed(sentence, f"{step} Or give it its tokenizer alone.", Remedy.TOKENIZER) from broken
        raise ConversionFailed(sentence, step)
    return Source(name, folder, None, config, Stored(files.weight_bytes, files.parameters or 0), is_ir=True)


def _refuse_other_kinds(name: str, config: Mapping[str, Any]) -> None:
    """See that a config.json is of a model that chats.

    Raises:
        ModelNotSupported: It is of another one.
    """
    named = config.get("architectures")
    architecture = str(named[0]) if isinstance(named, list) and named else ""
    if config.get("vision_config") or config.get("audio_config"):
        what = "sees or hears, and ovchat runs text only"
    elif config.get("is_encoder_decoder"):
        what = "is an encoder-decoder model, not a decoder that chats"
    elif found := _OTHER_KIND.search(architecture):
        what = f"is not a model that writes text ({found[0]})"
    else:
        return
    raise ModelNotSupported(f"{name} {what}.", _CHOOSE)


def _on_hub(listed: Repository, stop: threading.Event, patience: Patience) -> Source:
    files = {file.name: file for file in listed.files}
    weights = weight_files(files)
    if MODEL_XML in files:
        raise OvchatError(f"{listed.id} is OpenVINO's already.", f"Get it: ovchat models pull {listed.id}")
    if not weights or _CONFIG not in files:
        near = nearest(listed.id)
        hint = (
            f"As OpenVINO's there is {near[0]}: ovchat models pull {near[0]}" if near else _what_is_needed(list(files))
        )
        raise ModelNotFound(f"{listed.id} on the hub has no config.json with weights in safetensors.", hint)
    config = _config(listed, files[_CONFIG], patience, stop)
    _refuse_other_kinds(listed.id, config)
    require_dimensions(listed.id, config)
    wanted = tuple(file for file in listed.files if file.name in weights or _is_beside(file.name))
    size = sum(files[each].size for each in weights)
    stored = Stored(size, size // bytes_each(config))
    return Source(listed.id, None, Repository(listed.id, listed.commit, wanted), config, stored)


def _is_beside(name: str) -> bool:
    # Nothing of a folder: there it is another format, or the maker's own.
    return is_safe(name) and bool(_BESIDES.fullmatch(name))


def _config(repository: Repository, file: RemoteFile, patience: Patience, stop: threading.Event) -> Mapping[str, Any]:
    def pieces() -> Iterator[bytes]:
        for piece in read_file(repository, file, 0, patience.silent_s):
            if isinstance(piece, bytes):
                yield piece

    text = keep_trying(lambda: b"".join(pieces()), patience, stop)
    try:
        config = json.loads(text.decode("utf-8-sig"))
    except ValueError:
        config = None
    if not isinstance(config, dict):
        raise ModelBroken(f"{file.name} of {repository.id} is no JSON object.", "Choose another model.")
    return config
