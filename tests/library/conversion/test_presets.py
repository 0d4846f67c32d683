"""How weights are stored: names, options for the tool, bits; and what does not go together."""

from __future__ import annotations

from typing import Any

import pytest

from tui.engine.errors import BadParameter
from tui.library.conversion.pins import PYTORCH_CPU_INDEX, pins_for, torch_requirement
from tui.library.conversion.presets import PRESETS, Weights, default_preset


@pytest.mark.parametrize(
    ("preset", "suffix", "options"),
    [
        ("int4", "int4-ov", "int4 --ratio 1.0 --group-size-fallback adjust --group-size 128"),
        ("int4-awq", "int4-awq-ov", "int4 --ratio 1.0 --group-size-fallback adjust --group-size 128 --awq"),
        ("int8", "int8-ov", "int8"),
        ("npu", "int4-cw-ov", "int4 --ratio 1.0 --group-size-fallback adjust --group-size -1 --sym"),
        ("fp16", "fp16-ov", "fp16"),
    ],
)
def test_presets(preset: str, suffix: str, options: str) -> None:
    weights = PRESETS[preset].weights
    assert weights.suffix == suffix
    assert weights.options() == ["--weight-format", *options.split()]


def test_every_preset_has_a_name_of_its_own_for_the_model() -> None:
    assert len({preset.weights.suffix for preset in PRESETS.values()}) == len(PRESETS)


@pytest.mark.parametrize(
    ("weights", "bits"),
    [
        (Weights("fp16"), 16),
        (Weights("int8"), 8.05),
        (Weights("int4", 128), 4.156),
        (Weights("int4", -1, symmetric=True), 4),
        (Weights("int4", 64, ratio=0.5), 6.156),
    ],
)
def test_bits(weights: Weights, bits: float) -> None:
    assert weights.bits == pytest.approx(bits, abs=1e-3)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"format": "int5"}, "no weight format 'int5'"),
        ({"format": "int4", "group_size": 0}, "group size must be 1 or more"),
        ({"format": "int4", "ratio": 1.5}, "between 0 and 1"),
        ({"format": "int8", "group_size": 128}, "four bits"),
        ({"format": "fp16", "awq": True}, "four bits"),
        ({"format": "nf4", "symmetric": True}, "not of nf4"),
    ],
)
def test_what_does_not_go_together_is_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(BadParameter, match=says):
        Weights(**given)


def test_small_models_get_eight_bits() -> None:
    assert default_preset(600_000_000) == "int8"
    assert default_preset(4_000_000_000) == "int4"


def test_an_architecture_gets_the_transformers_that_converts_it() -> None:
    assert pins_for("llama") == pins_for("gemma3_text") == pins_for("not-known-yet")
    assert pins_for("llama").versions["transformers"] == "5.0.0"
    assert pins_for("minicpm3").versions["transformers"] == "4.53.3"
    assert pins_for("granitemoehybrid").versions["transformers"] == "5.5.4"
    assert pins_for("internlm2").name != pins_for("llama").name


def test_openvino_is_the_release_that_the_chat_runs() -> None:
    import openvino

    assert openvino.__version__.startswith(pins_for("llama").versions["openvino"])


def test_torch_of_the_cpu_index_cannot_be_torch_of_another() -> None:
    assert torch_requirement(PYTORCH_CPU_INDEX) == "torch==2.13.0+cpu"
    assert torch_requirement("") == torch_requirement("https://mirror.example/simple") == "torch==2.13.0"
