"""Where one thing that a terminal sends ends and the next one begins. Text in, lengths out; knows no key."""

from __future__ import annotations

import re

ESC = "\x1b"
PASTE_BEGINS, PASTE_ENDS = "\x1b[200~", "\x1b[201~"

# Answers of the terminal to what was asked: OSC, DCS and APC. They begin so that Alt with ], P or _ is told from them.
_STRING = r"(?:\](?=[0-9])|P(?=[0-9>!])|_(?=G))[^\x07\x18\x1a\x1b]*"
_WHOLE = re.compile(
    r"\x1b(?:"
    # The Linux console's F1 to F5, the mouse (Ghostty's goes below nought, and that of 1988 counts in characters), rxvt
    # with Shift, and what ECMA-48 says. A second ESC is Alt, as rxvt and PuTTY send it.
    r"\x1b?\[(?:\[.|<[-0-9;]*[A-Za-z]|M[^\x00-\x1f]{3}|\d+\$|(?![\[M])[0-?]*[ -/]*[@-~])"
    r"|\x1b?O[0-9;]*[@-~]"
    rf"|{_STRING}(?:[\x07\x18\x1a]|\x1b\\|(?=\x1b[^\\]))"
    r"|[\]P_](?=[^0-9>!G])"
    r"|[^\x1b\[O\]P_]"
    r")",
    re.DOTALL,
)
_BEGUN = re.compile(
    rf"\x1b(?:\x1b?(?:\[(?:\[|<[-0-9;]*|M[^\x00-\x1f]{{0,2}}|[0-?]*[ -/]*)?|O[0-9;]*)?|[\]P_]|{_STRING}\x1b?)",
    re.DOTALL,
)
_BROKEN = re.compile(r"\x1b(?:\x1b?(?:\[[0-?]*[ -/]*|O[0-9;]*)|[\]P_])?(?<!\x1b\x1b)")
# What is left of a sequence must look like one that a terminal sends to be taken for it: "[1]" is what people write.
_SENT = re.compile(
    r"\x1b\x1b?(?:"
    r"\[(?:\[[A-E]|M[^\x00-\x1f]{3}|<[-0-9;]+[Mm]|[?>][0-9;]*\$?[a-zA-Z]|[0-9;:]+(?:\$y|[u~A-HPQRSZIMOcnty^$@])|[A-DFHIOPQRSZa-d])"
    r"|O[0-9;]*[A-DFHMPQRS]"
    r"|[\]P_][0-9>!G].*"
    r")",
    re.DOTALL,
)


def length(text: str) -> int:
    """How long the sequence is with which `text` begins; 0 as long as that may go on.

    Args:
        text: It begins with ESC. A sequence that is broken off ends where it breaks.
    """
    if whole := _WHOLE.match(text):
        return whole.end()
    if _BEGUN.fullmatch(text):
        return 0
    broken = _BROKEN.match(text)
    return broken.end() if broken is not None else 1


def is_sent(sequence: str) -> bool:
    """Whether terminals send this sequence, apart from Alt and a character."""
    return _SENT.fullmatch(sequence) is not None
