"""A model without a tokenizer in OpenVINO's format gets one, or stays as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.waiting import wait_until
from tui.engine.errors import Cancelled, OvchatError
from tui.library.conversion.failures import ConversionFailed
from tui.library.conversion.tokenizer import convert_tokenizer, plan_tokenizer
from tui.library.doctor import examine
from tui.library.findings import Examination
from tui.store.files import locked_now
from tui.store.settings import load_settings

Complete = Callable[..., Examination]


@pytest.fixture
def bare(ir: Path) -> Path:
    """A model that has no tokenizer in OpenVINO's format."""
    for file in ir.glob("openvino_*tokenizer.*"):
        file.unlink()
    return ir


@pytest.fixture
def complete(bare: Path, python: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Complete:
    def complete(stop: threading.Event | None = None) -> Examination:
        stop = stop or threading.Event()
        monkeypatch.chdir(bare.parent)
        plan = plan_tokenizer(Path(bare.name), stop, python=python)
        assert (plan.name, plan.installs, plan.notices) == (bare.name, False, ())
        return convert_tokenizer(plan, load_settings(), lambda _: None, stop)

    return complete


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_it_is_converted_into_the_models_folder(bare: Path, complete: Complete) -> None:
    before = names(bare)
    assert "tokenizer-missing" in {finding.code for finding in examine(bare).findings}
    assert complete().is_usable
    made = {f"openvino_{half}.{end}" for half in ("tokenizer", "detokenizer") for end in ("xml", "bin")}
    assert names(bare) == before | made


@pytest.mark.parametrize("does", ["ValueError: Couldn't instantiate the backend tokenizer from one of", "killed"])
def test_one_that_fails_changes_nothing(
    bare: Path, complete: Complete, monkeypatch: pytest.MonkeyPatch, does: str
) -> None:
    before = names(bare)
    monkeypatch.setenv("FAKE_DOES", does)
    with pytest.raises(ConversionFailed):
        complete()
    assert names(bare) == before


def test_a_stop_changes_nothing(
    bare: Path, complete: Complete, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = names(bare)
    monkeypatch.setenv("FAKE_DOES", "hang")
    stop, ended = threading.Event(), threading.Event()

    def work() -> None:
        with pytest.raises(Cancelled):
            complete(stop)
        ended.set()

    threading.Thread(target=work).start()
    wait_until((tmp_path / "pids").exists)
    stop.set()
    wait_until(ended.is_set)
    assert names(bare) == before


def test_what_it_would_be_made_from_has_to_be_there(bare: Path, home: Path) -> None:
    for file in bare.glob("tokenizer*"):
        file.unlink()
    with pytest.raises(OvchatError, match=r"no tokenizer\.json"):
        plan_tokenizer(bare, threading.Event())


def test_what_one_that_was_killed_has_left_goes_with_the_next(bare: Path, complete: Complete, home: Path) -> None:
    (bare / ".tokenizer-abc" / "made").mkdir(parents=True)
    with locked_now(home / "convert" / "tokenizer"), pytest.raises(ConversionFailed, match="Another tokenizer"):
        complete()
    assert (bare / ".tokenizer-abc").exists()
    assert complete().is_usable
    assert not (bare / ".tokenizer-abc").exists()


def test_a_model_that_is_not_converted_is_refused_before_any_work(source: Path, home: Path) -> None:
    (source / "tokenizer.json").touch()
    with pytest.raises(OvchatError, match="is not converted to OpenVINO yet") as raised:
        plan_tokenizer(source, threading.Event())
    assert raised.value.next_step == f"Run: ovchat models convert {source}"
