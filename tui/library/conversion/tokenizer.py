"""A model that has no tokenizer in OpenVINO's format, or one that does not work, gets it from its other files."""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
from dataclasses import dataclass
from pathlib import Path

from tui.engine.errors import OvchatError
from tui.engine.model_files import MODEL_XML, inspect
from tui.engine.read_file import read_json
from tui.engine.tokenizer_files import DETOKENIZER_XML, TOKENIZER_XML, is_convertible
from tui.library.conversion.environment import Environment, install
from tui.library.conversion.failures import Advice, ConversionFailed, conversion_failure
from tui.library.conversion.heard import Hearing
from tui.library.conversion.plan import environment_for
from tui.library.conversion.tool import Where, end_all_in, logged, run
from tui.library.conversion.work import disk_problems, tokenizer_command, variables
from tui.library.doctor import examine
from tui.library.find import Places, name_of
from tui.library.findings import Examination
from tui.library.progress import Report
from tui.library.pull import free_bytes
from tui.store import paths
from tui.store.files import locked_now
from tui.store.settings import Settings

_WORK = ".tokenizer-"  # how the folders begin in which it is done
# The weights before the graph that names them, and the tokenizer last: until it is there, the model has none.
_MADE = tuple(xml.replace("xml", end) for xml in (DETOKENIZER_XML, TOKENIZER_XML) for end in ("bin", "xml"))


@dataclass(frozen=True, slots=True)
class TokenizerPlan:
    """What is to be done.

    Attributes:
        folder: The model's.
        name: What the model is called.
        environment: Where the tools run.
        trust: Python code that comes with the model is run.
        notices: What to know.
    """

    folder: Path
    name: str
    environment: Environment
    trust: bool
    notices: tuple[Advice, ...]

    @property
    def installs(self) -> bool:
        """The tools have to be installed first."""
        return not self.environment.is_ready


def plan_tokenizer(
    folder: Path,
    stop: threading.Event,
    *,
    python: Path | None = None,
    trust: bool = False,
    places: Places | None = None,
) -> TokenizerPlan:
    """What converting the tokenizer of a model comes to. Writes nothing but a log.

    Args:
        folder: The model's.
        stop: Ends it.
        python: An environment of the user's: an interpreter, or a folder.
        trust: Run Python code that comes with the model.
        places: Where models are.

    Raises:
        OvchatError: It has none that can be converted, or is no model in OpenVINO's format.
        Cancelled: `stop` was set.
    """
    if not (folder / MODEL_XML).exists():
        inspect(folder)  # says what it is instead
    if not is_convertible(folder):
        raise OvchatError(
            f"{folder} has no tokenizer that could be converted: no tokenizer.json.",
            "Get the tokenizer's files of the model that it was made from: tokenizer.json, tokenizer_config.json, ...",
        )
    model_type = str(read_json(folder / "config.json").get("model_type", ""))
    chosen, notices = environment_for(model_type, folder.name, python, stop)
    return TokenizerPlan(folder, name_of(folder, places), chosen, trust, tuple(map(Advice, notices)))


def convert_tokenizer(plan: TokenizerPlan, settings: Settings, report: Report, stop: threading.Event) -> Examination:
    """Convert the tokenizer of a model, into its folder; what the doctor says of the model then.

    Args:
        plan: By `plan_tokenizer`.
        settings: Those of `convert.` are used.
        report: Told how far it is.
        stop: Ends it; the folder stays as it was.

    Raises:
        OvchatError: It failed; says why. The folder stays as it was.
        Cancelled: `stop` was set.
    """
    folder = plan.folder.absolute()  # the tools work in another one
    with disk_problems(folder), locked_now(paths.data_dir() / "convert" / "tokenizer") as mine:
        if not mine:
            raise ConversionFailed("Another tokenizer is being converted.", "Let it finish, or stop it there.")
        for left in folder.glob(f"{_WORK}*"):  # by one that was killed
            end_all_in(left)
            shutil.rmtree(left, ignore_errors=True)
        return _convert(folder, plan, settings, report, stop)


def _convert(
    folder: Path, plan: TokenizerPlan, settings: Settings, report: Report, stop: threading.Event
) -> Examination:
    chosen, trust = plan.environment, plan.trust
    with logged(folder.name) as log:
        # In the model's folder, so that what is made is put in its place by renaming.
        work = Path(tempfile.mkdtemp(prefix=_WORK, dir=folder))
        try:
            where = Where(work, log, variables(work, offline=not trust))
            install(chosen, settings, where, report, stop)
            hearing = Hearing()
            made = work / "made"
            command = tokenizer_command(chosen, folder, made, trust=trust)
            outcome = run(command, where, stop, hearing.line, lambda: report(hearing.now))
            missing = any(not (made / name).exists() for name in _MADE)
            if outcome.code or missing:
                raise conversion_failure(
                    outcome, Path(log.name), free=free_bytes(folder), python=chosen.python, name=folder.name
                )
            for name in _MADE:
                os.replace(made / name, folder / name)
        finally:
            shutil.rmtree(work, ignore_errors=True)
    return examine(folder)
