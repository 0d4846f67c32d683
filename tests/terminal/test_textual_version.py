"""The private parts of Textual that are used are those of the version that is installed."""

from __future__ import annotations

import ast
import importlib
import inspect
import os
import re
import sys
from collections.abc import Mapping
from functools import cache
from importlib.metadata import version
from pathlib import Path

import pytest
from rich.console import Console
from textual._compositor import ChopsUpdate, Compositor, LayoutUpdate
from textual.app import App
from textual.command import CommandPalette
from textual.screen import Screen
from textual.strip import Strip
from textual.widget import Widget
from textual.widgets import TextArea
from textual.widgets.text_area import WrappedDocument

KNOWN = "8.2.8"
SOURCES = Path(__file__).parents[2] / "tui"
# What is private in Textual and used: where, and of which class. What we override is among it.
PRIVATE: dict[str, list[tuple[type, str]]] = {
    "terminal/display.py": [
        (App, "_batch_count _clipboard _closed _display _driver _exit _running _sync_available"),
        (Console, "_color_system"),
    ],
    "terminal/title.py": [(App, "_driver")],
    "terminal/ending.py": [(App, "_driver _exit _handle_exception")],
    "screens/keymap.py": [(App, "_keymap")],
    "screens/modal.py": [(Screen, "_compositor_refresh _dirty_widgets _refresh_layout _repaint_required")],
    "screens/palette.py": [(CommandPalette, "_action_command_list")],
    "widgets/block_view.py": [(Widget, "_repaint_regions _size_updated")],
    "widgets/following_scroll.py": [(Widget, "_scroll_update _vertical_scrollbar"), (App, "_start_widget")],
    "widgets/message_box.py": [(Widget, "_styles_cache")],
    "widgets/prompt.py": [
        (TextArea, "_delete_cursor_line _delete_via_keyboard _replace_via_keyboard _validate_selection")
    ],
    "widgets/prompt_area.py": [
        (TextArea, "_cursor_offset _draw_cursor _render_line _rewrap_and_refresh_virtual_size _set_document _theme"),
        (TextArea, "_container_size _set_dirty _size _size_updated _watch_selection"),
        (WrappedDocument, "_line_index_to_offsets _offset_to_line_info _tab_width _width"),
    ],
}
IMPORTED = {
    "terminal/display.py": {"textual._compositor"},
    "terminal/frame.py": {"textual._compositor"},
    "terminal/key_names.py": {"textual._keyboard_protocol", "textual.keys._character_to_key"},
    "terminal/keys.py": {"textual._ansi_sequences", "textual._keyboard_protocol"},
    "terminal/parser.py": {"textual._xterm_parser"},
}
OF_THE_DRIVER = (
    "_auto_restart _disable_mouse_support _enable_mouse_pixels _enable_mouse_support _file _key_thread _loop _mouse"
    " _mouse_pixels _sigcont_application _sigtstp_application"
)


def test_it_is_the_version_that_the_output_was_written_for() -> None:
    assert version("textual") == KNOWN, (
        f"Textual {version('textual')} is not {KNOWN}. Private names of it are used, as PRIVATE and IMPORTED say: read"
        " what changed in them, in Compositor.render_update and in LinuxDriver, run tests/terminal, then change KNOWN."
    )


@cache
def of_objects(module: str) -> Mapping[str, set[str]]:
    """By class of a module, the private names that its objects have or are asked for."""
    source = inspect.getsource(sys.modules[module])
    _, *parts = re.split(r"^class (\w+)", source, flags=re.MULTILINE)
    return {name: {*re.findall(r"\bself\.(_\w+)", text)} for name, text in zip(parts[::2], parts[1::2], strict=True)}


def has(kind: type, name: str) -> bool:
    """Whether a class itself has it, or gives it to its objects."""
    return name in vars(kind) or name in of_objects(kind.__module__).get(kind.__name__, ())


def is_of(kind: type, name: str) -> bool:
    """Whether a class has it, or its objects have."""
    return any(has(each, name) for each in kind.__mro__[:-1])


@pytest.mark.parametrize("module", PRIVATE)
def test_every_private_name_is_there_and_used(module: str) -> None:
    source = (SOURCES / module).read_text("utf-8")
    for kind, names in PRIVATE[module]:
        for name in names.split():
            assert is_of(kind, name), f"{kind.__name__}.{name}, for {module}"
            assert re.search(rf"\b{name}\b", source), f"{name} is not used in {module}"


def names_of_self(node: ast.ClassDef) -> set[str]:
    """The private names that a class reads of itself, sets, or gives a method."""
    used = {
        each.attr
        for each in ast.walk(node)
        if isinstance(each, ast.Attribute) and ast.unparse(each.value) in ("self", "super()")
    }
    made = {each.name for each in node.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)}
    return {name for name in used | made if name.startswith("_") and not name.startswith("__")}


@pytest.mark.skipif(os.name != "posix", reason="Windows has another driver")
def test_no_other_class_uses_what_is_private_or_has_something_of_that_name() -> None:
    listed = {(module, name) for module, known in PRIVATE.items() for _, names in known for name in names.split()}
    listed |= {("terminal/driver.py", name) for name in OF_THE_DRIVER.split()}
    found: set[tuple[str, str]] = set()
    for path in SOURCES.rglob("*.py"):
        source = path.read_text("utf-8")
        if not re.search(r"^from textual\b", source, re.MULTILINE):
            continue
        place = path.relative_to(SOURCES)
        module = importlib.import_module(".".join(("tui", *place.with_suffix("").parts)))
        for node in ast.parse(source).body:
            if isinstance(node, ast.ClassDef):
                theirs = [
                    each
                    for each in getattr(module, node.name).__mro__
                    if each.__module__.startswith(("textual.", "rich."))
                ]
                found |= {
                    (place.as_posix(), name) for name in names_of_self(node) if any(has(each, name) for each in theirs)
                }
    assert found <= listed


def test_no_other_module_imports_what_is_private() -> None:
    found: dict[str, set[str]] = {}
    for path in SOURCES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "textual":
                for each in node.names:
                    name = f"{node.module}.{each.name}"
                    if private := re.match(r"textual(?:\.\w+)*?\._\w+", name):
                        found.setdefault(path.relative_to(SOURCES).as_posix(), set()).add(private[0])
    assert found == IMPORTED


def test_a_frame_is_displayed_in_one_place_with_what_is_taken_from_it() -> None:
    assert list(inspect.signature(App._display).parameters) == ["self", "screen", "renderable"]
    assert list(inspect.signature(LayoutUpdate).parameters) == ["strips", "region"]
    assert list(inspect.signature(ChopsUpdate).parameters) == ["chops", "spans", "chop_ends"]
    assert list(inspect.signature(Strip.render_ansi).parameters) == ["style", "color_system"]
    assert "screen_region = self.size.region" in inspect.getsource(Compositor.render_full_update)


@pytest.mark.skipif(os.name != "posix", reason="Windows has another driver")
def test_the_driver_writes_and_gives_the_terminal_back_where_it_is_overridden() -> None:
    from textual.drivers.linux_driver import LinuxDriver

    for name in OF_THE_DRIVER.split():
        assert is_of(LinuxDriver, name), name
    for name in ("write", "start_application_mode", "stop_application_mode", "suspend_application_mode", "close"):
        assert callable(getattr(LinuxDriver, name))
    assert "self.disable_input()" in inspect.getsource(LinuxDriver.stop_application_mode)
    assert "signal.signal(signal.SIGTSTP, self._sigtstp_application)" in inspect.getsource(LinuxDriver.__init__)
    assert "signal.signal(signal.SIGCONT, self._sigcont_application)" in inspect.getsource(LinuxDriver.__init__)
