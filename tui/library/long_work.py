"""What the jobs are made of: pulls and conversions, of which what was fetched stays; checks, which leave nothing."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from tui.library.doctor import examine
from tui.library.find import Places
from tui.library.findings import Examination
from tui.library.jobs import Kind, Work
from tui.library.partial import Partial, unfinished
from tui.library.progress import Progress, Report
from tui.library.pull import AlreadyHere, Offer, discard_partial, fetch, look_up
from tui.store.state import State

if TYPE_CHECKING:
    from tui.engine.options import EngineOptions
    from tui.library.conversion.begun import Begun
    from tui.library.conversion.plan import Plan
    from tui.library.conversion.tokenizer import TokenizerPlan
    from tui.store.settings import Settings


def pull(name: str, places: Places, offer: Offer | None = None) -> Work:
    """The pull of a model.

    Args:
        name: OWNER/NAME, as the hub writes it.
        places: Where models are.
        offer: What was found of it just now; None asks the hub.
    """
    found = [offer] if offer is not None else []

    def do(report: Report, stop: threading.Event) -> Examination:
        if found:
            looked_up = found.pop()  # once: another time the hub may have another commit
        else:
            report(Progress("asking the hub"))
            try:
                looked_up = look_up(name, stop, places=places)
            except AlreadyHere as here:
                return examine(here.model.path)
        return examine(fetch(looked_up, report, stop))

    def discard() -> None:
        if name in unfinished(places.models):  # it may not have begun
            discard_partial(name, places=places)

    return Work(Kind.PULL, name, do, discard, lambda: Partial(places.models, name).model_size() or 0)


def unfinished_pulls(places: Places) -> Iterator[tuple[Work, Progress]]:
    """The pulls that earlier runs have left, each with how far it is; not those that another process is at."""
    for name in unfinished(places.models):
        partial = Partial(places.models, name)
        size = None
        # Where it may not be written, nobody can go on with it.
        with suppress(OSError), partial.locked() as nobody_is_at_it:
            size = partial.model_size() if nobody_is_at_it else None
        if size is not None:
            yield pull(name, places), Progress("", size, in_bytes=True)


def conversion(plan: Plan, settings: Settings) -> Work:
    """A conversion that was planned."""

    def do(report: Report, stop: threading.Event) -> Examination:
        from tui.library.conversion.work import convert

        return convert(plan, settings, report, stop)

    if plan.begun is None:
        return Work(Kind.CONVERSION, plan.name, do)
    return Work(Kind.CONVERSION, plan.name, do, plan.begun.discard, plan.begun.size, plan.begun.repository)


def tokenizer(plan: TokenizerPlan, settings: Settings) -> Work:
    """The conversion of a tokenizer alone that was planned."""

    def do(report: Report, stop: threading.Event) -> Examination:
        from tui.library.conversion.tokenizer import convert_tokenizer

        return convert_tokenizer(plan, settings, report, stop)

    return Work(Kind.CONVERSION, plan.name, do)


def unfinished_conversions(places: Places, settings: Settings) -> Iterator[tuple[Work, Progress]]:
    """The conversions that earlier runs have left, each with how much of it is here; none while one is at work."""
    from tui.library.conversion.begun import left

    for begun in left(places.models):
        yield _left_conversion(begun, places, settings), Progress("", begun.size(), in_bytes=True)


def _left_conversion(begun: Begun, places: Places, settings: Settings) -> Work:
    asked = begun.asked()

    def do(report: Report, stop: threading.Event) -> Examination:
        from tui.library.conversion.failures import ConversionFailed
        from tui.library.conversion.plan import plan_conversion
        from tui.library.conversion.work import convert

        if asked is None:
            raise ConversionFailed(
                f"What {begun.repository} was to be converted to is not known any more.",
                "Convert it anew, or give it up.",
            )
        report(Progress("asking the hub"))
        plan = plan_conversion(
            begun.repository,
            stop,
            weights=asked.weights,
            name=asked.name,
            python=asked.python,
            trust=asked.trust,
            places=places,
        )
        if plan.installs:  # nobody was asked
            raise ConversionFailed(
                f"The tools that convert {begun.repository} are not here any more.",
                "Convert it anew: you are asked whether to install them, and what was fetched is used.",
            )
        return convert(plan, settings, report, stop)

    name = asked.name if asked is not None else begun.repository
    return Work(Kind.CONVERSION, name, do, begun.discard, begun.size, begun.repository)


def check(name: str, folder: Path, device: str, options: EngineOptions) -> Work:
    """The deep check of a model: its files, and what computing with it shows where they are in order.

    Args:
        name: What the model is called.
        folder: Of the model.
        device: As `LanguageModel.load`.
        options: How it is to be compiled.
    """

    def do(report: Report, stop: threading.Event) -> Examination:
        from tui.library.deep_check import examine_deeply  # computes

        found = examine(folder, context=options.context, kv_cache=options.kv_cache, device=device)
        if not found.is_usable:
            return found
        verdicts = State().verdicts
        return found.and_then(examine_deeply(folder, device, options, report=report, stop=stop, verdicts=verdicts))

    return Work(Kind.CHECK, name, do)
