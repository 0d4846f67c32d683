"""An answer token by token: how likely each was, what else could have come, and going on from another token."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, ClassVar

from rich.text import Text
from textual import on, work
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.events import Resize
from textual.widget import Widget
from textual.widgets import Static

from tui.engine.candidates import Candidate
from tui.engine.errors import OvchatError
from tui.screens.panel import Panel
from tui.widgets.notice import Notice
from tui.widgets.share_row import share_row
from tui.widgets.token_view import TokenView, seen

if TYPE_CHECKING:
    from tui.chat.tokens import Tokens
    from tui.engine.sampling import Sampled

TOP = 8
"""How many candidates there are for each place; the token that came may be one more."""
# At least so likely, how it is shown, and what is said of that.
_SHADES = (
    (0.8, "", "80 % and more"),
    (0.5, "tokens--likely", "50 to 80"),
    (0.2, "tokens--open", "20 to 50"),
    (0.05, "tokens--unlikely", "5 to 20"),
    (0.0, "tokens--rare", "below 5"),
)
_POLL_S = 0.05
_MARK, _NO_MARK = "›", " "
_CAME = " came"


class AlternativesScreen(Panel[tuple[int, int]]):
    """The answer, and below it the candidates for the place under the cursor.

    Answers with the place of a token and the id of another one that is to stand there; None where nothing is chosen.

    Args:
        look: The tokens, and who finds out how likely they were; it computes.
    """

    HEADING = "Alternatives"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding(
            "enter", "choose", "Go on from it", id="alternatives.choose", tooltip="Answer on from the marked token."
        ),
        Binding("tab", "mark(1)", "Next", id="alternatives.next", tooltip="Mark the next candidate."),
        Binding(
            "shift+tab", "mark(-1)", "Before", id="alternatives.before", tooltip="Mark the one before.", show=False
        ),
        Binding(
            "n,N", "switch_numbers", "Numbers", id="alternatives.numbers", tooltip="Probabilities in numbers, or not."
        ),
        Binding("left", "move(-1)", "Token before", id="alternatives.left", tooltip="The token before.", show=False),
        Binding("right", "move(1)", "Token after", id="alternatives.right", tooltip="The token after.", show=False),
        Binding("up", "move_rows(-1)", "Up", id="alternatives.up", tooltip="A row up.", show=False),
        Binding("down", "move_rows(1)", "Down", id="alternatives.down", tooltip="A row down.", show=False),
        Binding("pageup", "move_page(-1)", "Page up", id="alternatives.page_up", tooltip="A page up.", show=False),
        Binding(
            "pagedown", "move_page(1)", "Page down", id="alternatives.page_down", tooltip="A page down.", show=False
        ),
        Binding("home", "move_far(-1)", "First", id="alternatives.first", tooltip="The first token.", show=False),
        Binding("end", "move_far(1)", "Last", id="alternatives.last", tooltip="The last token.", show=False),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    AlternativesScreen {
        .alternatives--shades { height: 1; padding: 0 2; color: $text-muted; }
        .alternatives--here { height: 1; padding: 0 2; color: $text-primary; }
        .alternatives--list { height: 9; padding: 0 1; }
        &.-short .alternatives--list { height: 3; }
        &.-short .alternatives--shades { display: none; }
        &.-tall .alternatives--shades, &.-tall TokenView { margin-bottom: 1; }
    }
    """

    def __init__(self, look: Callable[[], Tokens]) -> None:
        super().__init__()
        self._look = look
        self._tokens: Tokens | None = None
        self._candidates: Sequence[Candidate] = ()
        self._marked = 0
        self._with_numbers = False
        self.scored: tuple[Sampled, ...] = ()
        """What was found out; nothing before it was."""

    def content(self) -> Iterable[Widget]:
        yield Static("", classes="alternatives--shades")
        yield Notice()
        yield TokenView()
        yield Static("", classes="alternatives--here")
        yield Static("", classes="alternatives--list")

    @property
    def _view(self) -> TokenView:
        return self.query_one(TokenView)

    def on_mount(self) -> None:
        self.show_facts("Looking at the tokens…")
        self._fill()

    @work
    async def _fill(self) -> None:
        looking = asyncio.ensure_future(asyncio.to_thread(self._look))
        try:
            self._tokens = tokens = await asyncio.shield(looking)
            self._view.show(seen(tokens.pieces.texts), self._style_of)
            self._view.cursor = 0
            while not tokens.job.done:
                for told in tokens.job.drain():
                    self.show_facts(f"Computing: {told.done:,} of {told.total:,} tokens")
                await asyncio.sleep(_POLL_S)
            self.scored = tokens.job.result()
        except OvchatError as error:
            self.show_facts("")
            self.query_one(Notice).say(str(error), "error")
            return
        finally:
            # Closed before the end: nobody waits for it any more.
            looking.add_done_callback(_give_up)
        self.query_one(".alternatives--shades", Static).update(self._shades())
        self._view.refresh()
        self._show_here()

    def _style_of(self, number: int) -> str:
        if not self.scored:
            return ""
        return next(name for least, name, _ in _SHADES if self._probability(number) >= least)

    def _probability(self, number: int) -> float:
        return math.exp(self.scored[number].logprob or 0.0)

    def _shades(self) -> Text:
        """What the colours mean."""
        shown = [Text(f" {said} ", self._view.style_named(name)) for _, name, said in _SHADES]
        return Text(" ").join([Text("Likely:"), *shown])

    # The place under the cursor

    @on(TokenView.Moved)
    def _show_here(self) -> None:
        place, tokens = self._view.cursor, self._tokens
        if place is None or tokens is None or not self.scored:
            return
        here = self.scored[place]
        found = dict([*here.top_logprobs, (here.token_id, here.logprob or 0.0)])
        ranked = sorted(found.items(), key=lambda pair: -pair[1])
        self._candidates = [Candidate(each, tokens.token_text(each), math.exp(logprob)) for each, logprob in ranked]
        # The best one that did not come.
        self._marked = next((n for n, each in enumerate(self._candidates) if each.token_id != here.token_id), 0)
        self.show_facts(f"token {place + 1:,} of {len(self.scored):,}")
        self._draw()

    def on_resize(self, event: Resize) -> None:
        self._draw()

    def _draw(self) -> None:
        listed = self.query_one(".alternatives--list", Static)
        place, width, rows = self._view.cursor, listed.content_size.width, listed.content_size.height
        if place is None or not self._candidates or not width:
            return
        came = self.scored[place].token_id
        likely = next(each for each in self._candidates if each.token_id == came).probability
        here = f"Instead of token {came}, which was {100 * likely:.1f} % likely:"
        self.query_one(".alternatives--here", Static).update(Content(here))
        first = max(0, min(self._marked - rows + 1, len(self._candidates) - rows))
        lines = []
        for number, each in enumerate(self._candidates):
            mark = _MARK if number == self._marked else _NO_MARK
            row = share_row(each, max(1, width - len(mark) - len(_CAME)), "$accent")
            line = Content(mark) + row + Content(_CAME if each.token_id == came else "")
            lines.append(line.stylize("bold") if number == self._marked else line)
        listed.update(Content("\n").join(lines[first : first + max(1, rows)]))

    # Keys

    def action_mark(self, step: int) -> None:
        if self._candidates:
            self._marked = (self._marked + step) % len(self._candidates)
            self._draw()

    def action_move(self, step: int) -> None:
        self._view.move(step)

    def action_move_rows(self, step: int) -> None:
        self._view.move_rows(step)

    def action_move_page(self, direction: int) -> None:
        self._view.move_rows(direction * self._view.page)

    def action_move_far(self, direction: int) -> None:
        if self._tokens is not None:
            self._view.move(direction * len(self._tokens.pieces))

    def action_switch_numbers(self) -> None:
        """Show the probabilities in numbers, or no longer."""
        if self.scored:
            self._with_numbers = not self._with_numbers
            numbers = [f"({self._probability(n):.0%})" for n in range(len(self.scored))]
            self._view.annotate(numbers if self._with_numbers else None)

    def action_choose(self) -> None:
        if self._candidates and (place := self._view.cursor) is not None:
            self.dismiss((place, self._candidates[self._marked].token_id))


def _give_up(looking: asyncio.Future[Tokens]) -> None:
    """End a search for probabilities; one that has ended stays as it is."""
    if not looking.cancelled() and looking.exception() is None:
        looking.result().job.cancel()
