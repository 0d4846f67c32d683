"""A model folder's facts from its files; and for each way it can be wrong, the sentence that names the file."""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import openvino as ov
import pytest

from tests.conftest import MODELS
from tests.engine.folders import replace
from tui.engine.errors import ModelBroken, ModelNotSupported, OvchatError
from tui.engine.ir_file import read_ir
from tui.engine.model_files import inspect, list_files
from tui.engine.model_shape import AttentionLayer, context_length, sliding_window, text_config
from tui.engine.tokenizer_files import require_tokenizer

IRS = sorted(file for file in MODELS.glob("*/openvino_*model.xml"))
TinyModel = Callable[[str], Path]

# ---- facts


def test_facts_of_a_whole_folder(llama: Path) -> None:
    (llama / "README.md").write_text(
        "---\nlanguage: en\nlicense: apache-2.0\ntags: [x]\n---\n# Tiny\nlicense: not this\n"
    )
    files = inspect(llama)
    assert (files.name, files.xml, files.bin) == (
        "my model",
        llama / "openvino_model.xml",
        llama / "openvino_model.bin",
    )
    assert (files.architecture, files.model_type) == ("LlamaForCausalLM", "llama")
    # Embedding, head 600 x 32; two layers of q, o 32 x 32, k, v 16 x 32, three 32 x 64, two norms of 32; the last norm.
    weights = 2 * 600 * 32 + 2 * (2 * 32 * 32 + 2 * 16 * 32 + 3 * 32 * 64 + 2 * 32) + 32
    assert weights <= files.parameters <= weights + 20
    assert (files.layers, files.kv_heads, files.head_dims) == (2, 2, (8, 8))
    assert (files.vocab_size, files.context_length, files.sliding_window) == (600, 8192, None)
    assert files.size_bytes == sum(file.stat().st_size for file in llama.iterdir())
    assert files.template_sources == ("chat_template.jinja", "openvino_tokenizer.xml")
    assert files.tokenizer_kind == "BPE"
    assert files.made_with["openvino"] == "2026.4.1"
    assert set(files.made_with) == {"openvino", "optimum-intel", "transformers", "torch"}
    assert files.licence == "apache-2.0"
    assert files.config["bos_token_id"] == 0
    require_tokenizer(files.path)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("llama", "f32"), ("llama-f16", "f16"), ("llama-int8", "int8"), ("llama-int4", "int4_asym g32")],
)
def test_weight_format(name: str, expected: str, tiny_model: TinyModel) -> None:
    assert inspect(tiny_model(name)).weight_format == expected


def test_weight_format_per_channel_and_without_what_nncf_writes(tiny_model: TinyModel, tmp_path: Path) -> None:
    folder = shutil.copytree(tiny_model("llama-int4"), tmp_path / "model")
    xml = folder / "openvino_model.xml"
    replace(xml, '<group_size value="32" />', '<group_size value="-1" />')
    assert inspect(folder).weight_format == "int4_asym per channel"
    xml.write_text(re.sub(r"<nncf>.*</nncf>", "", xml.read_text(), flags=re.DOTALL))
    assert inspect(folder).weight_format == "int8"  # in a model this small, the embedding's int8 is the most


def test_compressed_weights_count_once(tiny_model: TinyModel) -> None:
    plain, compressed = inspect(tiny_model("llama")).parameters, inspect(tiny_model("llama-int8")).parameters
    assert compressed == pytest.approx(plain, rel=1e-3)


@pytest.mark.parametrize("name", ["llama", "batch-axis-1", "llama-stateless", "mistral"])
def test_attention_layers_whatever_the_order_of_axes(name: str, tiny_model: TinyModel) -> None:
    assert inspect(tiny_model(name)).attention == (AttentionLayer(2, 8, 8),) * 2


def test_only_attention_layers_of_a_hybrid_keep_keys(tiny_model: TinyModel) -> None:
    for name in ("lfm2", "lfm2"):
        files = inspect(tiny_model(name))
        assert (files.layers, files.attention) == (2, (AttentionLayer(2, 8, 8),))


def test_model_without_cache_keeps_nothing(tiny_model: TinyModel) -> None:
    files = inspect(tiny_model("llama-no-cache"))
    assert (files.attention, files.kv_heads, files.head_dims) == ((), None, None)
    assert files.kv_bytes_per_token("f32") == 0


def test_kv_bytes_per_token(tiny_model: TinyModel) -> None:
    files = inspect(tiny_model("llama"))
    # 2 layers x 2 heads x (8 + 8) numbers; u8: a key of 8 takes 8 x 40/32 = 10 bytes, a value 8 + 8.
    assert files.kv_bytes_per_token("f32") == 256
    assert files.kv_bytes_per_token("f16") == files.kv_bytes_per_token("bf16") == 128
    assert files.kv_bytes_per_token("u8") == 104
    # Llama 3.1 8B: 32 layers, 8 heads of 128: 128 KiB in f16.
    assert 32 * AttentionLayer(8, 128, 128).bytes_per_token("f16") == 128 * 1024


def test_weights_that_come_while_a_folder_is_looked_at(llama: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    listed = {name: size for name, size in list_files(llama).items() if name != "openvino_model.bin"}
    monkeypatch.setattr("tui.engine.model_files.list_files", lambda _: listed)
    assert inspect(llama).size_bytes == sum(listed.values())


def test_config_may_be_missing_and_made_by_an_editor_with_a_byte_order_mark(llama: Path) -> None:
    config = (llama / "config.json").read_text()
    (llama / "config.json").write_text(config, encoding="utf-8-sig")
    assert inspect(llama).model_type == "llama"
    (llama / "config.json").unlink()
    (llama / "generation_config.json").unlink()
    files = inspect(llama)
    assert (files.model_type, files.layers, files.context_length) == ("", None, None)
    assert files.kv_heads == 2


def test_template_sources_in_order_of_precedence(llama: Path) -> None:
    (llama / "chat_template.json").write_text('{"chat_template": "x"}')
    (llama / "processor_config.json").write_text('{"chat_template": null}')
    replace(llama / "tokenizer_config.json", "{", '{"chat_template": "x",')
    assert inspect(llama).template_sources == (
        "chat_template.jinja",
        "tokenizer_config.json",
        "chat_template.json",
        "openvino_tokenizer.xml",
    )


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"max_position_embeddings": 2048}, 2048),
        ({"n_positions": 1024, "n_ctx": 512}, 1024),  # gpt2
        ({"max_seq_len": 2048}, 2048),  # mpt
        ({"seq_length": 32768}, 32768),  # chatglm
        ({"model_type": "bloom"}, None),
        # Llama 3.1, Phi-3 128k: the extended length is written down.
        ({"max_position_embeddings": 131072, "rope_scaling": {"rope_type": "llama3", "factor": 8.0}}, 131072),
        ({"max_position_embeddings": 131072, "rope_scaling": {"type": "longrope", "short_factor": [1]}}, 131072),
        # Vicuna 16k, Qwen 2.5 with yarn, gpt-oss, DeepSeek-V2.
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": 4.0}}, 16384),
        (
            {
                "max_position_embeddings": 32768,
                "rope_scaling": {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 32768},
            },
            131072,
        ),
        (
            {
                "max_position_embeddings": 131072,
                "rope_parameters": {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 4096},
            },
            131072,
        ),
        (
            {
                "model_type": "gemma3_text",
                "max_position_embeddings": 131072,
                "rope_scaling": {"rope_type": "linear", "factor": 8.0},
            },
            131072,
        ),
        ({"max_position_embeddings": 4096, "rope_scaling": None}, 4096),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "yarn"}}, 4096),
        ({"max_position_embeddings": 4096, "rope_scaling": {"type": "linear", "factor": float("inf")}}, 4096),
        ({"max_position_embeddings": "4096"}, None),
        ({"max_position_embeddings": True}, None),
    ],
)
def test_context_length(config: dict, expected: int | None) -> None:
    assert context_length(config) == expected


def test_text_config_of_multimodal_families() -> None:
    assert (
        text_config({"model_type": "gemma3", "text_config": {"model_type": "gemma3_text"}})["model_type"]
        == "gemma3_text"
    )
    assert text_config({"model_type": "llama", "text_config": None})["model_type"] == "llama"


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        ({"sliding_window": 4096}, 4096),
        ({"sliding_window": None}, None),
        ({}, None),
        ({"sliding_window": 4096, "use_sliding_window": False}, None),
        ({"sliding_window": 4096, "layer_types": ["full_attention"]}, None),
        ({"sliding_window": 512, "layer_types": ["sliding_attention", "full_attention"]}, 512),
    ],
)
def test_sliding_window(config: dict, expected: int | None) -> None:
    assert sliding_window(config) == expected


# ---- the scan of the graph, held against OpenVINO's own reading


@pytest.mark.parametrize("xml", IRS, ids=lambda file: f"{file.parent.name}/{file.stem}")
def test_scan_agrees_with_openvino(xml: Path) -> None:
    ours, model = read_ir(xml), ov.Core().read_model(xml)
    assert ours.inputs == {
        name: tuple(None if dim.is_dynamic else dim.get_length() for dim in port.partial_shape)
        for port in model.inputs
        for name in port.get_names()
    }
    assert {name for port in model.outputs for name in port.get_names()} <= ours.outputs
    assert set(ours.states) == {state.get_info().variable_id for state in model.get_variables()}
    written = {name.lower() for name in ours.operations}  # IR writes ReLU, SoftMax and Const
    assert written >= {node.get_type_name().lower() for node in model.get_ops()} - {"constant"}
    assert ours.info["Runtime_version"] == model.rt_info["Runtime_version"].astype(str)


def test_what_is_inside_a_body_is_not_the_models_own(tmp_path: Path) -> None:
    ops = ov.opset13
    condition = ops.parameter([], ov.Type.boolean, name="condition")
    outer = ops.parameter([4], ov.Type.f32, name="outer")
    bodies = []
    for factor in (2.0, 3.0):
        inner = ops.parameter([4], ov.Type.f32, name="inner")
        result = ops.result(ops.multiply(inner, ops.constant([factor] * 4, ov.Type.f32)))
        bodies.append((ov.Model([result], [inner], "body"), inner, result))
    branch = ops.if_op(condition)
    branch.set_then_body(bodies[0][0])
    branch.set_else_body(bodies[1][0])
    branch.set_input(outer.output(0), bodies[0][1], bodies[1][1])
    output = branch.set_output(bodies[0][2], bodies[1][2])
    for node, name in ((condition.output(0), "condition"), (outer.output(0), "outer"), (output, "logits")):
        node.get_tensor().set_names({name})
    ov.save_model(ov.Model([ops.result(output)], [condition, outer], "m"), tmp_path / "m.xml", compress_to_fp16=False)

    ir = read_ir(tmp_path / "m.xml")
    assert ir.inputs == {"condition": (), "outer": (4,)}
    assert ir.outputs == {"logits"}
    assert ir.elements["f32"] == 8
    (tmp_path / "m.bin").write_bytes((tmp_path / "m.bin").read_bytes()[:-1])
    with pytest.raises(ModelBroken, match="cut off"):
        read_ir(tmp_path / "m.xml")


def test_older_ir_names_its_outputs_only_on_their_ports(llama: Path) -> None:
    replace(llama / "openvino_model.xml", ' output_names="logits"', "")
    assert inspect(llama).model_type == "llama"


# ---- whole, but not a decoder that chats


@pytest.mark.parametrize(("name", "what"), [("t5", "encoder-decoder"), ("bert", "embedding model: it gives vectors")])
def test_exported_kinds_that_do_not_chat(name: str, what: str, tiny_model: TinyModel) -> None:
    with pytest.raises(ModelNotSupported, match=what) as refused:
        inspect(tiny_model(name))
    assert str(tiny_model(name)) in refused.value.sentence
    assert "text-generation-with-past" in refused.value.next_step


@pytest.mark.parametrize(
    ("files", "error", "message"),
    [
        (["openvino_language_model.xml", "openvino_vision_embeddings_model.xml"], ModelNotSupported, "vision-language"),
        (["openvino_encoder_model.xml", "openvino_decoder_model.xml"], ModelNotSupported, "encoder-decoder"),
        (["model_index.json"], ModelNotSupported, "image generation"),
        (["model-q4_0.gguf"], ModelNotSupported, "GGUF"),
        (
            ["config.json", "model.safetensors"],
            ModelBroken,
            "not converted.*ovchat models convert '.*a folder'",
        ),
        (["README.md"], ModelBroken, "has no openvino_model.xml"),
        ([], ModelBroken, "has no openvino_model.xml"),
    ],
)
def test_folders_without_a_decoder(files: list[str], error: type[OvchatError], message: str, tmp_path: Path) -> None:
    folder = tmp_path / "a folder"
    folder.mkdir()
    for name in files:
        (folder / name).write_text("{}")
    with pytest.raises(error, match=message):
        inspect(folder)


@pytest.mark.parametrize(
    ("old", "new", "what"),
    [
        ("<optimum>", '<eagle3_mode value="True" /><optimum>', "Eagle draft"),
        ('names="position_ids"', 'names="hidden_states"', "Eagle draft"),
        ('names="position_ids"', 'names="encoder_hidden_states"', "encoder-decoder"),
        ('names="input_ids"', 'names="inputs_embeds"', "vision-language"),
        ('output_names="logits"', 'output_names="scores"', "not a language model"),
        ('output_names="logits"', 'output_names="last_hidden_state"', "embedding model"),
    ],
)
def test_graphs_that_do_not_chat(old: str, new: str, what: str, llama: Path) -> None:
    replace(llama / "openvino_model.xml", old, new)
    with pytest.raises(ModelNotSupported, match=what):
        inspect(llama)


def test_classifiers_have_logits_too(llama: Path) -> None:
    replace(llama / "config.json", "LlamaForCausalLM", "LlamaForSequenceClassification")
    with pytest.raises(ModelNotSupported, match="a model for sequence classification"):
        inspect(llama)
