"""The shortest SGR sequence from one look to another."""

from __future__ import annotations

from functools import lru_cache

from tui.terminal.cells import taken_apart

# Attribute -> what ends it. Bold and dim end together, and so on.
_OFF = {
    "1": "22", "2": "22", "3": "23", "4": "24", "21": "24", "5": "25", "6": "25", "7": "27", "8": "28", "9": "29",
    "51": "54", "52": "54", "53": "55",
}  # fmt: skip


@lru_cache(maxsize=4096)
def transition(before: str, after: str) -> str:
    """The sequence that makes a pen with the look `before` one with the look `after`."""
    anew = f"\x1b[0;{after}m" if after else "\x1b[m"
    old, new = taken_apart(before), taken_apart(after)
    gone = old.attributes - new.attributes
    if not gone <= _OFF.keys():
        return anew
    off = {_OFF[code] for code in gone}
    ended = {code for code in old.attributes if _OFF.get(code) in off}
    codes = sorted(off) + sorted(new.attributes - (old.attributes - ended), key=int)
    if new.foreground != old.foreground:
        codes.append(new.foreground or "39")
    if new.background != old.background:
        codes.append(new.background or "49")
    # Looks that say the same in other words need nothing; an empty SGR would be a reset.
    return min(f"\x1b[{';'.join(codes)}m", anew, key=len) if codes else ""
