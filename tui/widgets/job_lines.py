"""A job as lines of text: its name, what it does, how far it is; and below it why it failed."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence

from rich.cells import cell_len
from textual.content import Content

from tui.library.amounts import duration_text, size_text
from tui.library.jobs import Job, Kind, State
from tui.library.progress import Progress
from tui.terminal.fitted import fitted
from tui.widgets.visible import one_line

_BAR = 10  # cells
_FULL, _EMPTY = "█", "░"
_LEAST_NAME = 20
_GAP = 2
_INDENT = "  "
_STYLES = {State.FAILED: "$text-error", State.PAUSED: "$text-muted", State.WAITING: "$text-muted"}


def job_lines(job: Job, width: int, reason_rows: int, *, bar: bool = True) -> list[Content]:
    """One line, and more where it failed.

    Args:
        job: At this moment.
        width: Cells of a line.
        reason_rows: The most that the reason gets, at least two.
        bar: How far it is may be drawn, too.
    """
    style = _STYLES.get(job.state, "")
    pieces = _fitted(_pieces(job, bar), width - min(_LEAST_NAME, width))
    facts = (" " * _GAP).join(pieces)
    room = max(1, width - cell_len(facts) - _GAP)
    line = f"{fitted(one_line(job.work.name), room)}{' ' * _GAP}{facts}"
    rows = [Content.styled(line, style)]
    if job.state is State.FAILED:
        reason = one_line(str(job.error))
        wrapped = textwrap.wrap(reason, max(10, width - len(_INDENT)), break_on_hyphens=False)
        if len(wrapped) > reason_rows:  # its end says where to look: the next step, a log
            end = max(1, reason_rows // 2)
            wrapped = [*wrapped[: max(0, reason_rows - end - 1)], "…", *wrapped[-end:]]
        rows += [Content.styled(_INDENT + row, style) for row in wrapped]
    return rows


def job_summary(jobs: Sequence[Job]) -> str:
    """What goes on, in two or three words; "" for nothing."""
    live = [job for job in jobs if job.is_live]
    if len(live) > 1:
        return f"{len(live)} jobs"
    return " ".join([live[0].work.kind, *_share(live[0].progress)]) if live else ""


def job_news(job: Job) -> tuple[str, str]:
    """What to tell where it is not listed of a job that has ended, and how severe that is."""
    name = job.work.name
    if job.error is not None:
        return f"The {job.work.kind} of {name} failed: {job.error} F3 shows it.", "error"
    if job.work.kind is Kind.CHECK:
        found = len(job.result.findings) if job.result is not None else 0
        counted = f"{found} {'thing' if found == 1 else 'things'}" if found else "nothing"
        return f"The check of {name} has found {counted}. Alt+H in the list of models shows it.", "information"
    if job.result is not None and not job.result.is_usable:
        return f"{name} is here, but cannot be used: {job.result.findings[0].sentence} F3 shows it.", "warning"
    return f"{name} is here: F3 to use it.", "information"


def _pieces(job: Job, bar: bool) -> list[tuple[str, int]]:
    """What there is to say, and what leaves first: the highest number; 0 stays."""
    progress = job.progress
    pieces = [(_doing(job), 0)]
    if bar and job.state is State.RUNNING and progress.total:
        full = min(_BAR, _BAR * progress.done // progress.total)
        pieces.append((_FULL * full + _EMPTY * (_BAR - full), 3))
    if job.state in (State.RUNNING, State.PAUSED):
        pieces += [(f"{share:>4}", 1) for share in _share(progress)]
    if progress.in_bytes and job.state is not State.DONE:
        pieces.append((_amount(progress), 4))
    if job.state is State.RUNNING and not job.is_stopping:
        if progress.in_bytes:
            pieces.append((f"{size_text(progress.per_s) + '/s' if progress.per_s is not None else '':>9}", 5))
        pieces.append((f"{duration_text(progress.left_s) + ' left' if progress.left_s is not None else '':>13}", 2))
    return pieces


def _doing(job: Job) -> str:
    if job.is_stopping:
        return "stopping …"
    match job.state:
        case State.WAITING:
            return f"waits for the other {job.work.kind}"
        case State.RUNNING:
            return one_line(job.progress.doing) or str(job.work.kind)
        case State.FAILED:
            return f"{job.work.kind} failed"
    return str(job.state)


def _share(progress: Progress) -> list[str]:
    return [f"{100 * progress.done // progress.total}%"] if progress.total else []


def _amount(progress: Progress) -> str:
    if progress.total:
        return f"{size_text(progress.done)} of {size_text(progress.total)}"
    return f"{size_text(progress.done)} here"


def _fitted(pieces: list[tuple[str, int]], width: int) -> list[str]:
    """As many as fit in a width, what matters most."""
    kept = list(pieces)
    while len(kept) > 1 and sum(cell_len(text) + _GAP for text, _ in kept) > width:
        kept.remove(max(kept, key=lambda piece: piece[1]))
    return [text for text, _ in kept]
