"""The graphs of an OpenVINO tokenizer: read, edited, compiled; what OpenVINO throws becomes an error for the user."""

from __future__ import annotations

import ctypes
import importlib.util
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset15
from openvino.utils.node_factory import NodeFactory

from tui.engine.errors import OvchatError
from tui.engine.openvino_errors import read_error
from tui.engine.sentencepiece_model import SentencePieceModel
from tui.engine.tokenizer_files import several_texts
from tui.engine.vocabulary import constant_bytes

_NO_LIMIT = 2**31 - 65
# A tokenizer is not worth waking a pool of threads.
_CONFIG = {"INFERENCE_NUM_THREADS": 1}


@cache
def _extension() -> str:
    """Where the extension library is.

    Loading it here keeps it loaded until the process ends. Otherwise Python objects of its operations that outlive the
    Core end the process with a segmentation fault.
    """
    spec = importlib.util.find_spec("openvino_tokenizers")
    if spec is None or spec.origin is None:
        raise OvchatError("The package openvino-tokenizers is not installed.", "Install ovchat again.")
    name = "*openvino_tokenizers.*"
    libraries = [
        path for path in (Path(spec.origin).parent / "lib").glob(name) if path.suffix in {".so", ".dylib", ".dll"}
    ]
    if not libraries:
        raise OvchatError("The package openvino-tokenizers has no library for this platform.", "Install ovchat again.")
    ctypes.CDLL(str(libraries[0]))
    return str(libraries[0])


def add_extension(core: ov.Core) -> None:
    """Give a core the tokenizers' operations. Raises OvchatError where the library does not fit to OpenVINO."""
    try:
        core.add_extension(_extension())
    except (OSError, RuntimeError) as error:
        raise OvchatError(
            f"OpenVINO {ov.get_version()} cannot load the OpenVINO Tokenizers that are installed.",
            "Install the same release of openvino and openvino-tokenizers.",
        ) from error


def read(core: ov.Core, xml: Path) -> ov.Model:
    """Read one of the two graphs. Raises ModelBroken."""
    try:
        return core.read_model(xml)
    except (RuntimeError, MemoryError) as error:
        raise read_error(xml, error) from error


def compile_request(core: ov.Core, model: ov.Model, xml: Path) -> ov.InferRequest:
    """Compile a graph that was read from `xml`. Raises ModelBroken."""
    try:
        return core.compile_model(model, "CPU", _CONFIG).create_infer_request()
    except (RuntimeError, MemoryError) as error:
        raise read_error(xml, error) from error


def rt_info(model: ov.Model) -> dict[str, Any]:
    """What the converter wrote into the graph, as far as it is text, or name to text."""
    values = {str(key): model.get_rt_info(key).value for key in model.get_rt_info()}
    return {key: value for key, value in values.items() if isinstance(value, str | dict) and value}


def take_special_tokens(encoder: ov.Model) -> tuple[tuple[int, ...], tuple[int, ...]] | None:
    """Take out of the graph what its `CombineSegments` operation puts around a text, and return it."""
    combine = next((op for op in encoder.get_ops() if op.get_type_name() == "CombineSegments"), None)
    if combine is None:
        return None
    around: tuple[list[int], list[int]] = [], []
    after_text = False
    for first in range(0, combine.get_input_size() - 1, 3):
        begin, end, ids = (combine.input_value(first + i).get_node() for i in range(3))
        if {node.get_type_name() for node in (begin, end, ids)} != {"Constant"}:
            after_text = True
            continue
        span = slice(int(begin.data.reshape(-1)[0]), int(end.data.reshape(-1)[0]))
        around[after_text].extend(map(int, ids.data.reshape(-1)[span]))
        combine.input(first + 1).replace_source_output(begin.output(0))
    return tuple(around[0]), tuple(around[1])


def never_truncate(encoder: ov.Model) -> None:
    """Lift the length that older conversions silently cut texts to; what is too long is for the caller to say."""
    for operation in encoder.get_ops():
        match operation.get_type_name():
            case "Truncate":
                _set_input(operation, operation.get_input_size() - 3, np.int32(_NO_LIMIT))
            case "Minimum" if operation.input_value(1).get_node().get_type_name() == "Constant":  # before 2024.5
                _set_input(operation, 1, np.int32(_NO_LIMIT))
            case "Slice" if operation.get_input_partial_shape(0).rank == 2:  # SentencePiece: the first or last ids
                _set_input(operation, 1, np.array([-_NO_LIMIT]))
                _set_input(operation, 2, np.array([_NO_LIMIT]))
    # Newer conversions have a switch for it, a state that nothing reads now.
    for sink in encoder.get_sinks():
        encoder.remove_sink(sink)
    for variable in encoder.get_variables():
        encoder.remove_variable(variable)


def _set_input(operation: ov.Node, index: int, value: Any) -> None:
    operation.input(index).replace_source_output(opset15.constant(value).output(0))


def bytes_in(encoder: ov.Model) -> None:
    """Let the graph take bytes in place of a string tensor, which would lose NUL characters at the end.

    Raises:
        ModelNotSupported: It takes several texts.
    """
    texts = encoder.get_parameters()
    if len(texts) != 1:
        raise several_texts(len(texts))
    text = texts[0]
    parts = [opset15.parameter([-1], kind) for kind in (np.int32, np.int32, np.uint8)]
    packed = opset15.string_tensor_pack(*parts)
    for consumer in text.output(0).get_target_inputs():
        consumer.replace_source_output(packed.output(0))
    encoder.remove_parameter(text)
    encoder.add_parameters(parts)


def bytes_out(detokenizer: ov.Model) -> ov.Model:
    """The same graph with its text as bytes (begins i32[1], ends i32[1], chars u8[N]), for the same reason."""
    text = detokenizer.outputs[0].get_node().input_value(0)
    return ov.Model(opset15.string_tensor_unpack(text).outputs(), detokenizer.get_parameters())


def show_special_tokens(detokenizer: ov.Model) -> None:
    """Edit a detokenizer, as read from disk, so that it leaves no special token out."""
    factory = NodeFactory()
    factory.add_extension(_extension())
    for node in detokenizer.get_ops():
        kind = node.get_type_name()
        match kind:
            case "VocabDecoder":
                inputs = [*node.input_values()[:4], ov.op.Constant(np.zeros(0, np.int32)).output(0)]
            case "SentencepieceDetokenizer":
                model = SentencePieceModel(constant_bytes(node, 0), streaming=False).with_visible_controls()
                inputs = [ov.op.Constant(np.frombuffer(model, np.uint8)).output(0), node.input_value(1)]
            case _:
                continue
        # A new node: the old one has read its constants already.
        for old, new in zip(node.outputs(), factory.create(kind, inputs, {}).outputs(), strict=True):
            for consumer in old.get_target_inputs():
                consumer.replace_source_output(new)
