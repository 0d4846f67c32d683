"""The chat screen's keys and the actions without a key: one table for the screen, the help and the palette."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from textual.app import SystemCommand
from textual.binding import Binding

from tui.screens.help import CHOSEN, FIRST_OF_ALL
from tui.widgets.keys_row import key_label


def _key(keys: str, action: str, label: str, tooltip: str, group: Binding.Group) -> Binding:
    name = action.partition("(")[0]
    sign = {"(-1)": "_before", "(1)": "_after"}.get(action.removeprefix(name), "")
    return Binding(keys, action, label, id=f"chat.{name}{sign}", tooltip=tooltip, group=group, show=False)


_FIRST = Binding.Group(FIRST_OF_ALL)
_ANSWERS = Binding.Group("Answers and branches")
_CHATS = Binding.Group("Conversations")
_VALUES = Binding.Group("Model and sampling")
_VIEW = Binding.Group("View")

KEYS = [
    _key("escape", "back", "Stop", "Stop the answer; its text stays. First it closes what is open.", _FIRST),
    _key(
        "ctrl+c,super+c", "interrupt", "Copy or stop", "Copy the selection; else stop; twice when idle: quit.", _FIRST
    ),
    _key("ctrl+g", "edit_externally", "External editor", "Write the prompt in $VISUAL or $EDITOR.", _FIRST),
    _key("alt+g", "proceed", "Continue", "Go on with an answer that was stopped or cut off.", _ANSWERS),
    _key("ctrl+r", "regenerate", "Regenerate", "Another answer to the same question; the old one stays.", _ANSWERS),
    _key("alt+r", "replay", "Replay", "The same seed and settings again, from an empty cache.", _ANSWERS),
    _key("alt+e", "edit", "Edit", "Edit the last message, or the selected one, as a new branch.", _ANSWERS),
    _key(
        "shift+tab",
        "choose_message",
        "Choose a message",
        "Choose the last message; then Up and Down go from one to the next, and Esc leaves it.",
        Binding.Group(CHOSEN),
    ),
    _key("alt+left", "sibling(-1)", "Version before", "The version of the message before this one.", _ANSWERS),
    _key("alt+right", "sibling(1)", "Version after", "The version of the message after this one.", _ANSWERS),
    _key("alt+c", "copy_answer", "Copy answer", "Send the answer to the clipboard.", _ANSWERS),
    _key("alt+k", "copy_code", "Copy code", "Send a code block to the clipboard, by number.", _ANSWERS),
    _key("alt+i", "details", "Details", "How an answer came about: seed, sampling, timings.", _ANSWERS),
    _key("alt+a", "alternatives", "Alternatives…", "How likely each token was; go on from another one.", _ANSWERS),
    _key("ctrl+t", "inspect", "Prompt inspector", "What the model would be given now, token by token.", _ANSWERS),
    _key("ctrl+n", "new_chat", "New chat", "Begin a new conversation.", _CHATS),
    _key("ctrl+o", "conversations", "Conversations", "All conversations: open, rename, pin, delete.", _CHATS),
    _key("ctrl+f", "find", "Find", "Search the text of all conversations.", _CHATS),
    _key("alt+s", "save", "Save to a file", "Write the conversation to a Markdown or JSON file.", _CHATS),
    _key("f3", "models", "Models", "Switch to another local model.", _VALUES),
    _key("f4", "settings", "Settings", "Every setting: its value, who set it, and another one.", _VALUES),
    _key("f5", "sampling", "Sampling", "Every sampling value beside the talk, and the presets; again: close.", _VALUES),
    _key("f6", "temperature(-1)", "Cooler", "Temperature down by 0.1, from the next turn on.", _VALUES),
    _key("f7", "temperature(1)", "Warmer", "Temperature up by 0.1, from the next turn on.", _VALUES),
    _key("f8", "preset", "Next preset", "The next sampling preset; in the end the model's own values.", _VALUES),
    _key("f2", "focus_prompt", "Chat", "Back to the prompt.", _VIEW),
    _key("f9", "fold_thinking", "Thinking", "Fold or unfold the thinking of all answers.", _VIEW),
    _key("alt+v", "plain_view", "Plain view", "The conversation as plain text, to be selected; a key returns.", _VIEW),
    _key("pageup", "page(-1)", "Page up", "Scroll the transcript up.", _VIEW),
    _key("pagedown", "page(1)", "Page down", "Scroll the transcript down.", _VIEW),
    _key("ctrl+end", "follow", "Follow", "Go to the end and follow the answer again.", _VIEW),
    _key("f1", "help", "Help", "The keys of this screen.", _FIRST),
]


@dataclass(frozen=True, slots=True)
class Command:
    """An action that only the palette has."""

    title: str
    help: str
    action: str


COMMANDS = [
    Command("New temporary chat", "A conversation that is not stored.", "temporary_chat"),
    Command("Rename conversation", "Give this conversation another title.", "rename"),
    Command("System prompt", "What the model is told first in this conversation.", "system_prompt"),
    Command("Persona", "A system prompt with sampling and a model, by name, for this conversation.", "persona"),
    Command("Save as persona", "This conversation's system prompt, sampling and model, by a name.", "save_persona"),
    Command("Edit an earlier message", "Choose one of your messages and edit it as a new branch.", "edit_earlier"),
    Command("Take back queued message", "The last message that waits goes back into the prompt.", "take_back"),
    Command("Device", "Run the model on another device.", "device"),
    Command("Pull a model", "Get a model from the Hugging Face hub.", "models('pull')"),
    Command("Convert a model", "Convert a model of Hugging Face's format to OpenVINO's.", "models('convert')"),
    Command("Devices", "What models can run on here, what of it is missing, and what is compiled.", "devices"),
]


def commands(run: Callable[[str], Callable[[], object]]) -> Iterator[SystemCommand]:
    """All of them, for the palette; `run` makes an action to be called."""
    for key in KEYS:
        label = key_label(key.key.partition(",")[0])
        yield SystemCommand(key.description, f"{key.tooltip} ({label})", run(key.action))
    for command in COMMANDS:
        yield SystemCommand(command.title, command.help, run(command.action))
