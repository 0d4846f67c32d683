"""What lies between the program and the person: a network or not, a multiplexer, which terminal, and what follows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

REMOTE = ("SSH_CONNECTION", "SSH_TTY", "SSH_CLIENT", "MOSH_CONNECTION", "ET_VERSION")
"""The variables of whoever is attached over a network."""
_LOCAL_S, _REMOTE_S = 1 / 15, 1 / 5
_LOCAL_ESCAPE_S, _REMOTE_ESCAPE_S = 0.05, 0.15

# Variable, how its value begins ("" for any), terminal; the first that fits.
_BY_VARIABLE = (
    ("TERM_PROGRAM", "iTerm", "iterm2"),
    ("LC_TERMINAL", "iTerm", "iterm2"),  # ssh hands it on
    ("TERM_PROGRAM", "WezTerm", "wezterm"),
    ("TERM_PROGRAM", "Apple_Terminal", "apple"),
    ("TERM_PROGRAM", "vscode", "vscode"),
    ("TERM_PROGRAM", "ghostty", "ghostty"),
    ("TERM_PROGRAM", "mintty", "mintty"),
    ("KITTY_WINDOW_ID", "", "kitty"),
    ("WEZTERM_PANE", "", "wezterm"),
    ("ALACRITTY_WINDOW_ID", "", "alacritty"),
    ("KONSOLE_VERSION", "", "konsole"),
    ("VTE_VERSION", "", "vte"),
    ("WT_SESSION", "", "windows-terminal"),
    ("XTERM_VERSION", "", "xterm"),
)
# How TERM, or what tmux has heard from its terminal, begins. Not xterm: nearly all of them call themselves that.
_BY_NAME = {
    "xterm-kitty": "kitty", "kitty": "kitty", "xterm-ghostty": "ghostty", "ghostty": "ghostty", "iterm2": "iterm2",
    "wezterm": "wezterm", "alacritty": "alacritty", "foot": "foot", "putty": "putty", "linux": "linux",
    "konsole": "konsole", "vte": "vte", "gnome": "vte", "rxvt": "rxvt", "mintty": "mintty", "xterm(": "xterm",
    "st-": "st", "contour": "contour",
}  # fmt: skip
# What these erase takes the background of the pen.
_ERASE_WITH_COLOUR = (
    "xterm", "tmux", "linux", "rxvt", "putty", "kitty", "alacritty", "foot", "wezterm", "konsole", "vte", "gnome",
    "st-", "contour", "ghostty", "iterm2", "mintty",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Link:
    """What is between the program and the person.

    Attributes:
        remote: A network is, as far as can be told.
        multiplexer: "tmux", "screen" or "".
        terminal: The terminal's name, in lower case: "kitty", "wezterm", "iterm2", "windows-terminal", "vte", "apple",
            "alacritty", "foot", "ghostty", "konsole", "vscode", "mintty", "rxvt", "putty", "linux", "xterm", "st",
            "contour"; "" where it does not tell. Behind a multiplexer, what that knows of it.
        erases_with_colour: What it erases takes the background of the pen (bce in terminfo).
        nested: The terminal that tmux is attached to is another tmux's.
    """

    remote: bool = False
    multiplexer: str = ""
    terminal: str = ""
    erases_with_colour: bool = False
    nested: bool = False

    def refresh(self, setting: int | None) -> float:
        """Seconds between two frames at least, given the setting in frames per second."""
        return 1 / setting if setting else _REMOTE_S if self.remote else _LOCAL_S

    def escape_delay(self, setting: int | None) -> float:
        """Seconds that Esc waits for the rest of a key, given the setting in milliseconds."""
        return setting / 1000 if setting else _REMOTE_ESCAPE_S if self.remote else _LOCAL_ESCAPE_S

    def mouse(self, setting: str) -> bool:
        """Whether the mouse is ours to begin with, given the setting."""
        # With the mouse on, GNU screen (4.9) keeps every Esc until another key is pressed.
        return setting == "on" or (setting == "auto" and not self.remote and self.multiplexer != "screen")


def link(environment: Mapping[str, str], attached: str = "") -> Link:
    """What an environment tells.

    Args:
        environment: As it is, or corrected by tmux.
        attached: What tmux calls the terminal that is attached to it.
    """
    term = environment.get("TERM", "")
    if environment.get("TMUX") or term.startswith("tmux"):
        multiplexer = "tmux"
    elif environment.get("STY") or term.startswith("screen"):
        multiplexer = "screen"
    else:
        multiplexer = ""
    erases = multiplexer == "tmux" or term.startswith(_ERASE_WITH_COLOUR)
    return Link(
        remote=any(environment.get(name) for name in REMOTE),
        multiplexer=multiplexer,
        terminal=_terminal(environment, attached, term, multiplexer),
        erases_with_colour="bce" in term if multiplexer == "screen" else erases,
        nested=multiplexer == "tmux" and attached.startswith("tmux"),
    )


def _terminal(environment: Mapping[str, str], attached: str, term: str, multiplexer: str) -> str:
    # What is in the environment behind a multiplexer is of the terminal that it was started from, long ago maybe.
    name = attached.lower() if multiplexer else term
    if not multiplexer:
        for variable, begins, terminal in _BY_VARIABLE:
            if environment.get(variable, "") and environment[variable].startswith(begins):
                return terminal
    return next((terminal for begins, terminal in _BY_NAME.items() if name.startswith(begins)), "")
