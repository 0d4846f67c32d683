"""The IR: read it, say what kind of decoder it is, put the row selection before the LM head, compile it.

Everything here works on the graph; nothing runs it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import openvino as ov
from openvino import opset13 as ops
from openvino._offline_transformations import paged_attention_transformation

from tui.engine.decoder_kind import Kind as Kind
from tui.engine.decoder_kind import StateAxes as StateAxes
from tui.engine.decoder_kind import kind_of
from tui.engine.errors import BadParameter, ModelBroken, ModelNotSupported, NotEnoughMemory
from tui.engine.openvino_errors import is_out_of_memory, last_line, read_error

ROWS_INPUT = "sampled_tokens_indices"


@dataclass(frozen=True, slots=True)
class Signature:
    """A decoder's inputs as its graph declares them.

    Attributes:
        kind: What it keeps between two calls.
        inputs: Which of `input_ids`, `attention_mask`, `position_ids`, `beam_idx` there are.
        kv_axes: Axes of each KV tensor that grows with tokens, by state id (stateful, hybrid) or input name.
        vocab_size: Size of a logits row, or None where the graph leaves it open.
    """

    kind: Kind
    inputs: frozenset[str]
    kv_axes: Mapping[str, StateAxes]
    vocab_size: int | None


def read(core: ov.Core, xml: Path) -> ov.Model:
    """Read an IR.

    Raises:
        ModelBroken: The files cannot be read as a model by this OpenVINO.
        NotEnoughMemory: There is no room for the weights.
    """
    try:
        return core.read_model(xml)
    except (RuntimeError, MemoryError) as error:
        raise read_error(xml, error) from error


def classify(model: ov.Model) -> Signature:
    """What kind of decoder this graph is, which `model_files.inspect` found to go from tokens to logits."""
    inputs = {name: _shape(port.get_partial_shape()) for port in model.inputs for name in port.get_names()}
    states = {each.get_info().variable_id: _shape(each.get_info().data_shape) for each in model.get_variables()}
    kind, kv_axes = kind_of(inputs, states)
    shape = model.output("logits").get_partial_shape()
    vocab = shape[len(shape) - 1]
    token_inputs = frozenset(inputs.keys() & {"input_ids", "attention_mask", "position_ids", "beam_idx"})
    return Signature(kind, token_inputs, kv_axes, None if vocab.is_dynamic else vocab.get_length())


def _shape(shape: ov.PartialShape) -> tuple[int | None, ...]:
    if shape.rank.is_dynamic:
        return ()
    return tuple(None if size.is_dynamic else size.get_length() for size in shape)


# Between the LM head's MatMul and the logits: soft-capping, scaling, bias, layout. All keep rows apart.
_ROW_WISE = {"Add", "Subtract", "Multiply", "Divide", "Tanh", "Convert", "Transpose"}


def select_rows(model: ov.Model, *, token_axis: int) -> bool:
    """Put a Gather on the hidden states before the LM head, so that logits are computed for chosen rows only.

    The rows' indices become the input `sampled_tokens_indices`, i64[rows]. Saves tokens x vocabulary floats in prefill.

    Args:
        model: Changed in place.
        token_axis: Axis of the tokens in the logits of this form of the model.

    Returns:
        False where the tail of the graph is not recognised; the model then stays as it was.
    """
    node = model.output("logits").get_node().input_value(0).get_node()
    while node.get_type_name() in _ROW_WISE:
        if node.get_type_name() == "Transpose":
            order = node.input_value(1).get_node()
            if order.get_type_name() != "Constant":
                return False
            token_axis = int(order.get_data()[token_axis])
        data = [value.get_node() for value in node.input_values() if value.get_node().get_type_name() != "Constant"]
        data = [source for source in data if not _is_constant_expression(source)]
        if len(data) != 1:
            return False
        node = data[0]
    if node.get_type_name() != "MatMul":
        return False
    rows = ops.parameter([-1], np.int64, name=ROWS_INPUT)
    rows.output(0).set_names({ROWS_INPUT})
    gather = ops.gather(node.input_value(0), rows, ops.constant(token_axis, np.int64))
    node.input(0).replace_source_output(gather.output(0))
    model.add_parameters([rows])
    model.validate_nodes_and_infer_types()
    return True


def _is_constant_expression(node: ov.Node) -> bool:
    """A compressed constant is a Constant below Convert and Multiply."""
    if node.get_type_name() == "Constant":
        return True
    sources = node.input_values()
    return bool(sources) and len(sources) <= 3 and all(_is_constant_expression(value.get_node()) for value in sources)


def make_paged(model: ov.Model) -> None:
    """Turn a stateful decoder into its paged-attention form, in place.

    Inputs become 1-D over all tokens of the call, and the KV cache becomes inputs `key_cache.N` and `value_cache.N`
    (openvino: SDPAToPagedAttention).

    Raises:
        ModelNotSupported: The graph has no attention that the transformation knows.
    """
    try:
        paged_attention_transformation(model)
    except RuntimeError as error:
        raise ModelNotSupported(
            f"The model cannot run with paged attention ({last_line(error)}).", "Set engine.backend to stateful."
        ) from error


def compile_decoder(
    core: ov.Core, graph: ov.Model, device: str, properties: Mapping[str, Any], *, paged: bool
) -> ov.CompiledModel:
    """Bring a decoder into its paged or its own form, with logits for chosen rows if its tail allows, and compile it.

    Not for chosen rows on an NPU: its plugin computes the last one only, and a selection before that makes it wrong.

    Args:
        core: Knows the device.
        graph: As `read`; changed in place.
        device: A resolved device name.
        properties: The plugin's, by name.
        paged: Paged attention instead of the graph's own states or inputs.

    Raises:
        ModelNotSupported: The graph has no paged form.
        NotEnoughMemory: The model does not fit.
        BadParameter: The device refuses the pair of precision and KV cache type.
        ModelBroken: The device refuses it.
    """
    if paged:
        make_paged(graph)
    if not device.startswith("NPU"):
        select_rows(graph, token_axis=0 if paged else 1)
    try:
        return core.compile_model(graph, device, dict(properties))
    except (RuntimeError, MemoryError) as error:
        if is_out_of_memory(error):
            raise NotEnoughMemory(
                f"There is not enough memory to load the model on {device}.", "Take a smaller model."
            ) from error
        if "kvcache type" in str(error):
            raise BadParameter(
                f"{device} cannot have this type of KV cache with this precision ({last_line(error)}).",
                "Set engine.kv_cache to auto, u8 or f16.",
            ) from error
        raise ModelBroken(
            f"{device} cannot compile the model ({last_line(error)}).",
            "Try another device, or set engine.backend to stateful.",
        ) from error
