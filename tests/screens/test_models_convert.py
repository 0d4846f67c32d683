"""A conversion from the models' panel: it begins with the marked model, and may be its tokenizer alone."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path

import pytest

from tests.library.conversion import fake_tool
from tests.screens.managed_models import managed
from tests.waiting import wait_until_async
from tui.library.conversion.environment import Environment
from tui.library.conversion.pins import pins_for
from tui.library.conversion.tokenizer import convert_tokenizer, plan_tokenizer
from tui.library.long_work import tokenizer
from tui.screens.convert import ConvertScreen
from tui.screens.dialogs import OptionsDialog
from tui.screens.models import ModelsScreen
from tui.store import paths

__all__ = ["managed"]


@pytest.fixture
def bare(managed, tiny_model, tmp_path, monkeypatch) -> Path:
    """A model of eight bits without a tokenizer; the tools that would make it are here."""
    folder = shutil.copytree(tiny_model("llama-int8"), paths.models_dir() / "bare")
    for file in folder.glob("openvino_*tokenizer.*"):
        file.unlink()
    monkeypatch.setenv("FAKE_MODEL", str(tiny_model("llama-int8")))
    monkeypatch.setenv("FAKE_PIDS", str(tmp_path / "pids"))
    tools = Environment(pins_for("llama"), None, fake_tool.make(tmp_path / "python"))
    monkeypatch.setattr("tui.library.conversion.plan.environment", lambda pins: tools)
    return folder


async def to_form(it) -> None:
    await it.asks("alt+c", ConvertScreen)
    await wait_until_async(lambda: "looking" not in it.words)


async def test_a_model_without_a_tokenizer_gets_it_by_a_key(managed, bare):
    async with managed() as it:
        await it.mark("bare")
        await it.sees("Here: Alt+C")
        await to_form(it)
        await it.sees("Source bare Weights tokenizer")
        await it.sees("Gets bare: its tokenizer in OpenVINO's format")
        await it.press(*["down"] * 4, "enter")
        await wait_until_async(lambda: isinstance(it.app.screen, ModelsScreen))
        await it.sees("bare is here: Enter uses it.")
        row = next(row for row in it.app.panel.rows.items if row.name == "bare")
        assert row.model.problem is None


async def test_it_may_be_hidden_by_the_filter_meanwhile(managed, bare, monkeypatch):
    go = threading.Event()

    def convert_late(*given):
        go.wait(20)
        return convert_tokenizer(*given)

    monkeypatch.setattr("tui.library.conversion.tokenizer.convert_tokenizer", convert_late)
    async with managed() as it:
        await it.mark("bare")
        await to_form(it)
        await it.sees("Gets bare")
        await it.press(*["down"] * 4, "enter")
        await wait_until_async(lambda: isinstance(it.app.screen, ModelsScreen))
        await it.press(*"two")
        go.set()
        await it.sees("bare is here: Esc shows it, the filter does not.")
        assert it.marked == "two"


@pytest.mark.parametrize(
    ("where", "told"), [("elsewhere", "bare is here: {path}."), ("link", "bare is here: Enter uses")]
)
async def test_it_may_be_a_folder_that_is_not_on_the_list_or_is_called_otherwise(managed, bare, tmp_path, where, told):
    path = tmp_path / where / "bare"
    if where == "link":
        path.parent.symlink_to(bare.parent)
    else:
        shutil.copytree(bare, path)
    async with managed() as it:
        plan = plan_tokenizer(path, threading.Event())
        it.services.jobs.begin(tokenizer(plan, it.services.settings))
        await it.sees(told.format(path=path))


async def test_what_it_is_called_is_not_changed_with_it(managed, bare):
    async with managed() as it:
        await it.mark("bare")
        await to_form(it)
        await it.press("down", "down", "enter")
        await it.sees("A model that gets its tokenizer keeps its name.")


async def test_without_the_files_of_a_tokenizer_it_says_which_are_needed(managed, bare):
    for file in bare.glob("tokenizer*"):
        file.unlink()
    async with managed() as it:
        await it.mark("bare")
        await to_form(it)
        await it.sees("has no tokenizer that could be converted: no tokenizer.json.")


async def test_one_of_few_bits_is_told_that_its_tokenizer_can_be_made(managed, bare):
    async with managed() as it:
        await it.mark("bare")
        await to_form(it)
        await it.press("down", "enter")
        await wait_until_async(lambda: isinstance(it.app.screen, OptionsDialog))
        await it.press("1")
        await it.sees("bare is int8 already: what was rounded is not rounded again.")
        await it.sees("Or give it its tokenizer alone.")


@pytest.mark.parametrize(("marked", "source"), [("two", "two"), ("starter", "none yet")])
async def test_the_form_begins_with_what_can_get_fewer_bits(managed, bare, marked, source):
    async with managed() as it:
        await it.mark(marked)
        await to_form(it)
        await it.sees(f"Source {source} ")
