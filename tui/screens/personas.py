"""The personas: what each sets, one of them for this conversation, and a new one of what this conversation has."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.list_panel import ListPanel
from tui.screens.type_ahead import changes_screen
from tui.store import personas
from tui.store.errors import StoreError
from tui.store.personas import NONE, Persona
from tui.store.settings_text import sampling_text
from tui.terminal.editor import EditorFailed, edit_in, editor_command
from tui.widgets.row_list import Line
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.screens.services import Services

_NONE = Persona(NONE)
_SETS_NOTHING = "no system prompt; sampling as your settings and the model have it"
_SHOWN = 1000  # characters of a system prompt in a list: laying out millions for a row takes seconds


def _key(key: str, action: str, label: str, tooltip: str) -> Binding:
    return Binding(key, action, label, id=f"personas.{action}", tooltip=tooltip)


class PersonasScreen(ListPanel[Persona, Persona]):
    """The list; answers the persona to take, `NONE` among them.

    Args:
        here: What this conversation has, with the name of the persona that it took.
        default: The name of the persona that new conversations have.

    Attributes:
        here: The same; once it was saved here, with the name it was given.
    """

    HEADING = "Personas"
    PLACEHOLDER = "Type to filter by name"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Take it", id="list.choose", tooltip="Take it for this conversation."),
        _key("alt+n", "save_as", "Save as", "A new one with what this conversation has."),
        _key("alt+e", "edit", "Edit", "Change it, in $VISUAL or $EDITOR where that is set."),
        _key("alt+d", "delete", "Delete", "Delete it. No conversation changes with that."),
    ]

    def __init__(self, here: Persona, default: str) -> None:
        super().__init__()
        self.here = here
        self._default = default
        self._found: list[Persona] = []

    def on_mount(self) -> None:
        self._read()

    @work(group="read", exclusive=True)
    async def _read(self, at: str = "") -> None:
        self._found, wrong = await asyncio.to_thread(personas.all_personas)
        self._show(at or self._in_use)
        if wrong:
            self.say("\n".join(map(str, wrong)), "warning")

    def _show(self, at: str) -> None:
        words = self.text.casefold().split()
        items = [each for each in (_NONE, *self._found) if all(word in each.name.casefold() for word in words)]
        cursor = next((place for place, each in enumerate(items) if each.name == at), None)
        self.show_items(items, cursor=cursor, empty="No name has that.")
        self.show_facts(f"{len(self._found):,}")

    def draw(self, item: Persona, width: int) -> Sequence[Line]:
        marks = [
            *(["in use"] if item.name == self._in_use else []),
            *(["new conversations"] if item.name == self._default else []),
        ]
        name = Content.styled(NONE, "italic") if item is _NONE else Content(one_line(item.name))
        what = Content.styled(one_line(what_it_sets(item)), "dim")
        return [Line(name, Content.styled("  ".join(marks), "$text-primary")), Line(what)]

    def answer(self, item: Persona) -> Persona:
        return item

    def typed(self, text: str) -> None:
        self._show("")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action in ("edit", "delete"):
            return True if self.is_mounted and self._marked is not None else None
        return True

    @property
    def _in_use(self) -> str:
        """What the conversation has, by name; "" for a system prompt that is nobody's."""
        named = personas.name_of(self.here.system, self._found, self.here.name)
        return named or ("" if self.here.system else NONE)

    @property
    def _marked(self) -> Persona | None:
        marked = self.rows.current
        return marked if marked is not _NONE else None

    @changes_screen
    @work
    async def action_save_as(self) -> None:
        if name := await _save_as(self.app, self.here, self.fail):
            self.here = replace(self.here, name=name)
            self._read(name)

    @changes_screen
    @work
    async def action_edit(self) -> None:
        if (marked := self._marked) is None:
            return
        try:
            if await _edit(self.app, marked):
                self._read(marked.name)
        except (StoreError, EditorFailed) as error:
            self.fail(error)

    @changes_screen
    @work
    async def action_delete(self) -> None:
        if (marked := self._marked) is None:
            return
        title, text = f"Delete the persona {marked.name}?", "Conversations that have taken it stay as they are."
        if await self.app.push_screen_wait(ConfirmDialog(title, text, yes="Delete it", no="Keep it")):
            try:
                await asyncio.to_thread(personas.delete, marked.name)
            except StoreError as error:
                self.fail(error)
            self._read()


def what_it_sets(persona: Persona) -> str:
    """What a persona sets, in a line: no more of its prompt than one can have."""
    begins = persona.system[:_SHOWN]
    prompt = f"“{begins}{'…' if begins != persona.system else ''}”" if begins else ""
    parts = [sampling_text(persona.sampling), f"model {persona.model}" if persona.model else "", prompt]
    return " · ".join(filter(None, parts)) or _SETS_NOTHING


def here(session: ChatSession) -> Persona:
    """What a conversation has, as a persona with the name of the one that it took."""
    now = session.conversation
    return Persona(now.persona, now.system, now.model, now.sampling)


async def choose(app: App[None], services: Services, session: ChatSession) -> str:
    """Let the user take a persona for a conversation; what to say of it, or ""."""
    default = services.settings["chat.persona"] or NONE
    panel = PersonasScreen(here(session), default)
    chosen: Persona | None = await app.push_screen_wait(panel)
    saved = ""
    if panel.here.name != session.conversation.persona:
        session.update(persona=panel.here.name)
        saved = f"The persona {panel.here.name} is saved."
    if chosen is None or not await _may_replace(app, session.conversation.system, chosen.system):
        return saved
    take(session, chosen)
    choice = services.active.status.choice
    if chosen.model and (choice is None or chosen.model != choice.name):
        services.active.use(chosen.model)
    return f"This conversation has the persona {chosen.name} now." if chosen != _NONE else "There is no persona now."


def take(session: ChatSession, persona: Persona) -> None:
    """Set in a conversation what a persona sets, and nothing else: what the one before has set is gone."""
    session.set_system(persona.system)
    session.set_sampling(persona.sampling)
    session.update(persona="" if persona is _NONE else persona.name)
    if persona.model:
        session.set_model(persona.model)


async def save_here(app: App[None], session: ChatSession, fail: Callable[[StoreError], None]) -> str:
    """Let the user name a new persona with what a conversation has, which is of that one then; its name, or "".

    Args:
        app: Asks.
        session: The conversation.
        fail: Told what is wrong.
    """
    if name := await _save_as(app, here(session), fail):
        session.update(persona=name)
    return name


async def _save_as(app: App[None], here: Persona, fail: Callable[[StoreError], None]) -> str:
    name: str | None = await app.push_screen_wait(
        TextDialog("Save as persona", text=f"It sets: {what_it_sets(here)}", required=True)
    )
    if name is None:
        return ""
    name = name.strip()
    try:
        if not personas.why_not_a_name(name) and personas.path_of(name).exists():
            title = f"Replace the persona {name}?"
            question = ConfirmDialog(title, "There is one of that name.", yes="Replace it", no="Keep it")
            if not await app.push_screen_wait(question):
                return ""
        await asyncio.to_thread(personas.save, replace(here, name=name))
    except StoreError as error:
        fail(error)
        return ""
    return name


async def _may_replace(app: App[None], system: str, other: str) -> bool:
    """Whether a system prompt may go; the user is asked where it stands nowhere else."""
    if system in ("", other) or personas.name_of(system, (await asyncio.to_thread(personas.all_personas))[0]):
        return True
    question = ConfirmDialog(
        "Replace the system prompt?",
        "That of this conversation is in no persona. “Save as persona” would keep it.",
        yes="Replace it",
        no="Keep it",
    )
    answer: bool | None = await app.push_screen_wait(question)
    return answer is True


async def _edit(app: App[None], persona: Persona) -> bool:
    """Edit a persona's file, or its system prompt where there is no editor; whether it has changed.

    Raises:
        StoreError: It cannot be read or written.
        EditorFailed: The editor failed.
    """
    before = await asyncio.to_thread(personas.text_of, persona.name)
    try:
        editor_command()
    except EditorFailed:
        text = await app.push_screen_wait(
            TextDialog(f"System prompt of {persona.name}", persona.system, text=_in_file(persona), lines=True)
        )
        if text is None or text.strip() == persona.system:
            return False
        await asyncio.to_thread(personas.save, replace(persona, system=text.strip()))
        return True
    text = before
    while True:
        text = edit_in(app, text, f"{persona.name}.toml")
        if text == before:
            return False
        # Also where it is not right: it can be mended later.
        await asyncio.to_thread(personas.write_text, persona.name, text)
        try:
            await asyncio.to_thread(personas.persona, persona.name)
        except StoreError as error:
            question = ConfirmDialog("This is no persona yet", str(error), yes="Edit it again", no="Leave it")
            if await app.push_screen_wait(question):
                continue
        return True


def _in_file(persona: Persona) -> str:
    return f"Sampling and model are in {personas.path_of(persona.name)}."
