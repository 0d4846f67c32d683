"""`ovchat models convert`: a model from Hugging Face's format, or an IR of too many bits, into one to chat with."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

import click

from tui.cli import console, log
from tui.cli.failures import INTERRUPTED
from tui.cli.interrupt import interrupting
from tui.cli.loading import SLOW_SECONDS, read_settings, saying_after
from tui.cli.options import debug_option, json_option
from tui.cli.progress_line import ProgressLine
from tui.cli.question import agreed
from tui.cli.utf8 import require_utf8
from tui.engine.errors import Cancelled
from tui.library.amounts import count_text, size_text
from tui.library.conversion.begun import discard_begun
from tui.library.conversion.environment import Environment
from tui.library.conversion.need import FETCHED, INSTALLED
from tui.library.conversion.presets import FORMATS, PRESETS, Weights
from tui.library.conversion.tokenizer import convert_tokenizer, plan_tokenizer
from tui.library.conversion.work import Plan, convert, plan_conversion
from tui.library.find import find_model, find_models, name_of
from tui.library.findings import Examination
from tui.store import paths

_PRESETS = "\n\n".join(f"{name}: {preset.good_for}." for name, preset in PRESETS.items())
_NOTHING_DONE = "Nothing is done."


@click.command("convert", epilog=f"Presets:\n\n{_PRESETS}\n\nWithout one: int4, or int8 below 1 billion weights.")
@click.argument("source", metavar="SOURCE")
@click.option("--preset", type=click.Choice(list(PRESETS)), help="How to store the weights.")
@click.option("--weight-format", type=click.Choice(FORMATS), help="Instead of a preset.")
@click.option("--group-size", type=int, metavar="N", help="Weights that share a scale; -1 for a whole row.")
@click.option("--sym", is_flag=True, help="Without zero points.")
@click.option("--ratio", type=float, metavar="R", help="Share of the layers with four bits; the others get eight.")
@click.option("--awq", is_flag=True, help="Lose less with four bits; takes longer.")
@click.option("--name", metavar="NAME", help="What to call the model.")
@click.option("--tokenizer-only", is_flag=True, help="SOURCE is a model that is here: give it its missing tokenizer.")
@click.option("--python", metavar="PATH", help="Run in an environment of yours, which has optimum-intel and nncf.")
@click.option("--trust-remote-code", is_flag=True, help="Run Python code that comes with the model.")
@click.option("--discard", is_flag=True, help="Delete what an unfinished conversion of OWNER/NAME has fetched.")
@click.option("-y", "--yes", is_flag=True, help="Do not ask.")
@json_option
@debug_option
def command(source: str, as_json: bool, debug: bool, tokenizer_only: bool, **given: Any) -> None:
    """Convert a model to OpenVINO's format, or to fewer bits.

    SOURCE is a folder as Hugging Face has it, OWNER/NAME on the hub, or an IR in fp16 that is to have fewer bits. The
    tools are installed on first use, into an environment of their own. Ctrl+C ends it and leaves nothing behind. If it
    fails, what was fetched from the hub is kept, and the same command goes on with it.
    """
    log.begin(debug)
    require_utf8("SOURCE", source)
    if given["discard"]:
        console.aside(f"What was fetched of {discard_begun(source, paths.models_dir())} is deleted.")
        return
    weights = _weights(given)
    if given["python"] == "":  # of a variable that is not set: that asks for no environment of gigabytes
        raise click.UsageError("--python is empty. Give a Python interpreter, or leave it out.")
    python = Path(given["python"]).expanduser() if given["python"] else None
    if given["trust_remote_code"]:
        console.note("Code that comes with the model will run on this machine, with all that you may do.")
    try:
        with _stopping() as stop:
            if tokenizer_only:
                if weights or given["name"]:
                    raise click.UsageError("--tokenizer-only changes neither the weights nor the name.")
                done = _tokenizer(source, python, given, stop)
            else:
                done = _convert(source, weights, python, given, stop)
    except Cancelled:
        console.aside("Stopped. Nothing of it stays.")
        raise click.exceptions.Exit(INTERRUPTED) from None
    if done is not None:
        _say_result(done, as_json)


def _weights(given: dict[str, Any]) -> Weights | None:
    """What the options ask for; None where they do not say."""
    extras = {"group_size": given["group_size"], "symmetric": given["sym"], "awq": given["awq"]}
    asked = any((given["group_size"] is not None, given["sym"], given["awq"], given["ratio"] is not None))
    if given["preset"] and (given["weight_format"] or asked):
        raise click.UsageError("A preset says it all; give --preset, or --weight-format and what belongs to it.")
    if given["preset"]:
        return PRESETS[given["preset"]].weights
    if not given["weight_format"]:
        if asked:
            raise click.UsageError("Give a --weight-format, too.")
        return None
    if given["weight_format"] == "int4" and given["group_size"] is None:
        extras["group_size"] = PRESETS["int4"].weights.group_size
    return Weights(given["weight_format"], **extras, ratio=1.0 if given["ratio"] is None else given["ratio"])


@contextmanager
def _stopping() -> Iterator[threading.Event]:
    """An event that Ctrl+C sets, and so do a hangup and `kill`: the tools do not outlive us."""
    stop = threading.Event()

    def end(_: int, __: FrameType | None) -> None:
        stop.set()

    numbers = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # One that is ignored stays so: `nohup` does that.
    before = {each: signal.signal(each, end) for each in numbers if signal.getsignal(each) is not signal.SIG_IGN}
    try:
        with interrupting(stop.set):
            yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _convert(
    source: str, weights: Weights | None, python: Path | None, given: dict[str, Any], stop: threading.Event
) -> Examination | None:
    with saying_after(SLOW_SECONDS, "Looking ..."):
        plan = plan_conversion(
            source,
            stop,
            weights=weights,
            name=given["name"] or "",
            python=python,
            trust=given["trust_remote_code"],
        )
    _say_plan(plan)
    question = ""
    if plan.memory_is_short:
        question = "It will probably run out of memory. Convert all the same?"
    elif plan.installs:
        question = "Install the tools and convert?"
    if question and not agreed(question, given["yes"], "converts", otherwise=_NOTHING_DONE):
        return None
    settings = read_settings()
    with ProgressLine() as line:
        return convert(plan, settings, line.report, stop)


def _say_plan(plan: Plan) -> None:
    source, need = plan.source, plan.need
    many = f", {count_text(source.stored.parameters)} weights" if source.stored.parameters else ""
    console.aside(
        f"{source.name}: {source.model_type or 'unknown architecture'}{many}, {size_text(source.stored.size)}"
    )
    console.aside(f"becomes {plan.name}: {plan.weights.text}, about {size_text(need.result)}")
    fetched = f", {size_text(source.fetched)} of it from the hub" if source.fetched else ""
    console.aside(f"disk:    about {size_text(need.disk)} while it runs{fetched}; {size_text(plan.free_disk)} are free")
    console.aside(f"memory:  about {size_text(need.memory)}; {size_text(plan.free_memory)} are free")
    _say_environment(plan.environment)
    for notice in plan.notices:
        console.note(notice)


def _say_environment(environment: Environment) -> None:
    if environment.is_ready:
        return
    tools = ", ".join(f"{name} {release}" for name, release in environment.pins.versions.items())
    console.aside(f"tools:   {tools}; not here yet")
    console.aside(
        f"         They are installed into {environment.folder}: about {size_text(FETCHED)} to fetch, "
        f"{size_text(INSTALLED)} on the disk."
    )


def _tokenizer(source: str, python: Path | None, given: dict[str, Any], stop: threading.Event) -> Examination | None:
    folder = find_model(source)
    environment, notices = plan_tokenizer(folder, stop, python)
    _say_environment(environment)
    for notice in notices:
        console.note(notice)
    if not environment.is_ready and not agreed(
        "Install the tools and convert?", given["yes"], "converts", otherwise=_NOTHING_DONE
    ):
        return None
    settings = read_settings()
    with ProgressLine() as line:
        return convert_tokenizer(folder, environment, settings, line.report, stop, trust=given["trust_remote_code"])


def _say_result(done: Examination, as_json: bool) -> None:
    name = name_of(done.path)
    if as_json:
        findings = [
            {"code": each.code, "severity": str(each.severity), "sentence": each.sentence} for each in done.findings
        ]
        console.write_json({"name": name, "path": str(done.path), "findings": findings})
        return
    for finding in done.findings:
        console.note(f"{finding.sentence} {finding.fix}".rstrip())
    console.write(f"{name} is here: {done.path}\n")
    console.aside(f"Chat with it: ovchat -m {shlex.quote(_asked_by(name, done.path))}")


def _asked_by(name: str, folder: Path) -> str:
    """What leads to a model from everywhere: its name, or its folder where that is not on the list by this name."""
    return name if any(each.name == name and each.path.samefile(folder) for each in find_models()) else str(folder)
