"""`ovchat models pull`: a model from the Hugging Face hub, and which ones are worth it on this machine."""

from __future__ import annotations

import threading
from dataclasses import asdict
from pathlib import Path

import click

from tui.cli import console, log
from tui.cli.failures import INTERRUPTED
from tui.cli.interrupt import interrupting
from tui.cli.loading import SLOW_SECONDS, saying_after
from tui.cli.options import debug_option, json_option
from tui.cli.progress_line import ProgressLine
from tui.engine.errors import Cancelled
from tui.engine.memory import available_bytes
from tui.library.amounts import size_text
from tui.library.catalogue import Recommended, catalogue
from tui.library.doctor import examine
from tui.library.find import find_models
from tui.library.findings import Severity
from tui.library.progress import Progress
from tui.library.pull import AlreadyHere, Offer, discard_partial, fetch, free_bytes, look_up
from tui.store import paths


@click.command("pull")
@click.argument("name", metavar="OWNER/NAME", required=False)
@click.option("--list", "only_list", is_flag=True, help="The recommended models that fit this machine.")
@click.option("--all", "everything", is_flag=True, help="With --list: those that do not fit, too.")
@click.option("--discard", is_flag=True, help="Delete what an unfinished pull has left.")
@json_option
@debug_option
def command(name: str | None, only_list: bool, everything: bool, discard: bool, as_json: bool, debug: bool) -> None:
    """Get a model from the Hugging Face hub.

    It is listed when it is whole. Ctrl+C pauses: the same command goes on where it was left, even after a crash.
    """
    log.begin(debug)
    if only_list == bool(name) or (everything and not only_list) or (discard and only_list):
        raise click.UsageError("Give a model, or --list: ovchat models pull OpenVINO/NAME")
    if only_list:
        _list(everything, as_json)
    elif discard:
        _discard(name or "", as_json)
    else:
        _pull(name or "", as_json)


def _pull(name: str, as_json: bool) -> None:
    stop = threading.Event()
    with interrupting(stop.set):
        try:
            with saying_after(SLOW_SECONDS, "Asking the hub ..."):
                offer = look_up(name, stop)
            _say(offer)
            folder = _fetch(offer, stop)
        except AlreadyHere as here:
            console.aside(f"{here.sentence} {here.next_step}")
            _print_result(here.model.name, here.model.path, "", as_json)
            return
        except Cancelled:
            raise click.exceptions.Exit(INTERRUPTED) from None
    _print_result(offer.repository.id, folder, offer.repository.commit, as_json)
    bad = [each for each in examine(folder).findings if each.severity is not Severity.NOTE]
    for finding in bad:
        console.note(f"{finding.sentence} {finding.fix}".rstrip())
    if not any(finding.severity is Severity.ERROR for finding in bad):
        console.aside(f"Chat with it: ovchat -m {offer.repository.id}")


def _say(offer: Offer) -> None:
    name, files = offer.repository.id, offer.repository.files
    if offer.changed:
        some = "1 file" if len(offer.changed) == 1 else f"{len(offer.changed)} files"
        console.note(f"{name} has changed on the hub since this pull was begun: {some} of it are fetched anew.")
    here = f", {size_text(offer.here)} of it here already" if offer.here else ""
    free = f"{size_text(offer.free)} are free on the disk."
    console.aside(f"{name}: {size_text(offer.size)} in {len(files)} files{here}; {free}")


def _fetch(offer: Offer, stop: threading.Event) -> Path:
    last = Progress("", offer.here)

    def report(progress: Progress) -> None:
        nonlocal last
        last = progress
        line.report(progress)

    try:
        with ProgressLine() as line:
            return fetch(offer, report, stop)
    except Cancelled:
        again = f"ovchat models pull {offer.repository.id}"
        console.aside(f"Paused: {size_text(last.done)} of {size_text(offer.size)} are here.")
        console.aside(f"Go on: {again}    Give it up: {again} --discard")
        raise


def _discard(asked: str, as_json: bool) -> None:
    name = discard_partial(asked)
    if as_json:
        console.write_json({"name": name, "deleted": True})
    else:
        console.aside(f"What was here of {name} is deleted.")


def _print_result(name: str, folder: Path, commit: str, as_json: bool) -> None:
    if as_json:
        result = {"name": name, "path": str(folder), "commit": commit or None}
        console.write_json(result)
    elif commit:
        console.write(f"{name} is here: {folder}\n")


def _list(everything: bool, as_json: bool) -> None:
    memory, disk = available_bytes(), free_bytes(paths.models_dir())
    here = {model.name for model in find_models()}
    models = [each for each in catalogue() if everything or each.fits(memory, disk)]
    if as_json:
        listed = [asdict(each) | {"fits": each.fits(memory, disk), "here": each.id in here} for each in models]
        found = {"models": listed, "approximate": True, "free_memory_bytes": memory, "free_disk_bytes": disk}
        console.write_json(found)
        return
    for each in models:
        console.write(_entry(each, each.id in here, each.fits(memory, disk)))
    console.aside("Sizes and memory (with a context of 8,192 tokens) are approximate.", dim=True)
    if left := len(catalogue()) - len(models):
        free = f"{size_text(memory)} of memory and {size_text(disk)} of disk are free"
        console.aside(f"{left} more do not fit: {free}. All: ovchat models pull --list --all")


def _entry(model: Recommended, is_here: bool, fits: bool) -> str:
    marks = " (here)" if is_here else "" if fits else " (too large now)"
    npu = f"    for an NPU: {model.npu}\n" if model.npu else ""
    # As the catalogue has them; amounts that were measured are rounded more.
    size, memory = (f"{each / 1e9:.1f} GB" for each in (model.size_bytes, model.memory_bytes))
    return f"{model.id}{marks}\n    {size} to pull, {memory} of memory, {model.licence}\n    {model.good_for}\n{npu}"
