"""Editing a text in the user's own editor. It blocks; it is called from the main thread, the terminal given up."""

from __future__ import annotations

import os
import shlex
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from textual.app import App, SuspendNotSupported

from tui.terminal.display import TerminalApp

_LOOK_S = 0.2  # whether the process is to end
_LEAVES_S = 2.0  # for an editor to give the terminal back


class EditorFailed(Exception):
    """The text could not be edited.

    Attributes:
        sentence: What is wrong.
        next_step: What to do about it.
    """

    def __init__(self, sentence: str, next_step: str) -> None:
        super().__init__(f"{sentence} {next_step}")
        self.sentence = sentence
        self.next_step = next_step


def editor_command(environment: Mapping[str, str] = os.environ) -> list[str]:
    """The editor in $VISUAL or else $EDITOR, with its arguments.

    Raises:
        EditorFailed: Neither is set, it cannot be read as a command, or there is no such program.
    """
    name = next((each for each in ("VISUAL", "EDITOR") if environment.get(each, "").strip()), None)
    if name is None:
        raise EditorFailed("No editor is set.", "Set VISUAL or EDITOR, for example: export EDITOR=nano")
    try:
        command = shlex.split(environment[name], posix=os.name == "posix")
    except ValueError as error:
        raise EditorFailed(f"{name} cannot be read as a command ({error}).", f"It is: {environment[name]}") from error
    if not command or shutil.which(command[0]) is None:
        program = command[0] if command else environment[name]
        raise EditorFailed(f"There is no program {program}.", f"Set {name} to an editor that is installed.")
    return command


def edit_in(app: App[Any], text: str, name: str = "prompt.md") -> str:
    """What `text` is after the user has edited it in $VISUAL or $EDITOR; the app is suspended meanwhile.

    Raises:
        EditorFailed: There is no editor, it failed, or the terminal cannot be lent to it.
    """
    command = editor_command()
    edited: str | EditorFailed
    try:
        with app.suspend():
            # An error must not leave this block: Textual would not take the terminal back.
            try:
                edited = edit_text(text, command, name, lambda: isinstance(app, TerminalApp) and app.is_ending)
            except EditorFailed as error:
                edited = error
    except SuspendNotSupported:
        edited = EditorFailed("This terminal cannot be lent to an editor.", "Write the message here.")
    if isinstance(edited, EditorFailed):
        raise edited
    return edited


def edit_text(
    text: str, command: list[str], name: str = "prompt.md", is_ending: Callable[[], bool] = lambda: False
) -> str:
    """What `text` is after the user has edited it with `command`, in a file that is called `name`.

    The file is readable by the user alone, in a folder of its own, for editors leave copies beside it. Where this
    process is to end, the editor is ended, and what it has saved counts.

    Raises:
        EditorFailed: The file could not be written or read, or the editor did not start or ended with an error.
    """
    try:
        with tempfile.TemporaryDirectory(prefix="ovchat-") as folder:
            path = Path(folder, name)
            path.touch(mode=0o600)
            path.write_bytes(text.encode("utf-8", "replace"))
            with _interrupts_ignored():
                # The terminal, which the descriptors 1 and 2 need not be: natively printed noise goes to the log.
                editor = subprocess.Popen([*command, str(path)], stdout=sys.__stdout__, stderr=sys.__stderr__)
                code = _ended(editor, is_ending)
            if code != 0 and not is_ending():
                how = f"ended with exit code {code}" if code > 0 else f"was ended by signal {-code}"
                raise EditorFailed(f"{command[0]} {how}.", "Nothing is changed.")
            edited = path.read_bytes().decode("utf-8-sig", "replace").replace("\r\n", "\n")
    except OSError as error:
        raise EditorFailed(f"The editor could not be used: {error}.", "Nothing is changed.") from error
    # Editors end the last line; a prompt has no reason to.
    return edited if text.endswith("\n") else edited.removesuffix("\n")


def _ended(editor: subprocess.Popen[bytes], is_ending: Callable[[], bool]) -> int:
    """Wait for the editor's end, and ask for it where this process is to end; its exit code."""
    while not is_ending():
        with suppress(subprocess.TimeoutExpired):
            return editor.wait(_LOOK_S)
    editor.terminate()
    try:
        return editor.wait(_LEAVES_S)
    except subprocess.TimeoutExpired:
        editor.kill()
        return editor.wait()


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Ctrl+C is the editor's; the terminal sends it to this process, too. Unlike SIG_IGN a handler is not inherited."""
    before = signal.signal(signal.SIGINT, lambda *_: None)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
