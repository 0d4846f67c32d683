"""A fixed answer, token by token: prose, lists and code in turn, and tables where they are wanted."""

from __future__ import annotations

_PROSE = (
    "The quick brown fox jumps over the lazy dog and then it stops to look at the river. "
    "Each **token** of this answer is a word, so that its width is always the same. "
)
_CODE = (
    "\n\n```python\n"
    "def area(radius: float) -> float:\n"
    '    """Area of a circle."""\n'
    "    if radius < 0:\n"
    '        raise ValueError("a circle has no negative radius")\n'
    "    return 3.14159 * radius ** 2\n"
    "```\n\n"
)
_LIST = (
    "\n\n"
    + "".join(f"- item {number} of the list, with `code` and some **words** in it\n" for number in range(8))
    + "\n"
)
_TABLE = "\n\n| number | what it is | how it is |\n| --- | --- | ---: |\n" + "".join(
    f"| {number} | row {number} of a **table** | {number * number} of them |\n" for number in range(8)
)


def answer_tokens(count: int, *, tables: bool = False) -> list[str]:
    """`count` tokens; the same ones each time."""
    tokens: list[str] = []
    kinds = (_LIST, _CODE, _TABLE + "\n") if tables else (_LIST, _CODE)
    turn = 0
    while len(tokens) < count:
        tokens += _words(_PROSE * 2) + _words(kinds[turn % len(kinds)])
        turn += 1
    return tokens[:count]


def _words(text: str) -> list[str]:
    """`text` cut behind each space and each line end."""
    words: list[str] = []
    begin = 0
    for index, character in enumerate(text):
        if character in " \n":
            words.append(text[begin : index + 1])
            begin = index + 1
    return [*words, text[begin:]] if begin < len(text) else words
