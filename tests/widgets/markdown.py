"""Markdown to try things with, and what it looks like."""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from tui.widgets.block_layout import lay_out
from tui.widgets.growing_markdown import parse
from tui.widgets.markdown_blocks import Block

DOCUMENT = """# Title

Some *text* with `code`, a [link](https://example.com/page) and https://plain.example.

1. first
2. second
   - nested
   - again

   ```sh
   ls -l
   ```
3. third

> quoted
> twice

| a | b |
|---|---|
| 1 | **2** |
| 3 | 4 |

```python title="x"
def area(r):
    return 3 * r ** 2
```

---

Last paragraph
in two lines.
"""

_words = st.text("abcxyz", min_size=1, max_size=6)
_marks = st.sampled_from(
    [
        "\n",
        "\n\n",
        "- ",
        "1. ",
        "> ",
        "```\n",
        "```py\n",
        "    ",
        "**",
        "*",
        "`",
        "# ",
        "[",
        "](u) ",
        "<b>",
        "---\n",
        "~~",
    ]
)
documents = st.lists(st.one_of(_words, _words, st.just(" "), _marks), max_size=40).map("".join)

_lines = st.sampled_from(
    [
        "- a\n",
        "- b\n",
        "  - c\n",
        "  d\n",
        " - e\n",
        "* f\n",
        "1. g\n",
        "2. h\n",
        "10) i\n",
        "   j\n",
        "\n",
        "\n",
        "|k|l|\n",
        "|-|-|\n",
        "| mm | n\n",
        "```py\n",
        "```\n",
        "~~~\n",
        "    o\n",
        "p q r s t\n",
        "===\n",
        "---\n",
        "> u\n",
        "# v\n",
        "-\n",
        "x",
    ]
)
long_documents = st.lists(st.one_of(_lines, st.tuples(_lines, st.integers(2, 9)).map(lambda s: s[0] * s[1]))).map(
    "".join
)


def rows_of(blocks: Sequence[Block], width: int = 60) -> list[str]:
    """The rows that blocks take."""
    rows: list[str] = []
    for number, block in enumerate(blocks):
        layout = lay_out(block, width)
        rows += [""] * (number > 0 and not block.joined)
        rows += [row.lead + layout.text(row).plain for row in layout.rows]
    return rows


def lines_of(markdown: str, width: int = 60) -> list[str]:
    """The rows that `markdown` takes, but for the gaps between blocks."""
    layouts = [lay_out(block, width) for block in parse(markdown)]
    return [row.lead + layout.text(row).plain for layout in layouts for row in layout.rows]
