"""How the app looks and which keys it has, as the settings say: at start, and at once when they change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from textual import constants
from textual.theme import Theme

from tui.screens import themes
from tui.screens.key_table import key_table
from tui.screens.keymap import Keys, keymap, keys_in_words, named, remapped
from tui.store.errors import StoreError
from tui.store.settings import where
from tui.store.settings_file import SettingsFile
from tui.terminal.display import TerminalApp
from tui.terminal.key_notes import notes_of

PLAIN = "-plain"
"""The app's class in plain mode."""
_OWN = "ansi_default"
# The terminal's own colours and none besides.
_PLAIN_THEME = Theme(
    "ovchat-plain",
    primary=_OWN,
    foreground=_OWN,
    background=_OWN,
    surface=_OWN,
    panel=_OWN,
    ansi=True,
    variables={
        "ansi-background": _OWN,
        "ansi-foreground": _OWN,
        "block-cursor-background": _OWN,
        "block-cursor-text-style": "bold underline",
    },
)
_PLAIN_ON = "Plain mode is on (appearance.plain): a theme is seen when it is off."
_FEW_COLOURS = "standard"  # 16, as Rich calls it; `tui.cli.app` has told Textual
_THEME, _PLAIN_KEY, _KEYS = "appearance.theme", "appearance.plain", "keys"


class Looks:
    """The looks of `app`.

    Args:
        app: The app.
        settings: The user's settings.
        say: Tells the user what cannot be followed.
    """

    def __init__(
        self,
        app: TerminalApp,
        settings: SettingsFile,
        say: Callable[[Sequence[str]], None],
    ) -> None:
        self._app = app
        self._settings = settings
        self._say = say
        self._animation = app.animation_level
        self._no_colour = app.no_color  # Textual has taken NO_COLOR out of the environment
        self._wrong: list[str] = []

    def begin(self) -> None:
        """What the first paint needs: plain mode and theme. Keys are taken as they are; `check` looks at them."""
        self._follow_plain()
        if wanted := self._settings.settings.section(_KEYS):
            self._app.set_keymap(keymap(named(wanted)))

    def check(self) -> None:
        """Say what cannot be followed, and undo it: to know all keys, all screens have to be imported."""
        if self._settings.settings.section(_KEYS):
            self._follow_keys()
        self._tell()

    def follow(self, changed: Iterable[str]) -> None:
        """These settings have changed."""
        changed = frozenset(changed)
        if _PLAIN_KEY in changed:
            self._follow_plain()
        elif _THEME in changed:
            self._follow_theme()
        if ids := {key.removeprefix(f"{_KEYS}.") for key in changed if key.startswith(f"{_KEYS}.")}:
            taken = self._follow_keys()
            new = {key for id in ids for key in taken.get(id, ())}
            self._wrong += [note.text for note in notes_of(self._app.line, new)]
        self._tell()

    @property
    def plain(self) -> bool:
        """No colour, no borders, no animation."""
        setting = self._settings.settings[_PLAIN_KEY]
        return self._no_colour if setting == "auto" else bool(setting == "on")

    def _preview(self, theme: Theme) -> None:
        if not self.plain:
            self._show(theme)

    async def choose(self) -> None:
        """Let the user choose a theme, and keep it."""
        from tui.screens.theme_chooser import ThemeChooser

        chooser = ThemeChooser(self._wanted, self._preview, _PLAIN_ON if self.plain else "")
        name = await self._app.push_screen_wait(chooser)
        if name is not None:
            try:
                self._settings.set(_THEME, name)
            except StoreError as error:
                self._wrong.append(str(error))
        self._follow_theme()
        self._tell()

    def _follow_plain(self) -> None:
        app = self._app
        app.set_class(self.plain, PLAIN)
        app.animation_level = "none" if self.plain else self._animation
        app.plain = self.plain
        if self.plain:
            self._show(_PLAIN_THEME)
        else:
            self._follow_theme()

    @property
    def _wanted(self) -> str:
        """The theme's name: the user's, else the one for so many colours as the terminal has.

        The others lose theirs where there are 16: what is warned of, and headings, are white as all else.
        """
        settings = self._settings.settings
        if _THEME not in settings.user and constants.COLOR_SYSTEM == _FEW_COLOURS:
            return themes.OF_16_COLOURS
        return str(settings[_THEME])

    def _follow_theme(self) -> None:
        if self.plain:
            return
        try:
            theme = themes.find_theme(self._wanted)
        except themes.BadTheme as error:
            self._wrong.append(f"{error} {themes.DEFAULT} is used.")
            theme = themes.find_theme(themes.DEFAULT)
        self._show(theme)

    def _show(self, theme: Theme) -> None:
        app = self._app
        is_new = app.get_theme(theme.name) != theme
        app.register_theme(theme)
        if is_new and app.theme == theme.name:
            app.refresh_css(animate=False)  # its file has changed: Textual goes by the name alone
        app.theme = theme.name

    def _follow_keys(self) -> Keys:
        table = key_table(type(self._app))
        taken = remapped(table, self._settings.settings.section(_KEYS))
        self._app.keys_in_words = keys_in_words(table, taken.keys)
        self._app.set_keymap(keymap(taken.keys))
        self._wrong += [f"{self._place(f'{_KEYS}.{id}')}: {why} It is ignored." for id, why in taken.problems.items()]
        return taken.keys

    def _tell(self) -> None:
        self._say(self._wrong)
        self._wrong = []

    def _place(self, key: str) -> str:
        try:
            return f"{where(key, self._settings.path)}, {key}"
        except (OSError, ValueError, KeyError):  # it was changed meanwhile
            return f"{self._settings.path}, {key}"
