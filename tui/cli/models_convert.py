"""`ovchat models convert`: a model from Hugging Face's format, or an IR of too many bits, into one to chat with."""

from __future__ import annotations

import shlex
import signal
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import Any

import click

from tui.chat.conversion_texts import Facts, plan_facts, tokenizer_facts
from tui.cli import console, log
from tui.cli.failures import with_options
from tui.cli.interrupt import interrupting
from tui.cli.loading import SLOW_SECONDS, read_settings, saying_after
from tui.cli.options import debug_option, json_option
from tui.cli.progress_line import ProgressLine
from tui.cli.question import agreed
from tui.cli.utf8 import require_utf8
from tui.engine.errors import Cancelled
from tui.library.amounts import size_text
from tui.library.conversion.begun import discard_begun
from tui.library.conversion.failures import ConversionFailed, Remedy
from tui.library.conversion.plan import plan_conversion
from tui.library.conversion.presets import FORMATS, PRESETS, Weights
from tui.library.conversion.tokenizer import convert_tokenizer, plan_tokenizer
from tui.library.conversion.work import convert
from tui.library.find import find_model, find_models, name_of
from tui.library.findings import Examination
from tui.store import paths

_PRESETS = "\n\n".join(f"{name}: {preset.good_for}." for name, preset in PRESETS.items())
_NOTHING_DONE = "Nothing is done."
_OPTIONS = {
    Remedy.NAME: "--name NAME",
    Remedy.WEIGHTS: "--preset int8",
    Remedy.CODE: "--trust-remote-code",
    Remedy.OWN_TOOLS: "leave out --python",
    Remedy.TOKENIZER: "--tokenizer-only",
    Remedy.GIVING_UP: "--discard to give it up",
}


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

    SOURCE is a folder as Hugging Face has it, OWNER/NAME on the hub, or an IR in fp16 that is to have fewer bits. A
    folder that is called as a model here is ./NAME. The tools are installed on first use, into an environment of their
    own. Ctrl+C ends it and leaves nothing behind. If it fails, or the terminal is lost, what was fetched from the hub
    is kept, and the same command goes on with it.
    """
    log.begin(debug)
    require_utf8("SOURCE", source)
    if given["discard"]:
        _discard(source, as_json)
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
        stays = ""
        if stop.kept is not None:
            stays = f"What was fetched ({size_text(stop.kept)}) is kept." if stop.kept else "Nothing of it stays."
        console.aside(f"Stopped. {stays}".rstrip())
        raise click.exceptions.Exit(128 + stop.number) from None
    except ConversionFailed as failed:
        raise ConversionFailed(failed.sentence, _advice(failed.next_step, failed.remedies)) from failed
    if done is not None:
        _say_result(done, as_json)


def _discard(asked: str, as_json: bool) -> None:
    name = discard_begun(asked, paths.models_dir())
    if as_json:
        console.write_json({"name": name, "deleted": True})
    else:
        console.aside(f"What was fetched of {name} is deleted.")


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


@dataclass(slots=True)
class _Stop:
    """What ends it.

    Attributes:
        event: Set when it is to end.
        number: The signal that set it; Ctrl+C gives up what was fetched, the others do not.
        is_asking: The user is being asked something.
        kept: Bytes that stay of what was fetched; None before there is anything that could stay.
    """

    event: threading.Event = field(default_factory=threading.Event)
    number: int = signal.SIGINT
    kept: int | None = None
    is_asking: bool = False

    def set(self, number: int = signal.SIGINT) -> None:
        """A signal has come; after a Ctrl+C it is given up, whatever follows."""
        if not self.event.is_set():
            self.number = number
        self.event.set()
        if self.is_asking:  # else the question would be read on
            raise Cancelled

    def agreed(self, question: str, yes: bool) -> bool:
        """Ask the user; a signal ends the question."""
        self.is_asking = True
        try:
            return agreed(question, yes, "converts", otherwise=_NOTHING_DONE)
        except Cancelled:
            console.aside("")
            raise
        finally:
            self.is_asking = False


@contextmanager
def _stopping() -> Iterator[_Stop]:
    """Ctrl+C sets its event, and so do a hangup and `kill`: the tools do not outlive us."""
    stop = _Stop()

    def end(number: int, _: FrameType | None) -> None:
        stop.set(number)

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
    source: str, weights: Weights | None, python: Path | None, given: dict[str, Any], stop: _Stop
) -> Examination | None:
    with saying_after(SLOW_SECONDS, "Looking ..."):
        plan = plan_conversion(
            source,
            stop.event,
            weights=weights,
            name=given["name"] or "",
            python=python,
            trust=given["trust_remote_code"],
        )
    _say(plan_facts(plan), (_advice(*each) for each in plan.notices))
    question = ""
    if plan.memory_is_short:
        question = "It will probably run out of memory. Convert all the same?"
    elif plan.installs:
        question = "Install the tools and convert?"
    if question and not stop.agreed(question, given["yes"]):
        return None
    settings = read_settings()
    try:
        with ProgressLine() as line:
            return convert(plan, settings, line.report, stop.event)
    except Cancelled:
        if plan.begun is not None and stop.number == signal.SIGINT:
            plan.begun.discard()
        stop.kept = plan.begun.size() if plan.begun is not None else 0
        raise


def _say(facts: Facts, notices: Iterable[str]) -> None:
    for label, text in facts:
        console.aside(f"{f'{label.lower()}:' if label else '':9}{text}")
    for notice in notices:
        console.note(notice)


def _advice(text: str, remedies: Iterable[Remedy]) -> str:
    return with_options(text, [_OPTIONS[each] for each in remedies])


def _tokenizer(source: str, python: Path | None, given: dict[str, Any], stop: _Stop) -> Examination | None:
    folder = find_model(source)
    plan = plan_tokenizer(folder, stop.event, python=python, trust=given["trust_remote_code"])
    _say(tokenizer_facts(plan), (_advice(*each) for each in plan.notices))
    if plan.installs and not stop.agreed("Install the tools and convert?", given["yes"]):
        return None
    settings = read_settings()
    with ProgressLine() as line:
        return convert_tokenizer(plan, settings, line.report, stop.event)


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
