"""The sampling panel (F5), beside the transcript or over it: every value with its source, changed by the arrow keys.

What is changed is this conversation's, from the next turn on; it can be kept for the model, or for all of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from textual import on, work
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.events import Resize
from textual.screen import Screen
from textual.widgets import Static

from tui.chat import presets
from tui.chat.sampling_steps import stepped
from tui.chat.sampling_values import SetBy, no_effect, set_by
from tui.engine.errors import OvchatError
from tui.screens.dialogs import OptionsDialog
from tui.screens.presets import PresetsScreen
from tui.screens.value_dialog import ValueDialog
from tui.store.errors import StoreError
from tui.store.settings import SCHEMA, shipped_help
from tui.store.settings_text import sampling_text, shown
from tui.widgets.distribution import Distribution
from tui.widgets.keys_row import key_label
from tui.widgets.sampling_list import SamplingList, SamplingValue
from tui.widgets.visible import one_line

if TYPE_CHECKING:
    from tui.chat.session import ChatSession
    from tui.engine.candidates import LastStep, Stage
    from tui.engine.sampling_params import SamplingParams
    from tui.store.settings_file import SettingsFile

NAMES = [key.removeprefix("sampling.") for key in SCHEMA if key.startswith("sampling.")]
_OURS = (SetBy.USER, SetBy.FOR_MODEL, SetBy.CONVERSATION)
_LOOK_S = 0.25
_TOP = 4  # tokens of each stage
_FRAME = 5  # rows of the heading and the keys
_FEWEST, _TOLD, _PICTURE = 3, 4, 3  # rows


class SamplingPanel(Vertical):
    """The panel.

    Args:
        file: The user's settings.
        session: The conversation that is shown now.
        model: What the model in use is called; "" for none.
    """

    DEFAULT_CSS: ClassVar[str] = """
    SamplingPanel {
        dock: right; width: 50; max-width: 100%; height: 100%;
        padding: 0 1; background: $surface; border-left: vkey $panel;
        &:focus-within { border-left: vkey $primary; }
        .sampling--top { height: 1; margin-bottom: 1; }
        .sampling--heading { width: 1fr; color: $text-primary; text-style: bold; }
        .sampling--preset { width: auto; color: $text-muted; }
        .sampling--told { height: auto; max-height: 6; margin: 1 0 0 2; color: $text-muted; }
        .sampling--picture {
            height: 1fr; margin: 1 0 0 2; padding: 0 1 0 0;
            scrollbar-size-vertical: 1; scrollbar-background: $surface; scrollbar-color: $panel;
        }
        .sampling--keys { height: auto; max-height: 2; margin-top: 1; color: $text-muted; }
    }
    """

    def __init__(self, file: SettingsFile, session: Callable[[], ChatSession], model: Callable[[], str]) -> None:
        super().__init__()
        self._file = file
        self._session = session
        self._model = model
        self._helps = shipped_help()
        self._seen: object = None  # what is shown was made from
        # The picture is that of this step with these values.
        self._pictured: LastStep | None = None
        self._tried: SamplingParams | None = None
        self.list = SamplingList()

    def compose(self) -> ComposeResult:
        with Horizontal(classes="sampling--top"):
            yield Static("Sampling", classes="sampling--heading")
            yield Static("", classes="sampling--preset")
        yield self.list
        yield Static("", classes="sampling--told")
        with VerticalScroll(classes="sampling--picture", can_focus=False):
            yield Distribution()
        yield Static("", classes="sampling--keys")

    def on_mount(self) -> None:
        self.watch(self.list.rows, "cursor", self._tell, init=False)
        self.screen.bindings_updated_signal.subscribe(self, self._show_keys)
        self.screen.set_focus(self.list)  # at once: what is typed after F5 is for it
        self._look()
        # Other keys, a model that is loaded, the settings' file: all of it changes what is shown.
        self.set_interval(_LOOK_S, self._look)

    def on_resize(self, event: Resize) -> None:
        # The values first; then what there is to know of one, and the picture.
        height = event.size.height
        self.list.rows.styles.height = min(len(NAMES), max(_FEWEST, height - _FRAME))
        self.query_one(".sampling--told").display = height >= len(NAMES) + _FRAME + _TOLD
        self.query_one(".sampling--picture").display = height >= len(NAMES) + _FRAME + _TOLD + _PICTURE

    def _look(self) -> None:
        """Show how things stand, if that is not what is shown."""
        session, settings, model = self._session(), self._file.settings, self._model()
        resolved, set_here = session.sampling(), session.conversation.sampling
        seen = (resolved, set_here, settings, model)
        if seen != self._seen:
            self._seen = seen
            self._by = {name: set_by(name, resolved, set_here, settings, model) for name in NAMES}
            self.list.show(self._value(name, resolved.params) for name in NAMES)
            named = presets.name_of(resolved, set_here, presets.all_presets(settings))
            self.query_one(".sampling--preset", Static).update(Content(one_line(named)))
            self._tell()
        step = session.last_step
        if step is not self._pictured or resolved.params != self._tried:
            self._pictured, self._tried = step, resolved.params
            self.call_after_refresh(self._draw_picture, step, resolved.params)  # the values are shown first

    @work(group="picture", exclusive=True)
    async def _draw_picture(self, step: LastStep | None, params: SamplingParams) -> None:
        stages: Sequence[Stage] = ()
        if step is not None:
            from tui.engine.filter_stages import filter_stages  # not before there is a model: it imports numpy

            stages = await asyncio.to_thread(filter_stages, step, params, _TOP)
        for picture in self.query(Distribution):  # none where the panel closes meanwhile
            picture.show(stages)

    def _show_keys(self, _: Screen[object]) -> None:
        """The keys of the values where they have the focus, else the one that goes there."""
        shown_keys: dict[str, Content] = {}
        for key, active in self.screen.active_bindings.items():
            binding = active.binding
            is_ours = binding.show and (binding.id or "").startswith("sampling.")
            if is_ours or binding.id == "chat.sampling":
                # With spaces that keep a key and its label in one row.
                label = f"\N{NO-BREAK SPACE}{binding.description.replace(' ', chr(0xA0))}"
                shown_keys.setdefault(binding.id or "", Content.assemble((key_label(key), "bold $text"), label))
        if len(shown_keys) > 1:
            shown_keys.pop("chat.sampling", None)
        self.query_one(".sampling--keys", Static).update(Content("  ").join(shown_keys.values()))

    def _value(self, name: str, params: SamplingParams) -> SamplingValue:
        by = self._by[name]
        text = shown(SCHEMA[f"sampling.{name}"], getattr(params, name))
        return SamplingValue(name, text, str(by), by in _OURS, not no_effect(name, params))

    def _tell(self) -> None:
        """What there is to know of the marked value."""
        current = self.list.current
        if current is None:
            return
        setting = SCHEMA[f"sampling.{current.name}"]
        default = shown(setting, self._file.settings.shipped[setting.key])
        text = Content.assemble(
            (f"{self._helps[setting.key]}\n", ""), (f"default {default} · {setting.range}", "$text-muted")
        )
        if why := no_effect(current.name, self._session().sampling().params):
            text = Content.assemble((f"{why}\n", "$text-warning"), text)
        self._say(text)

    def _say(self, text: Content | str) -> None:
        self.query_one(".sampling--told", Static).update(Content(text) if isinstance(text, str) else text)

    # What the keys do

    @on(SamplingList.Stepped)
    def _step(self, event: SamplingList.Stepped) -> None:
        before = getattr(self._session().sampling().params, event.name)
        after = stepped(event.name, before, event.direction)
        if event.name == "stop":
            self._say("Enter lets you type the texts at which the answer ends.")
        elif after != before:
            self._set(event.name, after)

    @on(SamplingList.Scrolled)
    def _scroll(self, event: SamplingList.Scrolled) -> None:
        picture = self.query_one(".sampling--picture", VerticalScroll)
        picture.scroll_relative(y=event.direction * max(1, picture.size.height - 1), animate=False)

    @on(SamplingList.Wanted)
    def _wanted(self, event: SamplingList.Wanted) -> None:
        match event.what:
            case "type":
                self._type(event.name)
            case "reset":
                self._reset(event.name)
            case "save":
                self._keep()
            case "presets":
                self._choose_preset()
            case _:
                self.close()

    def close(self) -> None:
        """Leave the screen, and the focus to the prompt."""
        self.remove()
        self.call_later(self.screen.run_action, "focus_prompt")

    def on_descendant_blur(self) -> None:
        # Over the talk there is no room for both.
        self.call_after_refresh(self._leave_room)

    def _leave_room(self) -> None:
        is_over = self.screen.has_class("-narrow") and self.app.screen is self.screen
        if is_over and self.is_attached and not self.list.has_focus:
            self.remove()

    def _set(self, name: str, value: Any) -> None:
        """Set a value in this conversation; None leaves it to whoever else sets it."""
        session = self._session()
        self._apply({**session.conversation.sampling, name: value}, {name: value} if value is not None else {})

    def _apply(self, values: Mapping[str, Any], new: Mapping[str, Any]) -> None:
        session = self._session()
        try:
            replace(session.sampling().params, **new)  # they have to go together
            session.set_sampling(values)
        except OvchatError as error:
            self._say(Content.styled(str(error), "$text-error"))
        else:
            self._look()

    @work(group="dialog", exclusive=True)
    async def _type(self, name: str) -> None:
        setting = SCHEMA[f"sampling.{name}"]
        text = shown(setting, getattr(self._session().sampling().params, name))
        value = await self.app.push_screen_wait(ValueDialog(setting, text, self._helps[setting.key]))
        if value is not None:
            self._set(name, setting.checked(value))

    def _reset(self, name: str) -> None:
        """Take back what comes first of what the user has set: of this conversation, of the model, of all."""
        settings = self._file.settings
        if name in self._session().conversation.sampling:
            self._set(name, None)
        elif name in settings.for_model(self._model()):
            self._save(lambda: self._file.reset(f"models.{self._model()}.sampling.{name}"))
        elif f"sampling.{name}" in settings.user:
            self._save(lambda: self._file.reset(f"sampling.{name}"))
        else:
            self._say(f"You have not set {name}.")

    @work(group="dialog", exclusive=True)
    async def _keep(self) -> None:
        """Keep what this conversation sets for its model, or as the default."""
        session, model = self._session(), self._model()
        values = {name: value for name, value in session.conversation.sampling.items() if name in NAMES}
        if not values:
            self._say("This conversation sets nothing of its own: change a value first.")
            return
        options: list[tuple[str, str | None]] = [("As the default, for all models", "")]
        if model:
            options.insert(0, (f"For {model}", model))
        asking = OptionsDialog("Keep these values", options, text=sampling_text(values))
        chosen = await self.app.push_screen_wait(asking)
        if chosen is not None:
            self._save(lambda: self._keep_for(chosen, session, values))

    def _keep_for(self, model: str, session: ChatSession, values: Mapping[str, Any]) -> None:
        """For a model; "" for all."""
        if model:
            section = f"models.{model}.sampling"
            self._file.put(section, self._file.settings.for_model(model) | dict(values))
        else:
            self._file.put("sampling", self._file.settings.user_section("sampling") | dict(values))
            # What is set for this model would come before it.
            if of_model := self._file.settings.for_model(self._model()):
                rest = {name: value for name, value in of_model.items() if name not in values}
                self._file.put(f"models.{self._model()}.sampling", rest)
        here = session.conversation.sampling
        session.set_sampling({name: value for name, value in here.items() if name not in values})

    def _save(self, change: Callable[[], None]) -> None:
        try:
            change()
        except (ValueError, StoreError) as error:
            self._say(Content.styled(str(error), "$text-error"))
        else:
            self._look()

    @work(group="dialog", exclusive=True)
    async def _choose_preset(self) -> None:
        session = self._session()
        name = await self.app.push_screen_wait(
            PresetsScreen(self._file, session.sampling(), session.conversation.sampling)
        )
        if name is not None:
            known = presets.all_presets(self._file.settings)
            values = presets.use(name, session.conversation.sampling, known)
            self._apply(values, known.get(name, {}))
