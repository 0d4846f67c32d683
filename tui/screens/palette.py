"""The palette (Ctrl+P): every action of the screen below it, found by its name or by what it does."""

from __future__ import annotations

from textual.app import SystemCommand
from textual.command import CommandList, CommandPalette, DiscoveryHit, Hit, Hits, Provider
from textual.content import Content

from tui.screens.panel import Panel
from tui.terminal.display import with_present_keys

_BY_HELP = 0.5  # what is found by its help stands below what is found by its name


class Palette(CommandPalette):
    """The palette. Its list has no pages until it is laid out, nor where there is no room for it."""

    def on_mount(self) -> None:
        """As the other panels, it has a title; over one of them it lists that one's."""
        below = self.app.screen_stack[-2]
        where = f"Actions in “{below.HEADING}”" if isinstance(below, Panel) and below.HEADING else "All actions"
        self.query_one("#--container").border_title = Content(where)

    def _action_command_list(self, action: str) -> None:
        if self.query_one(CommandList).scrollable_content_region:
            super()._action_command_list(action)


class Actions(Provider):
    """The actions of a panel, and those that the app names for the screen."""

    async def discover(self) -> Hits:
        """All of them, in their own order."""
        for command in self._commands():
            yield DiscoveryHit(command.title, command.callback, help=command.help)

    async def search(self, query: str) -> Hits:
        """Those whose name or help has what was typed."""
        matcher = self.matcher(query)
        for command in self._commands():
            if score := matcher.match(command.title):
                yield Hit(score, matcher.highlight(command.title), command.callback, help=command.help)
            elif query.casefold() in command.help.casefold():
                yield Hit(_BY_HELP, command.title, command.callback, help=command.help)

    def _commands(self) -> list[SystemCommand]:
        panel = self.screen.commands() if isinstance(self.screen, Panel) else ()
        commands = self.app.get_system_commands(self.screen)
        return [*panel, *(command._replace(help=with_present_keys(self.app, command.help)) for command in commands)]
