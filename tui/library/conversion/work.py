"""A model is converted: planned first, which writes nothing, then done.

The work goes on in a hidden folder of the models folder, and what comes out becomes a model by one rename, after the
doctor has looked at it. One conversion at a time: two would only fight for memory.
"""

from __future__ import annotations

import errno
import json
import os
import re
import shutil
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TextIO

from tui.engine.errors import Cancelled, OvchatError
from tui.engine.memory import available_bytes
from tui.engine.tokenizer_files import TOKENIZER_XML, is_convertible
from tui.library.amounts import size_text
from tui.library.conversion.begun import Asked, Begun, lock_of
from tui.library.conversion.environment import Environment, environment, install, of_user
from tui.library.conversion.failures import ConversionFailed, conversion_failure
from tui.library.conversion.heard import Hearing
from tui.library.conversion.need import Need, need_of
from tui.library.conversion.pins import pins_for
from tui.library.conversion.presets import PRESETS, Weights, default_preset
from tui.library.conversion.source import Source, find_source
from tui.library.conversion.tool import ALONE, Where, end_all_in, run
from tui.library.doctor import examine
from tui.library.download import Patience
from tui.library.find import Places, find_models
from tui.library.findings import Examination, Severity
from tui.library.hub_errors import PullFailed
from tui.library.progress import Progress, Report
from tui.library.pull import Offer, fetch, free_bytes
from tui.library.rename import LONGEST, why_no_name
from tui.store import paths
from tui.store.files import locked_now, private_dir, private_opener
from tui.store.settings import Settings

_TASK = "text-generation-with-past"
_SCRIPT = Path(__file__).with_name("compress_ir.py")
# Runs a command of the environment without the telemetry that the tools send unless they are told not to. Commands keep
# their names; modules are moved.
_TELLS_NOBODY = """
import sys
sys.modules["openvino_telemetry"] = None
from importlib.metadata import entry_points
name = sys.argv.pop(1)
next(iter(entry_points(group="console_scripts", name=name))).load()()
"""
# How the name of a model ends that is OpenVINO's in 16 or 32 bits, here and on the hub.
_WIDE = re.compile(r"-(fp16|bf16|fp32)-ov$")
_PARTS = ("openvino_model.xml", "openvino_model.bin")


@dataclass(frozen=True, slots=True)
class Plan:
    """What is to be done.

    Attributes:
        source: What is converted.
        weights: How its weights will be stored.
        name: What the model will be called.
        models: The models folder.
        environment: Where the tools run.
        need: What it takes.
        free_disk: Bytes that are free on the disk of the models folder.
        free_memory: Bytes of memory that are free.
        trust: Python code that comes with the model is run.
        notices: What to know, one sentence each.
    """

    source: Source
    weights: Weights
    name: str
    models: Path
    environment: Environment
    need: Need
    free_disk: int
    free_memory: int
    trust: bool
    notices: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where the model will be."""
        return self.models.joinpath(*self.name.split("/"))

    @property
    def installs(self) -> bool:
        """The tools have to be installed first."""
        return not self.environment.is_ready

    @property
    def memory_is_short(self) -> bool:
        """More memory is needed than is free, as far as can be told."""
        return self.need.memory > self.free_memory

    @property
    def fetched(self) -> Path | None:
        """Where what is fetched lies when it is whole: it stays there if converting fails. None for a folder."""
        return _fetched_folder(self.models, self.source)

    @property
    def begun(self) -> Begun | None:
        """What stays of it if it fails; None for a folder, of which nothing does."""
        return None if self.source.repository is None else Begun(self.models, self.source.repository.id)


def _fetched_folder(models: Path, source: Source) -> Path | None:
    if source.repository is None:
        return None
    return Begun(models, source.repository.id).whole(source.repository.commit)


def plan_conversion(
    asked: str,
    stop: threading.Event,
    *,
    weights: Weights | None = None,
    name: str = "",
    python: Path | None = None,
    trust: bool = False,
    places: Places | None = None,
    patience: Patience | None = None,
) -> Plan:
    """What converting a model comes to. Writes nothing but a log.

    Args:
        asked: A folder, the name of a model that is here, or OWNER/NAME on the hub.
        stop: Ends it.
        weights: How to store its weights; None chooses by its size.
        name: What to call it; "" is its name and the format.
        python: An environment of the user's: an interpreter, or a folder.
        trust: Run Python code that comes with the model.
        places: Where models are.
        patience: How long to go on asking the hub.

    Raises:
        OvchatError: It cannot be converted, or there is no room on the disk.
        Cancelled: `stop` was set.
    """
    places = places or Places()
    source = find_source(asked, stop, places=places, patience=patience)
    weights = weights or PRESETS[default_preset(source.stored.parameters)].weights
    if source.is_ir and not weights.is_compressed:
        raise ConversionFailed(f"{source.name} is OpenVINO's already.", "Give a format with fewer bits: --preset int8.")
    name = name or f"{_WIDE.sub('', source.name.rpartition('/')[2])}-{weights.suffix}"
    _require_free(name, places)
    if source.has_code and not trust and not source.is_ir:
        notices = [f"{source.name} comes with Python code of its own, which is not run without --trust-remote-code."]
    else:
        notices = []
    chosen, more = environment_for(source.model_type, source.name, python, stop)
    kept = _fetched_folder(places.models, source)
    need = need_of(source, weights, installs=not chosen.is_ready, fetches=kept is None or not kept.is_dir())
    plan = Plan(
        source,
        weights,
        name,
        places.models,
        chosen,
        need,
        free_bytes(places.models),
        available_bytes(),
        trust,
        (*notices, *more),
    )
    if need.disk > plan.free_disk:
        raise ConversionFailed(
            f"Converting {source.name} takes {size_text(need.disk)} of the disk, and {size_text(plan.free_disk)} are "
            f"free on that of {places.models}.",
            "Make room, or set OVCHAT_HOME to a larger disk.",
        )
    return plan


def _require_free(name: str, places: Places) -> None:
    if why := why_no_name(name):
        raise ConversionFailed(f"{name!r} cannot be a name: {why}.", "Give another one: --name NAME")
    folder = places.models.joinpath(*name.split("/"))
    taken = any(model.name.casefold() == name.casefold() for model in find_models(places))
    if taken or os.path.lexists(folder):
        raise ConversionFailed(
            f"There is a model {name} already.", "Give another name (--name NAME), or remove it first."
        )


def environment_for(
    model_type: str, name: str, python: Path | None, stop: threading.Event
) -> tuple[Environment, list[str]]:
    """Where the tools for an architecture run, and what to know about that; logged by a name, raises as `of_user`."""
    pins = pins_for(model_type)
    if python is None:
        return environment(pins), []
    with tempfile.TemporaryDirectory() as scratch, logged(name) as log:
        return of_user(python, pins, Where(Path(scratch), log, {}), stop)


@contextmanager
def logged(name: str) -> Iterator[TextIO]:
    """The log of converting a model: one file for each, of the last time."""
    called = f"convert-{name.replace('/', '--')}"
    path = paths.log_dir() / f"{os.fsencode(called)[: LONGEST - len('.log')].decode('utf-8', 'ignore')}.log"
    private_dir(path.parent)
    with open(path, "w", encoding="utf-8", errors="backslashreplace", opener=private_opener) as log:
        yield log


def convert(
    plan: Plan,
    settings: Settings,
    report: Report,
    stop: threading.Event,
    *,
    keeps: bool = False,
    patience: Patience | None = None,
) -> Examination:
    """Do what was planned; what the doctor says of the model.

    Args:
        plan: By `plan_conversion`.
        settings: Those of `convert.` are used.
        report: Told how far it is.
        stop: Ends it; nothing of it stays, or what was fetched does.
        keeps: What was fetched stays when it is stopped.
        patience: How long to go on fetching.

    Raises:
        OvchatError: It failed; says why. What was fetched stays for the next try, and nothing else.
        Cancelled: `stop` was set.
    """
    work, begun = lock_of(plan.models), plan.begun
    with disk_problems(plan.models), locked_now(work) as mine:
        if not mine:
            raise ConversionFailed("Another conversion is at work.", "Let it finish, or stop it there.")
        end_all_in(work)
        shutil.rmtree(work, ignore_errors=True)
        try:
            with logged(plan.name) as log:
                private_dir(work)
                where = Where(work, log, variables(work, offline=not plan.trust))
                install(plan.environment, settings, where, report, stop)
                if begun is not None:
                    python = plan.environment.python if plan.environment.folder is None else None
                    begun.remember(Asked(plan.name, plan.weights, python, plan.trust))
                folder = _fetched(plan, report, stop, patience)
                result = _converted(plan, folder, where, report, stop)
                _put_in_place(_made(work, plan), plan)
            if begun is not None:
                begun.forget()
        except Cancelled:
            if begun is not None and not keeps:
                begun.forget()
            raise
        except (ConversionFailed, PullFailed) as failed:
            raise _with_what_is_kept(failed, begun) from failed
        finally:
            shutil.rmtree(work, ignore_errors=True)
            if begun is not None and not begun.size():
                begun.forget()
    return Examination(plan.folder, result.findings, result.checked, result.seconds)


def variables(work: Path, *, offline: bool) -> dict[str, str]:
    """What the tools are told by their environment."""
    found = {
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "TOKENIZERS_PARALLELISM": "false",
        # rich shows how far it is to terminals only; this one is understood by it alone.
        "TTY_COMPATIBLE": "1",
        "COLUMNS": "120",
        # Copies of code that comes with models.
        "HF_MODULES_CACHE": str(work / "tmp" / "modules"),
    }
    return found | ({"HF_HUB_OFFLINE": "1"} if offline else {})


def _fetched(plan: Plan, report: Report, stop: threading.Event, patience: Patience | None) -> Path:
    """Where the source lies; fetched first where it is on the hub only."""
    source = plan.source
    if source.folder is not None:
        return source.folder
    assert source.repository is not None
    assert plan.fetched is not None
    if not plan.fetched.is_dir():
        sources = plan.fetched.parent
        offer = Offer(source.repository, sources, plan.fetched, source.fetched, 0, plan.free_disk, ())
        fetch(offer, report, stop, patience=patience)
    return plan.fetched


def _with_what_is_kept(failed: OvchatError, begun: Begun | None) -> OvchatError:
    if begun is None or not (size := begun.size()):
        return failed
    again = f"ovchat models convert {begun.repository}"
    # A pull's next step names the pull.
    step = failed.next_step.replace(f"ovchat models pull {begun.repository}", again)
    kept = f"What was fetched ({size_text(size)}) is kept for the next try; to delete it: {again} --discard"
    return type(failed)(failed.sentence, f"{step} {kept}".lstrip())


def _made(work: Path, plan: Plan) -> Path:
    """Where the model is made, in a folder that is called as it will be."""
    return work / "made" / plan.folder.name


def _converted(plan: Plan, folder: Path, where: Where, report: Report, stop: threading.Event) -> Examination:
    hearing = Hearing()
    target = private_dir(_made(where.folder, plan))
    python = str(plan.environment.python)
    if plan.source.is_ir:
        _copy_besides(folder, target)
        options = json.dumps(asdict(plan.weights))
        xml = _PARTS[0]
        command = [python, *ALONE, str(_SCRIPT), str(folder / xml), str(target / xml), options]
    else:
        command = [python, *ALONE, "-c", _TELLS_NOBODY, "optimum-cli", "export", "openvino", "--task", _TASK]
        command += ["--model", str(folder), *plan.weights.options(), *["--trust-remote-code"] * plan.trust, str(target)]

    def step(command: list[str]) -> None:
        outcome = run(command, where, stop, hearing.line, lambda: report(hearing.now))
        if outcome.code:
            raise conversion_failure(
                outcome,
                Path(where.log.name),
                free=free_bytes(plan.models),
                python=plan.environment.python,
                name=plan.source.name,
            )

    step(command)
    if not plan.source.is_ir and not (target / TOKENIZER_XML).exists() and is_convertible(folder):
        # optimum-intel goes on without a tokenizer that cannot be read, and does not say why.
        step(tokenizer_command(plan.environment, folder, target, trust=plan.trust))
    report(Progress("checking"))
    # Whether it fits in memory is another question: it was not asked for the memory of this moment.
    found = examine(target, free=sys.maxsize)
    if worst := next((each for each in found.findings if each.severity is Severity.ERROR), None):
        raise ConversionFailed(
            f"What came out of {plan.source.name} cannot be used: {worst.sentence.replace(str(target), plan.name)}",
            f"All that the tool wrote: {where.log.name}",
        )
    return found


def tokenizer_command(chosen: Environment, folder: Path, target: Path, *, trust: bool) -> list[str]:
    """What converts the tokenizer of a model in one folder to another."""
    command = [str(chosen.python), *ALONE, "-c", _TELLS_NOBODY, "convert_tokenizer", str(folder)]
    return [*command, "--with-detokenizer", "-o", str(target), *["--trust-remote-code"] * trust]


def _copy_besides(source: Path, target: Path) -> None:
    """The other files of a model, which stay as they are."""
    for entry in os.scandir(source):
        if entry.is_file() and entry.name not in _PARTS and not entry.name.startswith("."):
            shutil.copyfile(entry.path, target / entry.name)


def _put_in_place(made: Path, plan: Plan) -> None:
    private_dir(plan.folder.parent)
    if os.path.lexists(plan.folder):
        raise ConversionFailed(f"There is a {plan.folder} now.", "Give another name: --name NAME")
    os.rename(made, plan.folder)


@contextmanager
def disk_problems(where: Path) -> Iterator[None]:
    """In the block, what the disk refuses becomes `ConversionFailed`."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise ConversionFailed(f"The disk of {where} is full.", "Make room, then try again.") from error
        raise ConversionFailed(
            f"{error.filename or where} cannot be written: {error.strerror or error}.",
            "Allow it, or set OVCHAT_HOME to a place that may be written.",
        ) from error
