"""The long works that are under way, a line each, below a list; with the focus it has keys for the marked one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.binding import Binding, BindingType
from textual.content import Content
from textual.geometry import Size
from textual.message import Message
from textual.widget import Widget

from tui.library.jobs import Job, Jobs, State
from tui.terminal.display import is_plain
from tui.widgets.job_lines import job_lines

_LOOK_S = 0.5  # so often at most it is drawn
_MOST_ROWS = 7
_LEAST_REASON = 2  # rows
_MARK, _NO_MARK = "› ", "  "


def _key(keys: str, action: str, label: str, tooltip: str) -> Binding:
    return Binding(keys, action, label, id=f"jobs.{action}", tooltip=tooltip)


class JobsStrip(Widget, can_focus=True):
    """The strip. Not there while there is no job.

    Args:
        jobs: What is shown.
    """

    DEFAULT_CSS: ClassVar[str] = """
    JobsStrip {
        height: auto; display: none; color: $text-accent;
        &.-any { display: block; }
        & > .jobs-strip--current { background: $primary-muted; text-style: bold; }
        &:ansi > .jobs-strip--current { background: $background; text-style: bold underline; }
    }
    """
    COMPONENT_CLASSES: ClassVar[set[str]] = {"jobs-strip--current"}
    BINDINGS: ClassVar[list[BindingType]] = [
        _key("space,enter", "pause", "Pause", "Stop the marked job; what has arrived stays."),
        _key("space,enter", "resume", "Go on", "Go on with the marked job, or try it again."),
        _key("c,C", "give_up", "Cancel", "Give the marked job up, and delete what is here of it."),
        _key("d,D", "dismiss", "Dismiss", "Do not show the marked job any more."),
        # The panel's own key for it, wherever that is remapped to.
        Binding("escape", "close", "Back", id="panel.close", tooltip="Back to the list."),
    ]

    class Done(Message):
        """A job is done, and not shown any more."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self.job = job

    class Left(Message):
        """It had the focus, and the list is to have it: there is no job any more, or the user wants it."""

    class GivenUp(Message):
        """The user wants a job to be given up."""

        def __init__(self, job: Job) -> None:
            super().__init__()
            self.job = job

    def __init__(self, jobs: Jobs) -> None:
        super().__init__()
        self._jobs = jobs
        self._marked: Job | None = None
        self._drawn = Content()
        self._height = 0  # rows

    def on_mount(self) -> None:
        self.look()
        self.set_interval(_LOOK_S, self.look)

    def on_resize(self) -> None:
        self.look()

    def on_focus(self) -> None:
        self.look()

    def on_blur(self) -> None:
        self.look()

    @property
    def marked(self) -> Job | None:
        """The job that the keys are for."""
        return self._marked

    def look(self) -> None:
        """Show how the jobs are doing now; what is done is told of, and let go."""
        self._jobs.news()  # they are told here
        for job in self._jobs.all:
            if job.state is State.DONE:
                self._jobs.dismiss(job)
                self.post_message(self.Done(job))
        jobs = self._jobs.all
        if self._marked not in jobs:
            self._marked = jobs[0] if jobs else None
        if not jobs and self.has_focus:
            self.post_message(self.Left())
        self.set_class(bool(jobs), "-any")
        rows = self._rows(jobs)
        drawn = Content("\n").join(rows)
        if not drawn.is_same(self._drawn):
            has_other_height = len(rows) != self._height
            self._drawn, self._height = drawn, len(rows)
            self.refresh(layout=has_other_height)
        self.refresh_bindings()

    def _rows(self, jobs: Sequence[Job]) -> list[Content]:
        """As many rows as there is room for, with those of the marked job."""
        width = self.size.width or self.app.size.width  # before it is laid out
        room = max(1, width - len(_MARK) - 1)
        current = self.get_visual_style("jobs-strip--current")
        rows: list[Content] = []
        most = min(_MOST_ROWS, max(1, self.app.size.height // 4))
        reason = max(_LEAST_REASON, most - len(jobs))  # so that the others are seen, too
        first = 0
        for job in jobs:
            lines = job_lines(job, room, reason, bar=not is_plain(self.app))
            if job is self._marked and self.has_focus:
                first = max(0, len(rows) + len(lines) - most)
                rows.append((_MARK + lines[0]).truncate(width, pad=True).stylize(current))
                lines = lines[1:]
            rows += [_NO_MARK + line for line in lines]
        return rows[first : first + most]

    def render(self) -> Content:
        return self._drawn

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """Its rows."""
        return self._height

    # What is done

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "close":
            return True
        job = self._marked
        if job is None:
            return False
        match action:
            case "pause":
                return job.can_pause
            case "resume":
                return job.can_resume
            case "give_up":
                return not job.is_stopping and (job.state is not State.FAILED or job.work.discard is not None)
            case "dismiss":
                return job.state is State.FAILED
        return True

    def move(self, step: int) -> None:
        """Mark the job that many below."""
        jobs = self._jobs.all
        if self._marked in jobs:
            self._marked = jobs[min(max(jobs.index(self._marked) + step, 0), len(jobs) - 1)]
            self.look()

    def action_close(self) -> None:
        self.post_message(self.Left())

    def action_pause(self) -> None:
        if self._marked is not None:
            self._jobs.pause(self._marked)
            self.look()

    def action_resume(self) -> None:
        if self._marked is not None:
            self._jobs.resume(self._marked)
            self.look()

    def action_give_up(self) -> None:
        if self._marked is not None:
            self.post_message(self.GivenUp(self._marked))

    def action_dismiss(self) -> None:
        if self._marked is not None:
            self._jobs.dismiss(self._marked)
            self.look()
