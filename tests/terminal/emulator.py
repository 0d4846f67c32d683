"""pyte, with the attributes that it lacks (dim, conceal, overline, two underlines), read as what a person sees."""

from __future__ import annotations

from typing import Any, NamedTuple

import pyte

_FLAGS = {
    1: "bold", 2: "dim", 3: "italics", 4: "underscore", 5: "blink", 7: "reverse", 8: "conceal", 9: "strikethrough",
    21: "double", 53: "overline",
}  # fmt: skip
_OFF = {
    22: ("bold", "dim"), 23: ("italics",), 24: ("underscore", "double"), 25: ("blink",), 27: ("reverse",),
    28: ("conceal",), 29: ("strikethrough",), 55: ("overline",),
}  # fmt: skip
_ON_BLANKS = ("underscore", "double", "strikethrough", "overline", "reverse")  # what is seen without a letter


class Char(NamedTuple):
    data: str = " "
    fg: str = "default"
    bg: str = "default"
    bold: bool = False
    italics: bool = False
    underscore: bool = False
    strikethrough: bool = False
    reverse: bool = False
    blink: bool = False
    dim: bool = False
    conceal: bool = False
    double: bool = False
    overline: bool = False


class Emulator(pyte.Screen):
    """A terminal to be fed and looked at."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self._stream = pyte.Stream(self)
        # As Textual has it: what is written beyond the right border does not wrap.
        self.feed("\x1b[?7l")

    @property
    def default_char(self) -> Any:
        return Char()

    def reset(self) -> None:
        super().reset()
        self.cursor.attrs = Char()  # type: ignore[assignment]

    def feed(self, text: str) -> None:
        # A terminal line makes CR LF of LF.
        self._stream.feed(text.replace("\n", "\r\n"))

    def select_graphic_rendition(self, *attrs: int, **_: Any) -> None:
        codes, changes = list(attrs or [0]), dict[str, Any]()
        while codes:
            code = codes.pop(0)
            if code == 0:
                changes = Char()._asdict()
            elif code in (38, 48):
                kind = codes.pop(0)
                count = 1 if kind == 5 else 3
                changes["fg" if code == 38 else "bg"] = ":".join(map(str, (kind, *codes[:count])))
                del codes[:count]
            elif 30 <= code <= 37 or 90 <= code <= 97:
                changes["fg"] = str(code)
            elif 40 <= code <= 47 or 100 <= code <= 107:
                changes["bg"] = str(code - 10)
            elif code in (39, 49):
                changes["fg" if code == 39 else "bg"] = "default"
            elif code in _FLAGS:
                changes[_FLAGS[code]] = True
            else:
                changes |= dict.fromkeys(_OFF[code], False)
        changes.pop("data", None)
        self.cursor.attrs = self.cursor.attrs._replace(**changes)

    def picture(self) -> list[list[Char]]:
        """Every cell; of a blank one, only what can be seen of it."""
        return [self.row(y) for y in range(self.lines)]

    def row(self, y: int) -> list[Char]:
        """Every cell of a row."""
        return [_seen(self.buffer[y][x]) for x in range(self.columns)]


def _seen(char: Any) -> Char:
    if char.data != " ":
        return Char(*char)
    lines = {name: getattr(char, name) for name in _ON_BLANKS}
    return Char(bg=char.bg, fg=char.fg if any(lines.values()) else "default", **lines)
