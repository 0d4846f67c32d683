"""The presets of sampling values: the app's and the user's own, to use, save and delete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from textual import work
from textual.binding import Binding, BindingType
from textual.content import Content

from tui.chat.presets import all_presets, preset_of, values_of
from tui.screens.dialogs import ConfirmDialog, TextDialog
from tui.screens.list_panel import ListPanel
from tui.screens.type_ahead import changes_screen
from tui.store.errors import StoreError
from tui.store.settings import PRESETS
from tui.store.settings_text import sampling_text
from tui.widgets.row_list import Line
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.engine.sampling_resolve import Resolved
    from tui.store.settings_file import SettingsFile


@dataclass(frozen=True, slots=True)
class Preset:
    """One of the list; without a name, it leaves the values to whoever else sets them."""

    name: str
    values: Mapping[str, Any]


class PresetsScreen(ListPanel[str, Preset]):
    """The list; answers the name of the preset to use, "" for none.

    Args:
        file: Where the user's own are.
        current: The values in effect, which can be saved as one.
        set_here: What the conversation sets of them.
    """

    HEADING = "Presets"
    PLACEHOLDER = "Type to filter by name"
    LINES = 2

    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "choose", "Use it", id="presets.choose", tooltip="Use its values in this conversation."),
        Binding("alt+s", "save", "Save", id="presets.save", tooltip="Save the values in effect under a name."),
        Binding("alt+d", "delete", "Delete", id="presets.delete", tooltip="Delete one of your own."),
    ]

    def __init__(self, file: SettingsFile, current: Resolved, set_here: Mapping[str, Any]) -> None:
        super().__init__()
        self._file = file
        self._current = current
        self._set_here = set_here

    def on_mount(self) -> None:
        known = all_presets(self._file.settings)
        self._show(preset_of(self._current.params, known) if self._set_here else "")

    def _show(self, at: str | None = None) -> None:
        words = self.text.casefold().split()
        known = all_presets(self._file.settings)
        items = [Preset(name, values) for name, values in known.items()] + [Preset("", {})]
        found = [each for each in items if all(word in each.name.casefold() for word in words)]
        names = [each.name for each in found]
        self.show_items(found, cursor=names.index(at) if at in names else None, empty="No preset's name has that.")
        self.show_facts(str(len(known)))

    def typed(self, text: str) -> None:
        self._show()

    def draw(self, item: Preset, width: int) -> Sequence[Line]:
        if not item.name:
            return [
                Line(Content("none")),
                Line(Content.styled("  What you, the model or ovchat have set.", "$text-muted")),
            ]
        ours = Content.styled("yours" if item.name in self._file.settings.presets else "", "$text-primary")
        values = sampling_text(item.values)
        return [Line(Content(one_line(item.name)), ours), Line(Content.styled(f"  {one_line(values)}", "$text-muted"))]

    def answer(self, item: Preset) -> str:
        return item.name

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_save(self) -> None:
        values = values_of(self._current.params)
        asking = TextDialog("Save as a preset", text=sampling_text(values), required=True)
        asked = await self.app.push_screen_wait(asking)
        if asked is None:
            return
        name = " ".join(asked.split())
        own = self._file.settings.presets
        if name in own and not await self._confirmed(f"Replace {name}?", "It has other values now.", "Replace it"):
            return
        self._change(name, values, f"{name} is saved. F8 comes to it.")

    @changes_screen
    @work(group="dialog", exclusive=True)
    async def action_delete(self) -> None:
        item = self.rows.current
        if item is None or item.name not in self._file.settings.presets:
            self.say("Only your own presets can be deleted.")
        elif await self._confirmed(f"Delete {item.name}?", "Conversations that use its values keep them.", "Delete it"):
            self._change(item.name, {}, f"{item.name} is deleted.")

    async def _confirmed(self, title: str, text: str, yes: str) -> bool:
        said: bool | None = await self.app.push_screen_wait(ConfirmDialog(title, text, yes=yes, no="Leave it"))
        return said is True

    def _change(self, name: str, values: Mapping[str, Any], said: str) -> None:
        try:
            self._file.put(f"{PRESETS}.{name}", values)
        except (ValueError, StoreError) as error:
            self.fail(error)
        else:
            self._show(name)
            self.say(said)
