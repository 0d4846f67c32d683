"""A conversion is done as it was planned.

The work goes on in a hidden folder of the models folder, and what comes out becomes a model by one rename, after the
doctor has looked at it. One conversion at a time: two would only fight for memory.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict
from pathlib import Path

from tui.engine.errors import ModelBroken, OvchatError
from tui.engine.model_files import MODEL_BIN, MODEL_XML
from tui.engine.tokenizer_files import TOKENIZER_XML, is_convertible
from tui.library.amounts import size_text
from tui.library.conversion.begun import Asked, Begun, clear, lock_of
from tui.library.conversion.environment import Environment, install
from tui.library.conversion.failures import ConversionFailed, Remedy, conversion_failure
from tui.library.conversion.heard import Hearing
from tui.library.conversion.plan import Plan
from tui.library.conversion.source import of_folder
from tui.library.conversion.tool import ALONE, Where, logged, run
from tui.library.doctor import examine
from tui.library.download import Patience
from tui.library.findings import Examination, Severity
from tui.library.hub_errors import PullFailed
from tui.library.progress import Progress, Report
from tui.library.pull import Offer, fetch, free_bytes
from tui.store.files import NO_ROOM, locked_now, private_dir, step_to_write
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


def convert(
    plan: Plan,
    settings: Settings,
    report: Report,
    stop: threading.Event,
    *,
    patience: Patience | None = None,
) -> Examination:
    """Do what was planned; what the doctor says of the model.

    Args:
        plan: By `tui.library.conversion.plan`.
        settings: Those of `convert.` are used.
        report: Told how far it is.
        stop: Ends it; what was fetched stays, for the next try or for `plan.begun.discard`, and nothing else.
        patience: How long to go on fetching.

    Raises:
        OvchatError: It failed; says why. What was fetched stays for the next try, and nothing else.
        Cancelled: `stop` was set.
    """
    work, begun = lock_of(plan.models), plan.begun
    with disk_problems(plan.models), _alone(plan):
        _require_free(plan)  # before anything is fetched: it may be long since it was planned
        clear(work)
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
        except (ConversionFailed, PullFailed) as failed:
            raise _with_what_is_kept(failed, begun) from failed
        finally:
            shutil.rmtree(work, ignore_errors=True)
            if begun is not None and not begun.size():
                begun.forget()
    return Examination(plan.folder, result.findings, result.checked, result.seconds)


@contextmanager
def _alone(plan: Plan) -> Iterator[None]:
    """In the block, nobody else converts anything, or deletes what was fetched.

    Raises:
        ConversionFailed: Somebody does.
    """
    kept = nullcontext(True) if plan.begun is None else plan.begun.locked()
    with locked_now(lock_of(plan.models)) as mine, kept as all_mine:
        if not (mine and all_mine):
            raise ConversionFailed("Another conversion is at work.", "Let it finish, or stop it there.")
        yield


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
    """Where the source lies; fetched first where it is on the hub only.

    Raises:
        ModelBroken: What the hub has does not fit together. Nothing of it stays.
    """
    source = plan.source
    if source.folder is not None:
        return source.folder
    repository, begun = source.repository, plan.begun
    assert repository is not None
    assert begun is not None
    folder = begun.whole(repository.commit)
    if not folder.is_dir():
        offer = Offer(repository, begun.sources, folder, source.fetched_bytes, 0, plan.free_disk, ())
        fetch(offer, report, stop, patience=patience)
    try:
        of_folder(folder, source.name)  # only now there are weights to look at
    except ModelBroken:
        begun.forget()  # another try would fetch the same
        raise
    return folder


def _with_what_is_kept(failed: ConversionFailed | PullFailed, begun: Begun | None) -> OvchatError:
    if begun is None or not (size := begun.size()):
        return failed
    # A pull's next step names the pull.
    step = failed.next_step.replace(f": ovchat models pull {begun.repository}", ".")
    kept = f"What was fetched ({size_text(size)}) is kept for the next try, unless you give it up."
    others = failed.remedies if isinstance(failed, ConversionFailed) else ()
    return ConversionFailed(failed.sentence, f"{step} {kept}".lstrip(), *others, Remedy.GIVING_UP)


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
        command = [python, *ALONE, str(_SCRIPT), str(folder / MODEL_XML), str(target / MODEL_XML), options]
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
        if entry.is_file() and entry.name not in (MODEL_XML, MODEL_BIN) and not entry.name.startswith("."):
            shutil.copyfile(entry.path, target / entry.name)


def _put_in_place(made: Path, plan: Plan) -> None:
    private_dir(plan.folder.parent)
    _require_free(plan)
    os.rename(made, plan.folder)


def _require_free(plan: Plan) -> None:
    if os.path.lexists(plan.folder):
        raise ConversionFailed(f"There is a {plan.folder} now.", "Give it another name.", Remedy.NAME)


@contextmanager
def disk_problems(where: Path) -> Iterator[None]:
    """In the block, what the disk refuses becomes `ConversionFailed`."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM:
            raise ConversionFailed(f"The disk of {where} is full.", "Make room, then try again.") from error
        raise ConversionFailed(
            f"{error.filename or where} cannot be written: {error.strerror or error}.", step_to_write(error)
        ) from error
