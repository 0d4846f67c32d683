"""The form for a conversion: what is converted and to what; below it what that takes, before it begins."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from enum import Enum
from functools import partial
from typing import ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.content import Content
from textual.events import Paste
from textual.widget import Widget

from tui.chat.conversion_texts import plan_facts, tokenizer_facts
from tui.engine.errors import Cancelled, OvchatError
from tui.library.amounts import size_text
from tui.library.conversion.need import FETCHED, INSTALLED
from tui.library.conversion.plan import Plan, plan_conversion
from tui.library.conversion.presets import PRESETS
from tui.library.conversion.tokenizer import TokenizerPlan, plan_tokenizer
from tui.library.find import find_model
from tui.library.hub_search import Format
from tui.library.long_work import conversion, tokenizer
from tui.screens.dialogs import ConfirmDialog, OptionsDialog, TextDialog
from tui.screens.hub_search import HubSearchScreen
from tui.screens.panel import Panel
from tui.screens.services import Services
from tui.screens.type_ahead import changes_screen
from tui.terminal.display import with_present_keys
from tui.widgets.fact_list import FactList
from tui.widgets.notice import Notice
from tui.widgets.row_list import ROW_KEYS, Line, RowKeys, RowList
from tui.widgets.visible import one_line

_LABEL = 14
_LOOKING = "looking …"
_SOURCE = "A folder as Hugging Face has it, the name of a model in fp16 that is here, or OWNER/NAME on the hub."
_FIRST = (
    "Converting gives a model in Hugging Face's format the form that OpenVINO runs. "
    "Alt+S searches the hub for a source."
)
_TOKENIZER = "tokenizer"  # in place of a preset
_ALONE = "only the tokenizer, for a model that is here without one"
_CODE = (
    "Some models come with Python code of their own, without which they cannot be converted. It will run on this "
    "machine, with all that you may do: do that only where you trust who made it."
)


class _Field(Enum):
    SOURCE = "Source"
    WEIGHTS = "Weights"
    NAME = "Name"
    CODE = "Python code"
    BEGIN = "Convert"


class ConvertScreen(RowKeys, Panel[str | None]):
    """The form; answers the name of the model whose conversion has begun.

    Args:
        services: Where models are, the settings and the jobs.
        source: What it begins with; "" for nothing.
        lacks_tokenizer: That is a model which needs nothing else.
    """

    HEADING = "Convert a model"

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Change", id="convert.choose", tooltip="Change the marked line."),
        Binding("enter", "begin", "Convert", id="convert.begin", tooltip="Convert the model; it goes on by itself."),
        Binding("alt+s", "search", "Search the hub", id="convert.search", tooltip="Look for a source on the hub."),
        *ROW_KEYS,
    ]

    DEFAULT_CSS: ClassVar[str] = """
    ConvertScreen {
        RowList { height: 5; }
        .convert--plan { height: auto; padding: 0 2; margin-top: 1; }
        Notice { padding: 0 2; margin-top: 1; }
    }
    """

    def __init__(self, services: Services, source: str = "", lacks_tokenizer: bool = False) -> None:
        super().__init__()
        self._services = services
        self._source = source
        self._preset = _TOKENIZER if lacks_tokenizer else ""
        self._called = ""
        self._trusts = False
        self._plan: Plan | TokenizerPlan | None = None
        self._stop: threading.Event | None = None  # while it is planned

    def content(self) -> Iterable[Widget]:
        yield RowList(self._draw)
        yield Vertical(classes="convert--plan")
        yield Notice()

    @property
    def rows(self) -> RowList[_Field]:
        return self.query_one(RowList)

    def on_mount(self) -> None:
        self.rows.show(list(_Field))
        self.watch(self.rows, "cursor", self.refresh_bindings, init=False)
        if self._source:
            self.call_after_refresh(self._look)  # it takes the time that painting needs
        else:
            self._say(with_present_keys(self.app, _FIRST))

    def _draw(self, field: _Field, width: int) -> Sequence[Line]:
        plan = self._plan
        match field:
            case _Field.SOURCE:
                value, known = self._source or "none yet", bool(self._source)
            case _Field.WEIGHTS:
                value, known = self._preset or "chosen by its size", bool(self._preset)
            case _Field.NAME:
                called = "" if self._preset == _TOKENIZER else self._called
                value, known = called or (plan.name if plan is not None else "its own"), bool(called)
            case _Field.CODE:
                value, known = ("is run", True) if self._trusts else ("is not run", False)
            case _Field.BEGIN:
                not_yet = "not yet, see below" if self._source else "needs a source"
                value, known = "Enter begins it" if plan is not None else not_yet, False
        style = "" if known else "$text-muted"
        return [Line(Content.assemble(f"{field.value:{_LABEL}}", (one_line(value), style)))]

    def _say(self, text: str, severity: str = "information") -> None:
        self.query_one(Notice).say(text, severity)

    # What is changed

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("choose", "begin"):
            return self.is_mounted and (self.rows.current is _Field.BEGIN) == (action == "begin")
        return True

    @changes_screen
    def action_choose(self) -> None:
        if (field := self.rows.current) is not None:
            self._change(field)

    @changes_screen
    def action_begin(self) -> None:
        self._begin()

    def on_row_list_chosen(self) -> None:
        if self.rows.current is _Field.BEGIN:
            self.action_begin()
        else:
            self.action_choose()

    @changes_screen
    @work(exclusive=True, group="change")
    async def action_search(self) -> None:
        words = "" if _is_path(self._source) else self._source  # a path is none of the hub's business
        if (chosen := await self.app.push_screen_wait(HubSearchScreen(words, Format.HUGGING_FACE))) is not None:
            self._source = chosen
            self.rows.refresh()
            self._look()

    def typing(self, text: str) -> Callable[[], object] | None:
        """What is typed where the source is marked begins that."""
        is_source = self.is_mounted and self.rows.current is _Field.SOURCE
        return partial(self._change, _Field.SOURCE, text) if is_source else None

    def on_paste(self, event: Paste) -> None:
        if event.text and (begin := self.typing(event.text)) is not None:
            begin()

    @work(exclusive=True, group="change")
    async def _change(self, field: _Field, begun: str = "") -> None:
        match field:
            case _Field.SOURCE:
                changed = await self._ask_text("Source", begun or self._source, _SOURCE, begun=bool(begun))
                if changed is not None:
                    self._source = changed
            case _Field.WEIGHTS:
                options = [
                    ("Chosen by its size", ""),
                    *((f"{name}: {PRESETS[name].good_for}", name) for name in PRESETS),
                    (f"{_TOKENIZER}: {_ALONE}", _TOKENIZER),
                ]
                cursor = next(place for place, (_, name) in enumerate(options) if name == self._preset)
                chosen = await self.app.push_screen_wait(OptionsDialog("Weights", options, cursor=cursor))
                self._preset = chosen if chosen is not None else self._preset
            case _Field.NAME if self._preset == _TOKENIZER:
                self._say("A model that gets its tokenizer keeps its name.")
                return
            case _Field.NAME:
                now = self._called or (self._plan.name if self._plan is not None else "")
                changed = await self._ask_text("Name", now, "What the model will be called; empty for its own name.")
                if changed is not None:
                    self._called = changed
            case _Field.CODE:
                self._trusts = not self._trusts and await self._asked("Run the model's code?", _CODE, "Run it")
        self.rows.refresh()
        if self._source:
            self._look()

    async def _ask_text(self, title: str, value: str, text: str, *, begun: bool = False) -> str | None:
        answer: str | None = await self.app.push_screen_wait(TextDialog(title, value, text=text, begun=begun))
        return answer.strip() if answer is not None else None

    async def _asked(self, title: str, text: str, yes: str) -> bool:
        return await self.app.push_screen_wait(ConfirmDialog(title, text, yes=yes)) is True

    # What it takes

    @work(exclusive=True, group="look")
    async def _look(self) -> None:
        """Plan it anew."""
        if self._stop is not None:
            self._stop.set()
        stop = self._stop = threading.Event()
        await self._show(None)
        self.show_facts(_LOOKING)
        self._say(f"{self._source}: {_LOOKING} Esc ends it.")
        try:
            plan = await asyncio.to_thread(self._planned, stop)
        except Cancelled:
            self._say("It was not waited for.")
        except OvchatError as error:
            self._say(str(error), "error")
        else:
            self.query_one(Notice).clear()
            await self._show(plan)
        finally:
            stop.set()
            if self._stop is stop:
                self._stop = None
                self.show_facts("")

    def _planned(self, stop: threading.Event) -> Plan | TokenizerPlan:
        places = self._services.models.places
        if self._preset == _TOKENIZER:
            return plan_tokenizer(find_model(self._source, places), stop, trust=self._trusts, places=places)
        return plan_conversion(
            self._source,
            stop,
            weights=PRESETS[self._preset].weights if self._preset else None,
            name=self._called,
            trust=self._trusts,
            places=places,
        )

    async def _show(self, plan: Plan | TokenizerPlan | None) -> None:
        self._plan = plan
        self.rows.refresh()
        place = self.query_one(".convert--plan", Vertical)
        await place.remove_children()
        if plan is not None:
            facts = tokenizer_facts(plan) if isinstance(plan, TokenizerPlan) else plan_facts(plan)
            await place.mount(FactList({"": list(facts)}, _LABEL - 2, "$text-muted"))
        if plan is not None and plan.notices:
            self._say("\n".join(each.text for each in plan.notices), "warning")

    def leave(self) -> None:
        if self._stop is not None:
            self._stop.set()
        else:
            self.dismiss(None)

    @work(exclusive=True, group="change")
    async def _begin(self) -> None:
        plan = self._plan
        if plan is None and self._source:
            if self._stop is None:
                self._look()  # says once more what is in the way, if it still is
            return
        if plan is None:
            self._say("There is nothing to convert yet: choose a source.")
            return
        if isinstance(plan, Plan) and plan.memory_is_short:
            text = f"It needs about {size_text(plan.need.memory)}, and {size_text(plan.free_memory)} are free."
            if not await self._asked("It will probably run out of memory. Convert all the same?", text, "Convert"):
                return
        if plan.installs:
            text = f"About {size_text(FETCHED)} are fetched, and {size_text(INSTALLED)} of the disk are taken."
            options = [("Install the tools and convert", True), ("Not now", False)]
            # So much is not begun by an Enter too many.
            question = OptionsDialog("The tools are not here yet", options, text=text, cursor=1)
            if not await self.app.push_screen_wait(question):
                return
        settings = self._services.settings
        try:
            self._services.jobs.begin(
                tokenizer(plan, settings) if isinstance(plan, TokenizerPlan) else conversion(plan, settings)
            )
        except OvchatError as error:
            self._say(with_present_keys(self.app, str(error)), "error")
        else:
            self.dismiss(plan.name)


def _is_path(text: str) -> bool:
    return text.startswith(("/", "~", ".")) or "\\" in text or os.path.exists(text)
