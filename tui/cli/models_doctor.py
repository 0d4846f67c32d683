"""`ovchat models doctor`: what is wrong with a model, and what to do about it."""

from __future__ import annotations

import threading
from dataclasses import asdict
from typing import Any

import click

from tui.chat.choice import Choice, choose
from tui.chat.model_texts import findings_text, looked_at_text
from tui.cli import console, log
from tui.cli.failures import FAILED, INTERRUPTED
from tui.cli.interrupt import interrupting
from tui.cli.loading import read_settings
from tui.cli.options import ModelName, debug_option, device_option, engine_option, json_option
from tui.engine.errors import Cancelled
from tui.library.checks.device import examine_device
from tui.library.doctor import examine
from tui.library.findings import Examination, Finding, Severity
from tui.store.state import State

_COLOURS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "cyan"}
_WIDTH = max(map(len, Severity)) + 2


@click.command("doctor")
@click.argument("model", metavar="NAME|DIR", type=ModelName())
@click.option("--deep", is_flag=True, help="Also compile it, and compare its answer with the CPU's in f32.")
@device_option
@engine_option
@json_option
@debug_option
def command(model: str, deep: bool, device: str | None, options: tuple[str, ...], as_json: bool, debug: bool) -> None:
    """What is wrong with a model, and what to do about it.

    Looks at the files only, unless --deep; with -d also whether that device is here. Ends with 1 where the model cannot
    be used as it is.

    The word in brackets after a finding names it in every version: to search for, and for programs (--json).
    """
    log.begin(debug)
    settings, state = read_settings(), State()
    choice = choose(model, device, options, settings, state)
    found = examine(
        choice.folder, context=choice.options.context, kv_cache=choice.options.kv_cache, device=choice.device
    )
    if deep:
        found = _deeper(found, choice, state)
    elif device:
        found = examine_device(choice.folder, device).and_then(found)
    if as_json:
        console.write_json(_as_json(choice.title, found))
    else:
        _print(choice.title, found)
    if not found.is_usable:
        raise click.exceptions.Exit(FAILED)


def _deeper(found: Examination, choice: Choice, state: State) -> Examination:
    """What computing shows as well; a model that cannot be loaded is not tried."""
    if not found.is_usable:
        console.note("Nothing is computed with a model that has errors.")
        return found
    from tui.cli.progress_line import ProgressLine
    from tui.library.deep_check import examine_deeply

    stop = threading.Event()
    try:
        with interrupting(stop.set), ProgressLine() as line:
            deeper = examine_deeply(
                choice.folder, choice.device, choice.options, report=line.report, stop=stop, verdicts=state.verdicts
            )
    except Cancelled:
        raise click.exceptions.Exit(INTERRUPTED) from None
    return found.and_then(deeper)


def _as_json(name: str, found: Examination) -> dict[str, Any]:
    return {
        "model": name,
        "path": str(found.path),
        "findings": [asdict(finding) for finding in found.findings],
        "checked": list(found.checked),
        "seconds": round(found.seconds, 3),
    }


def _print(name: str, found: Examination) -> None:
    for finding in found.findings:
        _print_finding(finding)
    console.write(f"{name}: {findings_text(found) or 'nothing found'}. {looked_at_text(found)}\n")


def _print_finding(finding: Finding) -> None:
    console.write(f"{finding.severity:{_WIDTH}}", fg=_COLOURS[finding.severity], bold=True)
    console.write(f"{_one_line(finding.sentence)} ({finding.code})\n")
    if finding.fix:
        console.write(f"{'':{_WIDTH}}{_one_line(finding.fix)}\n")


def _one_line(text: str) -> str:
    """Text of others' making, a template's message say, must not look like another finding."""
    return " ".join(text.split())
