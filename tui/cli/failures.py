"""What a command fails with becomes a line on standard error and an exit code."""

from __future__ import annotations

import logging
import re
from collections.abc import Collection, Iterator
from contextlib import contextmanager

import click

from tui.cli import console
from tui.engine.errors import OvchatError
from tui.store.errors import StoreError

FAILED = 1
INTERRUPTED = 130

logger = logging.getLogger(__name__)


def tell(error: OvchatError | StoreError) -> None:
    """Say an error and what to do about it, with the options that the settings named in it have here."""
    names = dict.fromkeys(re.findall(r"\bengine\.([a-z_]+)", error.next_step))
    options = ["-d DEVICE" if name == "device" else f"-o {name}=..." for name in names]
    console.error(error.sentence, with_options(error.next_step, options))


def with_options(text: str, options: Collection[str]) -> str:
    """What an error advises, with the options that do it in the command that is running."""
    return f"{text} In this command: {', '.join(options)}" if options else text


@contextmanager
def become_exit_codes() -> Iterator[None]:
    """End the command with an exit code where the block fails; click's own exceptions pass.

    One of our errors is its sentence and its next step. Anything else is a defect: one sentence that names the log
    file, and the traceback in that.
    """
    try:
        yield
    except (click.ClickException, click.exceptions.Exit, click.Abort):
        raise
    except (OvchatError, StoreError) as error:
        tell(error)
        raise click.exceptions.Exit(FAILED) from None
    except KeyboardInterrupt:
        raise click.exceptions.Exit(INTERRUPTED) from None
    except BrokenPipeError:
        raise click.exceptions.Exit(console.READER_LEFT) from None
    except console.OutputFailed as error:
        console.error(f"The output could not be written: {error}.")
        raise click.exceptions.Exit(FAILED) from None
    except Exception as error:
        from tui.cli import log

        where = log.begin()
        logger.critical("unexpected", exc_info=error)
        kind = "ran out of memory" if isinstance(error, MemoryError) else "failed in a way that was not foreseen"
        details = f"{type(error).__name__}: {error}" if str(error) else type(error).__name__
        console.error(f"ovchat {kind} ({details}).", f"The details are in {where}." if where else "")
        raise click.exceptions.Exit(FAILED) from None
