"""The private parts of Textual that are used are those of the version that is installed."""

from __future__ import annotations

import inspect
import os
from importlib.metadata import version

import pytest
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.strip import Strip

KNOWN = "8.2.8"


def test_it_is_the_version_that_the_output_was_written_for() -> None:
    assert version("textual") == KNOWN, (
        f"Textual {version('textual')} is not {KNOWN}. tui/terminal uses private names of it: read what changed in"
        " App._display, Compositor.render_update, LayoutUpdate, ChopsUpdate, LinuxDriver and XTermParser, run"
        " tests/terminal, then change KNOWN."
    )


def test_a_frame_is_displayed_in_one_place_with_what_is_taken_from_it() -> None:
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert list(inspect.signature(LayoutUpdate).parameters) == ["strips", "region"]
    assert list(inspect.signature(ChopsUpdate).parameters) == ["chops", "spans", "chop_ends"]
    assert list(inspect.signature(Strip.render_ansi).parameters) == ["style", "color_system"]
    assert "screen_region = self.size.region" in inspect.getsource(Compositor.render_full_update)
    assert {"_batch_count", "_running", "_closed", "_sync_available", "_clipboard", "_exit"} <= App().__dict__.keys()


@pytest.mark.skipif(os.name != "posix", reason="Windows has another driver")
def test_the_driver_writes_and_gives_the_terminal_back_where_it_is_overridden() -> None:
    from textual.drivers.linux_driver import LinuxDriver

    for name in ("write", "start_application_mode", "stop_application_mode", "suspend_application_mode", "close"):
        assert callable(getattr(LinuxDriver, name))
    assert "self.disable_input()" in inspect.getsource(LinuxDriver.stop_application_mode)
    assert "signal.signal(signal.SIGTSTP, self._sigtstp_application)" in inspect.getsource(LinuxDriver.__init__)
    assert "signal.signal(signal.SIGCONT, self._sigcont_application)" in inspect.getsource(LinuxDriver.__init__)
