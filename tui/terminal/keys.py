"""Keys by their names: what Textual's parser has no name for, or the wrong one, or none that a binding can spell.

`register()` is called once, before the app runs. Textual has no public way to add a sequence (Textualize/textual
pull request 6577 is open); this is the one place that touches its table.
"""

from __future__ import annotations

import re
from enum import StrEnum

from textual import _ansi_sequences
from textual._keyboard_protocol import FUNCTIONAL_KEYS, MODIFIER_FUNCTIONAL_KEYS
from textual.keys import Keys


class _Key(StrEnum):
    """Textual reads a key's name from `.value`."""

    ALT_ENTER = "alt+enter"
    ALT_LEFT = "alt+left"
    ALT_RIGHT = "alt+right"


_SEQUENCES: dict[str, tuple[Keys | _Key]] = {
    # Alt+Enter without an extended keyboard protocol. Unknown, it would arrive as Enter and send half a prompt.
    "\x1b\r": (_Key.ALT_ENTER,),
    "\x1b\n": (_Key.ALT_ENTER,),
    # Alt+Backspace of a terminal whose Backspace is Ctrl+H: as that of one whose Backspace is DEL.
    "\x1b\x08": (Keys.ControlW,),
    # Esc and an arrow, where TEXTUAL_DISABLE_KITTY_KEY is set: Esc stops an answer.
    "\x1b[1;3D": (_Key.ALT_LEFT,),
    "\x1b[1;3C": (_Key.ALT_RIGHT,),
    # rxvt: the table has these the wrong way round.
    "\x1b[7^": (Keys.ControlHome,),
    "\x1b[8^": (Keys.ControlEnd,),
    "\x1bOb": (Keys.ControlDown,),
}
_KEY = re.compile(r"\x1b\[([0-9:]{0,20})(?:;([0-9:]{0,9}))?(?:;([0-9:]*))?([u~A-HPQRS])")
_NO_KEY = re.compile(r"\x1b\[[0-9:;]*[u~A-HPQRS]")
_SS3 = re.compile(r"\x1bO(?:1;)?([2-9]|1[0-6])([A-DFHPQRS])")
_SHIFT, _ALT, _LOCKS = 1, 2, 64 | 128
_RELEASED = "3"
# Shift alone is no key that anybody has a use for, and would come between Ctrl+C and Ctrl+C.
_ALONE = {*MODIFIER_FUNCTIONAL_KEYS, "caps_lock", "num_lock", "scroll_lock"}
_LAST = 0x10FFFF
# F13 to F20 of rxvt and of the VT220: Textual would read these numbers as characters' (25 is Ctrl+Y).
_F13 = {number: 57376 + count for count, number in enumerate((25, 26, 28, 29, 31, 32, 33, 34))}


def register() -> None:
    """Teach Textual's table these sequences. Calling it again changes nothing."""
    sequences = _ansi_sequences.ANSI_SEQUENCES_KEYS
    assert isinstance(sequences, dict)
    sequences.update(_SEQUENCES)
    # Textual types what Option and these keys give on one terminal of Macs; everywhere else it is Alt and the key.
    for key in "0123456789-=":
        sequences.pop(f"\x1b{key}", None)


def plain(sequence: str) -> str:
    """The same key in the way of writing it that Textual reads; characters, where it types some; "" where it is none.

    Args:
        sequence: A whole one that begins with CSI or SS3.
    """
    if old := _SS3.fullmatch(sequence):  # F1 to F4 and arrows with a modifier, as xterm once sent them
        return f"\x1b[1;{old[1]}{old[2]}"
    if sequence == "\x1b[1;2Z":
        return "\x1b[Z"
    key = _KEY.fullmatch(sequence)
    if key is None:
        return "" if _NO_KEY.fullmatch(sequence) else sequence
    code, mask, text, final = (part or "" for part in key.groups())
    # After colons: other codes of the same key, and whether it was pressed or let go, which nobody asked for.
    number = _number(code.partition(":")[0])
    mask, _, event = mask.partition(":")
    bits = max(0, _number(mask) - 1) & ~_LOCKS
    if event == _RELEASED or number > _LAST:
        return ""
    if final == "u":
        return _unicode_key(number, bits, [_number(each) for each in text.split(":")] if text else []) if code else ""
    if final == "~" and number == 27 and text:
        return _other_key(_number(text), bits)
    if final == "R" and mask:
        # F3 with modifiers; else it says where the cursor is.
        return f"\x1b[13;{bits + 1}~" if code == "1" and _number(mask) <= 16 else ""
    return _function_key(number or 1, bits, final)


def _function_key(number: int, bits: int, final: str) -> str:
    if final == "~" and number in _F13:
        return f"\x1b[{_F13[number]};{bits + 1}u"
    if f"{number}{final}" not in FUNCTIONAL_KEYS:  # Textual would take the number for that of a character.
        return ""
    if bits:
        return f"\x1b[{number};{bits + 1}{final}"
    return f"\x1b[{number if final == '~' else ''}{final}"


def _other_key(number: int, bits: int) -> str:
    """The key of CSI 27 ; modifiers ; number ~, xterm's modifyOtherKeys, which counts Shift into the letter."""
    if not 0 < number <= _LAST:
        return ""
    character = chr(number)
    if not bits or (bits == _SHIFT and character.isprintable()):
        return character
    if bits & _SHIFT and character.isupper() and len(character.lower()) == 1:
        number = ord(character.lower())
    return f"\x1b[{number};{bits + 1}u"


def _unicode_key(number: int, bits: int, text: list[int]) -> str:
    """The key of CSI number ; modifiers ; text u, kitty's protocol."""
    if FUNCTIONAL_KEYS.get(f"{number}u") in _ALONE:
        return ""
    known = f"{number}u" in FUNCTIONAL_KEYS or chr(number).isprintable()
    if not (known or text) or any(each > _LAST for each in text):
        return ""
    characters = "".join(character for character in map(chr, text) if character.isprintable())
    # An input method's text has no key, and may be longer than what Textual reads.
    if len(characters) > 1 or not known:
        return characters
    # Alt and a letter is not that letter; what Alt types of its own (Option on a Mac) is.
    if bits & _ALT and characters in (chr(number), chr(number).upper()):
        characters = ""
    if characters:
        return f"\x1b[{number};{bits + 1};{ord(characters)}u"
    return f"\x1b[{number};{bits + 1}u" if bits else f"\x1b[{number}u"


def _number(digits: str) -> int:
    return int(digits) if digits else 0
