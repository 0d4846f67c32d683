"""A model folder's facts, from its files alone: what it is, how large, how long its context, what is wrong with it.

Takes a folder and gives a `ModelFiles`, or a typed error that names the file. Imports no OpenVINO and loads no weights.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from tui.engine.decoder_kind import Kind, kind_of, not_supported, refuse_unknown_inputs
from tui.engine.errors import ModelBroken, ModelNotFound, ModelNotSupported
from tui.engine.ir_file import IrFile, read_ir
from tui.engine.model_shape import AttentionLayer, attention_layers, context_length, sliding_window, text_config
from tui.engine.read_file import read_bytes, read_json, unreadable
from tui.engine.tokenizer_files import TOKENIZER_XML

MODEL_XML = "openvino_model.xml"
MODEL_BIN = "openvino_model.bin"

FROM_GGUF = "Convert the original model (safetensors): ovchat models convert ORG/NAME"

KvPrecision = Literal["u8", "f16", "bf16", "f32"]

_INTEGERS = {"i8": "int8", "u8": "int8", "i4": "int4", "u4": "int4", "i2": "int2", "u2": "int2"}
_INDICES = {"i64", "u64", "i32", "u32", "i16", "u16", "boolean", "string"}
_TEMPLATE_FILES = ("chat_template.jinja", "tokenizer_config.json", "chat_template.json", "processor_config.json")
_TOKENIZER_KINDS = {
    "BPETokenizer": "BPE",
    "SentencepieceTokenizer": "SentencePiece",
    "UnigramTokenizer": "Unigram",
    "WordpieceTokenizer": "WordPiece",
    "TrieTokenizer": "trie",
}
_VERSIONS = {
    "Runtime_version": "openvino",
    "optimum/optimum_intel_version": "optimum-intel",
    "optimum/transformers_version": "transformers",
    "optimum/pytorch_version": "torch",
    "nncf/version": "nncf",
}
_NOT_CAUSAL = re.compile(r"For(SequenceClassification|TokenClassification|QuestionAnswering|MaskedLM)$")


@dataclass(frozen=True, slots=True)
class ModelFiles:
    """A folder with a decoder in OpenVINO's format. None or "" where the files do not say.

    Attributes:
        path: The folder.
        name: Its name.
        graph: What the model's graph says of itself.
        tokenizer: What the tokenizer's does; None where there is no tokenizer.
        architecture: As in config.json: `LlamaForCausalLM`.
        model_type: As in config.json: `llama`.
        parameters: How many weights it has.
        weight_format: `int4_asym g128`, `int8`, `f16`, ...
        layers: Hidden layers.
        attention: The layers that keep keys and values; empty for a model without a cache.
        vocab_size: Rows of the embedding.
        context_length: Tokens it was made for, rope scaling included.
        sliding_window: Tokens that the layers with a window see.
        kv_cache: Element type that the model asks for its KV cache: `f16`; "" leaves it to the device.
        size_bytes: Of all files directly in the folder.
        weight_bytes: Of the weights alone.
        template_sources: Where a chat template is: file names, or `openvino_tokenizer.xml` for its rt_info.
        tokenizer_kind: `BPE`, `SentencePiece`, `Unigram`, `WordPiece`, `trie`.
        made_with: Versions by name: `openvino`, `optimum-intel`, `transformers`, `torch`, `nncf`.
        licence: As the README's front matter says: `apache-2.0`.
        config: config.json as it is.
        generation_config: generation_config.json as it is.
    """

    path: Path
    name: str
    graph: IrFile
    tokenizer: IrFile | None
    architecture: str
    model_type: str
    parameters: int | None
    weight_format: str
    layers: int | None
    attention: tuple[AttentionLayer, ...]
    vocab_size: int | None
    context_length: int | None
    sliding_window: int | None
    kv_cache: str
    size_bytes: int
    weight_bytes: int
    template_sources: tuple[str, ...]
    tokenizer_kind: str
    made_with: Mapping[str, str]
    licence: str
    config: Mapping[str, Any]
    generation_config: Mapping[str, Any]

    @property
    def xml(self) -> Path:
        """The model's graph."""
        return self.graph.xml

    @property
    def bin(self) -> Path:
        """The model's weights."""
        return self.graph.bin

    @property
    def kind(self) -> Kind:
        """What it keeps between two calls."""
        return kind_of(self.graph.inputs, self.graph.states)[0]

    @property
    def is_wide(self) -> bool:
        """Its weights have 16 bits or more: they can be rounded to fewer."""
        return self.weight_format in ("f32", "f16", "bf16")

    @property
    def kv_heads(self) -> int | None:
        """Key/value heads of the first layer that has some."""
        return self.attention[0].heads if self.attention else None

    @property
    def head_dims(self) -> tuple[int, int] | None:
        """Size of a key and of a value of one head, in the first layer that has some."""
        return (self.attention[0].key_dim, self.attention[0].value_dim) if self.attention else None

    def kv_bytes_per_token(self, precision: KvPrecision) -> int:
        """Bytes that one token takes in the KV cache of all layers, stored with `precision` on CPU."""
        return round(sum(layer.bytes_per_token(precision) for layer in self.attention))


def inspect(folder: Path) -> ModelFiles:
    """The facts of a model folder.

    Raises:
        ModelNotFound: There is no such folder.
        ModelNotSupported: It holds something whole that is not a decoder for text, with what it is.
        ModelBroken: A file is missing, unreadable, cut off, a git-lfs pointer, or of a newer format.
    """
    files = list_files(folder)
    _refuse_other_layouts(folder, set(files))
    settings = read_json(folder / "config.json")
    ir = read_ir(folder / MODEL_XML)
    _refuse_other_graphs(folder, ir, settings)
    text = text_config(settings)
    tokenizer = read_ir(folder / TOKENIZER_XML) if TOKENIZER_XML in files else None
    return ModelFiles(
        path=folder,
        name=folder.resolve().name,
        graph=ir,
        tokenizer=tokenizer,
        architecture=_architecture(settings),
        model_type=str(text.get("model_type", "")),
        parameters=sum(count for kind, count in ir.elements.items() if kind not in _INDICES) or None,
        weight_format=_weight_format(ir),
        layers=_first_int(text, "num_hidden_layers", "n_layer", "n_layers", "num_layers"),
        attention=attention_layers(ir),
        vocab_size=_first_int(text, "vocab_size", "padded_vocab_size"),
        context_length=context_length(text),
        sliding_window=sliding_window(text),
        kv_cache=ir.info.get("runtime_options/KV_CACHE_PRECISION", ""),
        size_bytes=sum(files.values()),
        weight_bytes=files.get(ir.bin.name, 0),  # it may have come since they were listed
        template_sources=_template_sources(folder, set(files), tokenizer),
        tokenizer_kind=_tokenizer_kind(tokenizer),
        made_with={name: ir.info[key].split("-")[0] for key, name in _VERSIONS.items() if key in ir.info},
        licence=_licence(folder),
        config=settings,
        generation_config=read_json(folder / "generation_config.json"),
    )


def list_files(folder: Path) -> dict[str, int]:
    """Sizes of the files directly in a folder, by name.

    Raises:
        ModelNotFound: There is no such folder.
        ModelBroken: It cannot be read.
    """
    step = "Name the folder that holds the model's files."
    if not folder.exists():
        raise ModelNotFound(f"There is no folder {folder}.", step)
    if not folder.is_dir():
        raise ModelNotFound(f"{folder} is a file, not a model folder.", step)
    try:
        return {file.name: file.stat().st_size for file in folder.iterdir() if file.is_file()}
    except OSError as error:
        raise unreadable(folder, error) from error


def _refuse_other_layouts(folder: Path, files: set[str]) -> None:
    if "openvino_language_model.xml" in files:
        raise not_supported(folder, "a vision-language model, and ovchat runs text only")
    if files & {"openvino_encoder_model.xml", "openvino_decoder_model.xml"}:
        raise not_supported(folder, "an encoder-decoder model, not a decoder that chats")
    if "model_index.json" in files:
        raise not_supported(folder, "an image generation pipeline, not a text model")
    if MODEL_XML in files:
        return
    suffixes = {Path(name).suffix for name in files}
    if ".gguf" in suffixes:
        raise ModelNotSupported(
            f"{folder} holds a GGUF file, which is not OpenVINO's format.", FROM_GGUF, code="not-converted"
        )
    if suffixes & {".safetensors", ".pt", ".pth"} or "pytorch_model.bin" in files:
        raise ModelBroken(
            f"{folder} is not converted to OpenVINO yet: it has no {MODEL_XML}.",
            f"Run: ovchat models convert {shlex.quote(str(folder))}",
            code="not-converted",
        )
    raise ModelBroken(
        f"{folder} has no {MODEL_XML}.",
        "Name a folder that has one, or get the model again.",
        code="graph-missing",
    )


def _refuse_other_graphs(folder: Path, ir: IrFile, settings: Mapping[str, Any]) -> None:
    architecture = _architecture(settings)
    if "eagle3_mode" in ir.info or "hidden_states" in ir.inputs or "d2t" in ir.outputs:
        what = "an Eagle draft: it only helps another model to decode"
    elif "logits" not in ir.outputs and ir.outputs & {"last_hidden_state", "token_embeddings", "sentence_embedding"}:
        what = "an embedding model: it gives vectors, not text"
    elif "encoder_hidden_states" in ir.inputs or "decoder_input_ids" in ir.inputs:
        what = "an encoder-decoder model, or one half of it"
    elif "inputs_embeds" in ir.inputs and "input_ids" not in ir.inputs:
        what = "the language part of a vision-language model"
    elif "logits" not in ir.outputs or "input_ids" not in ir.inputs:
        what = "not a language model: it does not go from input_ids to logits"
    elif match := _NOT_CAUSAL.search(architecture):
        what = f"a model for {re.sub('(?<=[a-z])(?=[A-Z])', ' ', match[1]).lower()} ({architecture})"
    else:
        refuse_unknown_inputs(ir.inputs, folder)
        return
    raise not_supported(folder, what)


def _architecture(settings: Mapping[str, Any]) -> str:
    names = settings.get("architectures")
    return str(names[0]) if isinstance(names, list) and names else ""


def _first_int(settings: Mapping[str, Any], *names: str) -> int | None:
    return next((value for name in names if isinstance(value := settings.get(name), int)), None)


def _weight_format(ir: IrFile) -> str:
    """What nncf wrote down; else the element type that most weights have."""
    if mode := ir.info.get("nncf/weight_compression/mode"):
        group = ir.info.get("nncf/weight_compression/group_size", "-1")
        # One scale for each row is what int8 always has; of fewer bits it is worth a word.
        return mode.split("_")[0] if mode.startswith("int8") else f"{mode} g{group}".replace(" g-1", " per channel")
    counts = {kind: count for kind, count in ir.elements.items() if kind not in _INDICES}
    most = max(counts, key=counts.__getitem__, default="")
    return _INTEGERS.get(most, most)


def _template_sources(folder: Path, files: set[str], tokenizer: IrFile | None) -> tuple[str, ...]:
    found = [
        name
        for name in _TEMPLATE_FILES
        if name in files and (name.endswith(".jinja") or read_json(folder / name).get("chat_template"))
    ]
    if tokenizer and tokenizer.info.get("chat_template"):
        found.append(TOKENIZER_XML)
    return tuple(found)


def _tokenizer_kind(tokenizer: IrFile | None) -> str:
    operations = tokenizer.operations if tokenizer else frozenset()
    return next((kind for name, kind in _TOKENIZER_KINDS.items() if name in operations), "")


def _licence(folder: Path) -> str:
    """`license:` of the front matter that hub model cards begin with."""
    readme = folder / "README.md"
    if not readme.exists():
        return ""
    head = read_bytes(readme)[:8192].decode("utf-8", "replace")
    front = re.match(r"---\s*\n(.*?)\n---", head, re.DOTALL)
    found = re.search(r"^license:\s*(\S+)", front[1], re.MULTILINE) if front else None
    return found[1].strip("\"'") if found else ""
