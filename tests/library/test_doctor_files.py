"""Files that are only pointers, parts, locks, links to nowhere, or not ours to read."""

from __future__ import annotations

import os
import shlex
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.library.patients import LFS_POINTER, codes, look, only
from tui.library.findings import Severity

TinyModel = Callable[[str], Path]
NOBODY = 65534


def test_a_pointer_that_loading_does_not_read_is_a_warning(healthy: Path) -> None:
    (healthy / "tokenizer.json").write_text(LFS_POINTER)
    assert (only(healthy).code, only(healthy).severity) == ("lfs-pointer", Severity.WARNING)
    assert only(healthy).fix == "Get the model again."


@pytest.mark.parametrize("above", [False, True])
def test_the_file_of_a_pointer_in_a_clone_is_fetched_by_git(above: bool, healthy: Path) -> None:
    (healthy / "tokenizer.json").write_text(LFS_POINTER)
    ((healthy.parent if above else healthy) / ".git").mkdir()
    assert only(healthy).fix == f"Fetch the file: git -C {healthy} lfs pull"


@pytest.mark.parametrize("name", ["openvino_model.bin.incomplete", "weights.partial", "m.aria2", "m.crdownload"])
def test_a_download_that_was_not_finished(name: str, healthy: Path) -> None:
    (healthy / name).write_bytes(b"x" * 2000)
    assert only(healthy).code == "download-unfinished"
    assert f"{healthy / name} (2.0 kB)" in only(healthy).sentence
    assert f"rm {healthy}/*{Path(name).suffix}" in only(healthy).fix


def test_a_download_that_ends_while_it_is_looked_at(healthy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    part = healthy / "openvino_model.bin.incomplete"
    part.write_bytes(b"x" * 2000)
    lstat = os.lstat

    def renamed_before(path: os.PathLike[str]) -> os.stat_result:
        if os.fspath(path) == str(part):
            part.unlink(missing_ok=True)
        return lstat(path)

    monkeypatch.setattr(os, "lstat", renamed_before)
    assert only(healthy).code == "download-unfinished"


def test_what_huggingface_left_beside_a_model(healthy: Path) -> None:
    kept = healthy / ".cache" / "huggingface" / "download"
    kept.mkdir(parents=True)
    (kept / "config.json.metadata").write_text("abc")
    assert codes(healthy) == []
    (kept / "openvino_model.bin.lock").touch()
    assert (only(healthy).code, only(healthy).severity) == ("lock-left", Severity.NOTE)
    (kept / "W1bq.8d2f.incomplete").write_bytes(b"x")
    assert codes(healthy) == ["download-unfinished", "lock-left"]


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_download_that_was_not_finished_in_huggingfaces_cache(healthy: Path, tmp_path: Path) -> None:
    repository = tmp_path / "hub" / "models--org--name"
    blobs, snapshot = repository / "blobs", repository / "snapshots" / "0a1b"
    shutil.copytree(healthy, blobs)
    snapshot.mkdir(parents=True)
    for file in blobs.iterdir():
        (snapshot / file.name).symlink_to(file)
    assert codes(snapshot) == []
    (blobs / "4d7a.incomplete").write_bytes(b"x")
    assert codes(snapshot) == ["download-unfinished"]
    (blobs / "tokenizer.json").unlink()
    assert codes(snapshot) == ["link-broken", "download-unfinished"]


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """A folder that every user may look into, which those of pytest are not."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        yield Path(folder)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Without the rights of root, who may read everything."""
    if sys.platform == "win32":
        pytest.skip("permissions are others there")
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)


@pytest.mark.parametrize(
    ("name", "severity"),
    [
        ("openvino_model.bin", Severity.ERROR),
        ("config.json", Severity.ERROR),
        ("chat_template.jinja", Severity.ERROR),
        ("tokenizer.json", Severity.WARNING),
    ],
)
def test_a_file_that_may_not_be_read(name: str, severity: Severity, tiny_model: TinyModel, open_folder: Path) -> None:
    model = shutil.copytree(tiny_model("llama-int8"), open_folder / "m")
    (model / name).chmod(0)
    with as_nobody():
        finding = only(model)
    assert (finding.code, finding.severity) == ("unreadable", severity)
    assert finding.sentence == f"{model / name} cannot be read: Permission denied."
    assert finding.fix == f"Allow it: chmod -R u+rX {model / name}"


def test_names_with_quotes_are_commands_all_the_same(tiny_model: TinyModel, open_folder: Path) -> None:
    model = shutil.copytree(tiny_model("llama-int8"), open_folder / "it's; a model")
    (model / "m.lock").touch()
    (model / "config.json").chmod(0)
    with as_nobody():
        fixes = " ".join(finding.fix for finding in look(model).findings)
    quoted = shlex.quote(str(model))
    assert f"chmod -R u+rX {shlex.quote(str(model / 'config.json'))}" in fixes
    assert f"rm {quoted}/*.lock" in fixes


def test_a_folder_that_may_not_be_read(open_folder: Path) -> None:
    (open_folder / "m").mkdir(mode=0)
    with as_nobody():
        assert only(open_folder / "m").code == "unreadable"


def test_a_graph_of_gigabytes_is_said_beside_what_else_is_wrong(healthy: Path) -> None:
    with open(healthy / "openvino_model.xml", "r+b") as file:
        file.truncate(1 << 30)  # takes nothing of the disk
    (healthy / "chat_template.jinja").write_text("{% for %}")
    found = look(healthy).findings
    assert [each.code for each in found] == ["unreadable", "template-broken"]
    assert "openvino_model.xml cannot be read: it has more than 256 MiB" in found[0].sentence


def test_a_detokenizer_that_is_no_xml_is_a_finding(healthy: Path) -> None:
    xml = healthy / "openvino_detokenizer.xml"
    xml.write_text(xml.read_text().replace("</layers>", "</layers><a>", 1))
    assert (only(healthy).code, only(healthy).severity) == ("detokenizer-unreadable", Severity.ERROR)
    assert f"{xml} is damaged: mismatched tag" in only(healthy).sentence
