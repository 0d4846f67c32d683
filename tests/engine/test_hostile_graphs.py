"""Graphs that are made to harm: read in the time that others of their size take, or refused; never unfolded."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.engine.folders import replace
from tests.engine.test_broken_folders import within
from tui.engine import ir_file
from tui.engine.errors import ModelBroken
from tui.engine.ir_file import read_ir
from tui.engine.tokenizer_files import vocabulary_rows

_SECONDS = 120  # they take one; what they are made for takes hours
_BEGIN, _END = '<net name="m" version="11"><layers>', "</layers><edges></edges></net>"
_INFO, _INFO_END = "</layers><edges></edges><rt_info>", "</rt_info></net>"
_PARAMETER = '<layer id="0" type="Parameter" name="a"><data shape="1"/>'


def graph(folder: Path, text: str) -> Path:
    (folder / "m.bin").touch()
    (folder / "m.xml").write_text(text)
    return folder / "m.xml"


@pytest.mark.parametrize(
    "text",
    [
        _BEGIN + "<layer " * 500_000 + _END,
        _BEGIN + '<layer "' * 500_000 + _END,
        _BEGIN + "<layer>" + "body>" * 900_000 + _END,
        _BEGIN + _PARAMETER * 100_000 + "</layer>" + _END,
        _BEGIN + "<body></body>" * 100_000 + _PARAMETER * 50_000 + _END,
    ],
    ids=["tags without an end", "quotes without an end", "bodies", "inputs without an end", "inputs after bodies"],
)
def test_read_in_the_time_of_others(tmp_path: Path, text: str) -> None:
    with within(_SECONDS):
        read_ir(graph(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        _BEGIN + "<layer " + "a" * 3_000_000 + ' type="Const">' + _END,
        _BEGIN
        + '<layer id="0" type="Parameter" name="a"><data shape="'
        + ("9" * 4000 + ",") * 5000
        + '"/></layer>'
        + _END,
        _BEGIN + _INFO + '<a value="1">' * 300_000 + "</a>" * 300_000 + _INFO_END,
        _BEGIN + _INFO + f'<a name="{"n" * 8_000_000}">' + '<b value=""/>' * 100_000 + "</a>" + _INFO_END,
        _BEGIN + _INFO + "<a/>" * 5_000_000 + _INFO_END,
    ],
    ids=["a name without an end", "a shape", "info in info", "long names of info", "much info"],
)
def test_refused_as_damaged(tmp_path: Path, text: str) -> None:
    with within(_SECONDS), pytest.raises(ModelBroken, match=r"m\.xml is damaged") as raised:
        read_ir(graph(tmp_path, text))
    assert (raised.value.code, bool(raised.value.next_step)) == ("graph-damaged", True)


@pytest.mark.parametrize("text", [_BEGIN + "<layer x>" * 11 + _END, _BEGIN + "<body></body>" * 6 + _END])
def test_more_parts_than_a_model_has(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ir_file, "_MOST_PARTS", 10)
    with pytest.raises(ModelBroken, match=r"m\.xml is damaged"):
        read_ir(graph(tmp_path, text))


def test_entities_are_not_unfolded(tmp_path: Path) -> None:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 30))
    text = _BEGIN + _INFO + '<a value="&a29;"/>' + _INFO_END + f'<!DOCTYPE net [<!ENTITY a0 "ha">{laughs}]></net>'
    with within(_SECONDS), pytest.raises(ModelBroken, match="declares a document type"):
        read_ir(graph(tmp_path, text))


def test_a_detokenizer_that_would_fill_the_memory_as_a_tree(llama: Path) -> None:
    xml = llama / "openvino_detokenizer.xml"
    detokenizer = read_ir(xml)
    assert vocabulary_rows(detokenizer)
    whole = xml.read_text()
    replace(xml, "</net>", "<a>" * 2_000_000 + "</net>")
    with within(_SECONDS), pytest.raises(ModelBroken, match="cannot be read: it has more than 4 MiB"):
        vocabulary_rows(detokenizer)
    xml.write_text(whole.replace("<dim>", "<dim>x"))
    with pytest.raises(ModelBroken, match="is damaged"):
        vocabulary_rows(detokenizer)
