"""The doctor from the models' panel: with the options of the model, and what a deep check has found stays."""

from __future__ import annotations

import pytest

from tests.screens.managed_models import managed
from tests.screens.test_doctor import Deep
from tests.waiting import wait_until_async
from tui.engine.options import EngineOptions
from tui.screens.doctor import DoctorScreen
from tui.screens.models import ModelsScreen
from tui.store.state import State

__all__ = ["managed"]


@pytest.fixture
def deep(monkeypatch) -> Deep:
    deep = Deep()
    monkeypatch.setattr("tui.library.deep_check.examine_deeply", deep)
    return deep


async def test_a_model_is_checked_as_it_was_given_to_be_compiled(managed, deep):
    deep.go.set()
    State().give_options("two", {"context": "256"})
    async with managed() as it:
        assert [row.need.context == 256 for row in it.app.panel.rows.items if row.need] == [False, False, True]
        await it.mark("two")
        await it.asks("alt+h", DoctorScreen)
        await it.sees("D also computes with it")
        await it.press("d")
        await it.sees("(tokens-differ)")
        assert deep.options == [EngineOptions(context=256)]


async def test_what_a_deep_check_found_is_there_though_the_filter_hid_the_model(managed, deep):
    async with managed() as it:
        await it.mark("two")
        await it.asks("alt+h", DoctorScreen)
        await it.sees("D also computes with it")
        await it.press("d", "escape")
        await wait_until_async(lambda: isinstance(it.app.screen, ModelsScreen))
        await it.press(*"one")
        assert it.names == ["one"]
        deep.go.set()
        (job,) = it.services.jobs.all
        await wait_until_async(lambda: it.app.panel._deep)
        assert job.result is not None
        await it.press("escape")
        await it.mark("two")
        await it.asks("alt+h", DoctorScreen)
        await it.sees("(tokens-differ)")
        assert "D also computes with it" not in it.words
