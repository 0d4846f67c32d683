"""Operations are looked for in the libraries themselves; what is listed as common is really there."""

from __future__ import annotations

from pathlib import Path

import openvino
import pytest

from tests.conftest import MODELS
from tui.engine import known_operations
from tui.engine.ir_file import read_ir
from tui.engine.known_operations import NEWEST_OPSET, unknown_operations

GRAPHS = sorted([*MODELS.glob("*/openvino_*.xml"), *(MODELS.parent / "tokenizers").glob("*/openvino_*.xml")])


@pytest.mark.parametrize("listed", [True, False], ids=["with the list", "without it"])
def test_everything_in_graphs_that_run_is_known(listed: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    if not listed:
        monkeypatch.setattr(known_operations, "_COMMON", frozenset())
    for xml in GRAPHS if listed else [MODELS / "qwen3/openvino_model.xml", MODELS / "tokenizer/openvino_tokenizer.xml"]:
        assert unknown_operations(read_ir(xml), tokenizers="tokenizer" in xml.name) == []


def test_the_list_has_only_what_exists() -> None:
    core = known_operations._library("openvino", "libs", r"(lib)?openvino\.(so|dll|\d+\.dylib).*")
    tokenizers = known_operations._library("openvino_tokenizers", "lib", r".*\.(so|dll|dylib)")
    assert core is not None
    assert tokenizers is not None
    missing = known_operations._absent(core, known_operations._COMMON)
    assert known_operations._absent(tokenizers, missing) == set()


def test_the_newest_opset_is_that_of_the_runtime() -> None:
    opsets = [int(path.name.removeprefix("opset")) for path in Path(openvino.__file__).parent.glob("opset[0-9]*")]
    assert max(opsets) == NEWEST_OPSET
