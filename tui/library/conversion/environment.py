"""The environments in which optimum-intel runs: made on first use, one for each set of versions, or one of the user's.

One that is being made has a hidden name; it gets its own when all that it is for has been imported in it once. Only its
interpreter is called, never a script of it, whose first line would name the folder that it was made in.
"""

from __future__ import annotations

import json
import os
import shlex
import shutil
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.library.conversion.failures import ConversionFailed, Remedy, install_failure
from tui.library.conversion.heard import PipHearing
from tui.library.conversion.pins import OPTIMUM_INTEL, PYTORCH_CPU_INDEX, Pins, torch_requirement
from tui.library.conversion.tool import ALONE, Where, run
from tui.library.progress import Progress, Report
from tui.store import paths
from tui.store.files import locked_now, private_dir, replace_text
from tui.store.settings import Settings

_VERSIONS = "versions.json"
_IMPORTS = "import nncf, openvino, openvino_tokenizers, transformers, optimum.exporters.openvino"
# NAME==VERSION lines of what is there.
_ASK = """
import sys
from importlib.metadata import PackageNotFoundError, version
for name in sys.argv[1:]:
    try:
        print(name + "==" + version(name))
    except PackageNotFoundError:
        pass
"""
_MOST_SAID = 1_000_000  # bytes of an answer to that: what says more is no Python


@dataclass(frozen=True, slots=True)
class Environment:
    """An interpreter with the tools.

    Attributes:
        pins: The versions it should have.
        folder: Where ovchat keeps it; None for one of the user's.
        python: Its interpreter.
    """

    pins: Pins
    folder: Path | None
    python: Path

    @property
    def is_ready(self) -> bool:
        """It can be used."""
        if self.folder is None:
            return True
        try:
            return bool(json.loads((self.folder / _VERSIONS).read_text("utf-8")) == self.pins.versions)
        except (OSError, ValueError):
            return False


def environment(pins: Pins) -> Environment:
    """The one for these versions that ovchat keeps, there or not."""
    folder = paths.data_dir() / "convert" / pins.name
    return Environment(pins, folder, _python_in(folder))


def _python_in(folder: Path) -> Path:
    return folder / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")


def index_of(settings: Settings) -> str:
    """The package index besides PyPI; "" for none."""
    chosen = settings["convert.extra_index_url"]
    if chosen is None:
        return "" if sys.platform == "darwin" else PYTORCH_CPU_INDEX
    return "" if chosen == "none" else str(chosen)


def install(wanted: Environment, settings: Settings, log: Where, report: Report, stop: threading.Event) -> None:
    """Make an environment of ovchat's, unless it is ready.

    Args:
        wanted: Which one.
        settings: Have the index and pip's arguments.
        log: Where the work is logged; its folder is for temporary files.
        report: Told how far it is.
        stop: Ends it; nothing of it stays.

    Raises:
        ConversionFailed: It cannot be made; says why.
        Cancelled: `stop` was set.
    """
    folder = wanted.folder
    if folder is None:
        return
    with locked_now(folder.parent / "install") as mine:
        if wanted.is_ready:
            return
        if not mine:
            raise ConversionFailed("Another ovchat installs the tools at this moment.", "Run it again when it is done.")
        making = folder.with_name(f".{folder.name}")
        for old in (folder, making):
            shutil.rmtree(old, ignore_errors=True)
        private_dir(folder.parent)
        try:
            _make(making, wanted.pins, settings, log, report, stop)
            replace_text(making / _VERSIONS, json.dumps(wanted.pins.versions, indent=1) + "\n")
            os.rename(making, folder)
        finally:
            shutil.rmtree(making, ignore_errors=True)


def _make(folder: Path, pins: Pins, settings: Settings, log: Where, report: Report, stop: threading.Event) -> None:
    index = index_of(settings)
    python = str(_python_in(folder))
    hearing = PipHearing(log.folder / "tmp")

    def step(command: list[str], tick: Callable[[], None]) -> None:
        outcome = run(command, log, stop, hearing.line, tick)
        if outcome.code:
            raise install_failure(outcome, Path(log.log.name), index)

    def told(doing: str) -> Callable[[], None]:
        return lambda: report(Progress(doing))

    def looked() -> None:
        hearing.look()
        report(hearing.now)

    pip = [python, *ALONE, "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    pip += settings["convert.pip_args"]
    step([sys.executable, *ALONE, "-m", "venv", str(folder)], told("making an environment"))
    # torch alone: where that index does not answer, pip would wait a quarter of a minute for each of sixty packages.
    step([*pip, "--no-deps", *(("--extra-index-url", index) if index else ()), torch_requirement(index)], looked)
    step([*pip, *pins.requirements], looked)
    step([*pip, "--no-deps", f"optimum-intel=={OPTIMUM_INTEL}"], looked)
    step([python, *ALONE, "-c", _IMPORTS], told("trying the tools"))


def of_user(path: Path, pins: Pins, log: Where, stop: threading.Event) -> tuple[Environment, list[str]]:
    """An environment of the user's, and what to know about its versions, one sentence each.

    Args:
        path: An interpreter, or the folder of an environment.
        pins: The versions that the model wants.
        log: Where asking is logged.
        stop: Ends it.

    Raises:
        OvchatError: It has not what it takes; names what is missing.
        Cancelled: `stop` was set.
    """
    python = _python_in(path) if path.is_dir() else path
    python = python.absolute()  # not resolved: the link is what makes it the environment's
    if not python.exists():
        raise OvchatError(f"There is no {python}.", "Give a Python interpreter, or the folder of an environment.")
    outcome = run([str(python), *ALONE, "-c", _ASK, *pins.versions], log, stop, most=_MOST_SAID)
    found = dict(line.split("==", 1) for line in outcome.lines if "==" in line)
    if outcome.code:
        last = outcome.lines[-1] if outcome.lines else f"exit code {outcome.code}"
        raise OvchatError(f"{python} is no Python that can be used: {last}.", "Give another one.")
    if missing := [name for name in pins.versions if name not in found]:
        packages = " ".join(shlex.quote(f"{name}=={pins.versions[name]}") for name in missing)
        raise ConversionFailed(
            f"{python} has no {' and no '.join(missing)}.",
            f"Install them: {shlex.quote(str(python))} -m pip install {packages}. Or let ovchat's own tools do it.",
            Remedy.OWN_TOOLS,
        )
    others = [
        f"{python} has {name} {found[name]}, not {pins.versions[name]}, which this model is known to convert with."
        for name in ("transformers", "openvino")
        if _release(found[name]) != _release(pins.versions[name])
    ]
    return Environment(pins, None, python), others


def _release(text: str) -> str:
    return text.partition("+")[0]
