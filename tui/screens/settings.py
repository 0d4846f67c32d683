"""The settings: every one with its value, who set it, its range and default; searched by typing, changed in place."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.app import App
from textual.binding import Binding, BindingType
from textual.content import Content
from textual.signal import Signal
from textual.widget import Widget
from textual.widgets import Input, Static

from tui.chat.sampling_values import SetBy
from tui.chat.settings_rows import SECTIONS, InEffect, SettingRow, cannot, followed, rows
from tui.screens.dialogs import ConfirmDialog, OptionsDialog
from tui.screens.list_panel import ListPanel
from tui.screens.themes import OF_16_COLOURS
from tui.screens.type_ahead import changes_screen
from tui.screens.value_dialog import ValueDialog
from tui.store.errors import StoreError
from tui.store.settings import KEYS, Settings, setting_of
from tui.store.settings_text import shown
from tui.widgets.notice import Notice
from tui.widgets.row_list import Heading, Line
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.screens.key_table import KeyRow
    from tui.store.settings_file import SettingsFile

_ROOM = 60  # columns
_NAMED = ("appearance.theme", "chat.persona")


def _key(key: str, action: str, label: str, tooltip: str) -> Binding:
    return Binding(key, action, label, id=f"settings.{action}", tooltip=tooltip)


class SettingsScreen(ListPanel[None, SettingRow]):
    """The settings.

    Args:
        file: Where they are, and are saved.
        in_effect: What the conversation and its model make of them.
        names: By key, what there is to choose from for a setting that is a name; called in a thread.
        changed: Tells that some have changed, or what cannot be followed of the file.
        search: What is typed at first.
    """

    HEADING = "Settings"
    PLACEHOLDER = "Type to search"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Change", id="settings.choose", tooltip="Give the marked one another value."),
        _key("alt+d", "reset", "Default", "Take what you have set out of your file: the default is back."),
        _key("alt+x", "reset_all", "Reset all", "All defaults again, keys included. It asks first."),
    ]

    DEFAULT_CSS: ClassVar[str] = """
    SettingsScreen {
        .settings--help { height: auto; max-height: 4; padding: 0 2; margin-top: 1; color: $text-muted; }
        &.-short .settings--help { display: none; }
    }
    """

    def __init__(
        self,
        file: SettingsFile,
        in_effect: Callable[[], InEffect | None] = lambda: None,
        names: Mapping[str, Callable[[], Sequence[str]]] | None = None,
        changed: Signal[frozenset[str]] | None = None,
        search: str = "",
    ) -> None:
        super().__init__()
        self._file = file
        self._in_effect = in_effect
        self._names = names or {}
        self._changed = changed
        self._search = search
        self._keys: Sequence[KeyRow] = ()
        self._bad_keys: Collection[str] = ()
        self._missing: Mapping[str, str] = {}
        self._wrong: Sequence[str] | None = None  # what was said of the file; None before anything was

    def content(self) -> Iterable[Widget]:
        for widget in super().content():
            if isinstance(widget, Notice):
                yield Static("", classes="settings--help")
            yield widget

    def on_mount(self) -> None:
        if self._changed is not None:
            self._changed.subscribe(self, self._follow)
        self.watch(self.rows, "cursor", self._show_help, init=False)
        if self._search:
            self.query_one(Input).value = self._search
        self._show()
        self._say_wrong()
        # To know all keys, every screen has to be imported.
        self.call_after_refresh(self._read_known)

    @work(group="known", exclusive=True)
    async def _read_known(self) -> None:
        """Look which keys, themes and personas there are."""
        # Not in the event loop: it imports every screen.
        self._keys, self._bad_keys = await asyncio.to_thread(_key_rows, type(self.app), self._file.settings)
        self._missing = await asyncio.to_thread(self._names_missing)
        self._show()

    def _say_wrong(self) -> None:
        """What cannot be followed of the file, until it is mended."""
        wrong = self._file.settings.notices
        if wrong != self._wrong:
            self._wrong = wrong
            self.say("\n".join(wrong) or f"Saved at once in {self._file.path}", "warning" if wrong else "information")

    def _follow(self, changed: frozenset[str]) -> None:
        self._say_wrong()
        if any(key.startswith(f"{KEYS}.") or key in self._names for key in changed):
            self._read_known()
        else:
            self._show()

    def _show(self) -> None:
        """The settings that match, under their sections; the cursor stays on the one it is on."""
        marked, top = self.rows.current, self.rows.scroll_offset.y
        words = self.text.casefold().split()
        settings = self._followed()
        listed = rows(settings, self._in_effect(), self._notes())
        all_rows = [*(row for row in listed if row.section != KEYS), *self._rows_of_keys(settings)]
        items: list[SettingRow | Heading] = []
        section = cursor = None
        for row in all_rows:
            said = f"{row.key} {SECTIONS[row.section]} {row.help}".casefold()
            if not all(word in said for word in words):
                continue
            if row.section != section:
                section = row.section
                items.append(Heading(SECTIONS[section]))
            if marked is not None and row.key == marked.key:
                cursor = len(items)
            items.append(row)
        self.show_items(items, cursor=cursor, empty="There is no setting like that.")
        if cursor is not None:
            self.rows.scroll_to(y=top, animate=False, force=True, immediate=True)
        count = sum(not isinstance(item, Heading) for item in items)
        self.show_facts(f"{count} found" if words else "")

    def _rows_of_keys(self, settings: Settings) -> Iterable[SettingRow]:
        for each in self._keys:
            key = f"{KEYS}.{each.id}"
            setting = setting_of(key)
            assert setting is not None
            bad = settings.bad.get(key, "")
            yield SettingRow(
                key,
                setting,
                each.id,
                shown(setting, each.keys),
                shown(setting, each.default_keys),
                SetBy.USER if key in settings.user else SetBy.APP,
                cannot(bad) if bad else "",
                each.help,
            )

    def _names_missing(self) -> Mapping[str, str]:
        """By key, what the user has chosen that is not there. A device may be named in many ways: it is not judged."""
        user = self._file.settings.user
        chosen = {key: user[key] for key in _NAMED if key in self._names and user.get(key)}
        return {key: name for key, name in chosen.items() if name not in self._names[key]()}

    def _followed(self) -> Settings:
        """The settings where what is not there has its default, and is marked; keys that cannot be, too."""
        settings = self._file.settings
        missing = [key for key, name in self._missing.items() if settings.user.get(key) == name]
        bad_keys = [key for id in self._bad_keys if (key := f"{KEYS}.{id}") in settings.user]
        return followed(settings, [*missing, *bad_keys])

    def _notes(self) -> Mapping[str, str]:
        """Why a setting has no effect in this process."""
        notes: dict[str, str] = {}
        if os.environ.get("OVCHAT_OUTPUT") == "textual":
            notes["terminal.output"] = "not used: the environment variable OVCHAT_OUTPUT says textual"
        if self.app.has_class("-plain"):
            notes["appearance.theme"] = "not used in plain mode"
        elif "appearance.theme" not in self._file.settings.user and self.app.theme == OF_16_COLOURS:
            notes["appearance.theme"] = f"not used: {OF_16_COLOURS} is, as this terminal has 16 colours"
        return notes

    def typed(self, text: str) -> None:
        self._show()

    def draw(self, item: SettingRow, width: int) -> Sequence[Line]:
        ours = item.source is not SetBy.APP
        value = (one_line(item.value), "bold" if ours else "")
        # With little room only who is not the app is told.
        told = f"  {item.source:12}" if width >= _ROOM else f"  {item.source}" if ours else ""
        source = (told, "$text-primary" if ours else "$text-muted")
        second = Content.styled(" · ".join(item.facts), "$text-muted")
        if item.note:
            second = Content.assemble((one_line(item.note), "$text-warning"), (" · ", "$text-muted"), second)
        first = Line(Content(one_line(item.label)), Content.assemble(value, source))
        return [first, Line("  " + second)]

    def answer(self, item: SettingRow) -> None:
        self._change(item)

    @changes_screen
    def action_choose(self) -> None:
        super().action_choose()

    @work(group="dialog", exclusive=True)
    async def _change(self, row: SettingRow) -> None:
        setting = row.setting
        value: Any
        choices: Sequence[str] = setting.choices
        if row.key in self._names:
            choices = await asyncio.to_thread(self._names[row.key])
            choices = [*([setting.unset] if setting.unset else []), *choices]
        if choices:
            options = [(each, each) for each in choices]
            cursor = choices.index(row.value) if row.value in choices else 0
            value = await self.app.push_screen_wait(OptionsDialog(row.key, options, text=row.help, cursor=cursor))
        else:
            value = await self.app.push_screen_wait(ValueDialog(setting, row.value, row.help, self._check(row)))
        if value is not None:
            self._do(lambda: self._file.set(row.key, value))

    def _check(self, row: SettingRow) -> Callable[[Any], str]:
        if row.section != KEYS:
            return lambda value: ""
        from tui.screens.key_table import key_table
        from tui.screens.keymap import check_keys

        table, wanted = key_table(type(self.app)), self._file.settings.user_section(KEYS)
        return lambda value: check_keys(table, wanted, row.label, value)

    def action_reset(self) -> None:
        row = self.rows.current
        if row is None:
            return
        if row.key not in self._file.settings.user and row.key not in self._file.settings.bad:
            where = {
                SetBy.CONVERSATION: "This conversation sets it: F5.",
                SetBy.FOR_MODEL: "It is set for this model: F5.",
            }
            self.say(where.get(row.source, "You have not set it."))
            return
        self._do(lambda: self._file.reset(row.key))

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_reset_all(self) -> None:
        count = len(self._file.set_keys)
        if not count:
            self.say("You have set nothing.")
            return
        text = f"What you have set leaves your file, {count} in all, other keys included. Comments and presets stay."
        if await self.app.push_screen_wait(ConfirmDialog("Reset all settings?", text, yes="Reset all", no="Keep them")):
            self._do(self._file.reset)

    def _do(self, change: Callable[[], None]) -> None:
        try:
            change()
        except (ValueError, StoreError) as error:
            self.fail(error)
        else:
            self.query_one(Notice).clear()
            self._wrong = ()
            self._say_wrong()
            if self._changed is None:
                self._show()

    def _show_help(self) -> None:
        row = self.rows.current
        text = Content("")
        if row is not None:
            # In full: the row may have no room for it.
            acts = f" It acts {row.setting.acts}." if row.setting.acts else ""
            text = Content.assemble((f"{one_line(row.key)}  ", "$text"), one_line(row.help), acts)
        self.query_one(".settings--help", Static).update(text)


def _key_rows(app: type[App[Any]], settings: Settings) -> tuple[Sequence[KeyRow], Collection[str]]:
    """Every binding with its keys, and the ids of those that cannot have what the user wants.

    The keys are not those that the app has now: what was just set may not be in effect yet.
    """
    from tui.screens.key_table import key_table
    from tui.screens.keymap import remapped, rows_with

    table = key_table(app)
    found = remapped(table, settings.user_section(KEYS))
    return rows_with(table, found.keys), found.problems.keys()
