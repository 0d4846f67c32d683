"""The keys that type and move in a box of text: Textual's, in our words, so that the help can show them."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace

from textual.binding import Binding, BindingType
from textual.widgets import Input, TextArea

NEW_LINE_KEYS = "ctrl+j,alt+enter,shift+enter,ctrl+enter"
"""Of a box in which Enter sends or answers. The last two come only from terminals with an extended protocol."""

# By action: of several lines, and of one. The id is the action's name.
_WORDS = {
    "cursor_up": "A row up.",
    "cursor_down": "A row down.",
    "cursor_left": "A character to the left.",
    "cursor_right": "A character to the right.",
    "cursor_word_left": "A word to the left.",
    "cursor_word_right": "A word to the right.",
    "cursor_left_word": "A word to the left.",
    "cursor_right_word": "A word to the right.",
    "cursor_line_start": "To the beginning of the line.",
    "cursor_line_end": "To the end of the line.",
    "cursor_page_up": "A page up.",
    "cursor_page_down": "A page down.",
    "home": "To the beginning.",
    "end": "To the end.",
    "select_line": "Select the line.",
    "select_all": "Select everything.",
    "delete_left": "Delete the character before the cursor.",
    "delete_right": "Delete the character after the cursor.",
    "delete_word_left": "Delete back to the beginning of the word.",
    "delete_word_right": "Delete up to the end of the word.",
    "delete_left_word": "Delete back to the beginning of the word.",
    "delete_right_word": "Delete up to the end of the word.",
    "delete_to_start_of_line": "Delete back to the beginning of the line.",
    "delete_to_end_of_line_or_delete_line": "Delete up to the end of the line; at the end, the line.",
    "delete_left_all": "Delete everything before the cursor.",
    "delete_right_all": "Delete everything after the cursor.",
    "delete_line": "Delete the line.",
    "cut": "Cut the selection.",
    "paste": "Paste what was cut or copied last.",
    "undo": "Take the last change back.",
    "redo": "Do it again.",
}
_SELECTING = "(True)"


def typing_keys(
    box: type[Input | TextArea], name: str, without: Collection[str], other: Mapping[str, str] | None = None
) -> list[BindingType]:
    """The keys of `box`.

    Args:
        box: Textual's own.
        name: What the ids begin with.
        without: Keys, as Textual writes them, that are the screen's.
        other: Keys in place of Textual's, by action.
    """
    own = [each for each in box.BINDINGS if isinstance(each, Binding) and each.key not in without]
    return [_named(replace(each, key=(other or {}).get(each.action, each.key)), name) for each in own]


def _named(binding: Binding, name: str) -> Binding:
    action = binding.action.removesuffix(_SELECTING)
    words = _WORDS[action]
    if binding.action != action:
        action, words = f"{action}_selecting", f"{words.removesuffix('.')}, selecting."
    return replace(binding, id=f"{name}.{action}", description=words.removesuffix("."), tooltip=words)
