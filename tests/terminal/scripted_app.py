"""The real app on a scripted engine, for a pty: `python -m tests.terminal.scripted_app HOME [TOKENS_PER_S]`."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from tests.chat_app import chat_app
from tests.scripted import ScriptedRunner
from tui.terminal.link import link
from tui.terminal.tmux import asked_tmux

ANSWER = """## Foxes — and **rivers**

The quick brown fox “jumps” over the lazy dog … 漢字 😀

- item 1
- item 2 with `code`

| number | what |
| --- | --- |
| 1 | one |

```python
def area(radius):
    return 3.14 * radius ** 2
```
"""
LONG = " ".join(f"word{number}" for number in range(100_000))


def main() -> None:
    home = Path(sys.argv[1])
    per_second = float(sys.argv[2]) if len(sys.argv) > 2 else None
    runner = ScriptedRunner([LONG if per_second else ANSWER], tokens_per_s=per_second, context_limit=10_000_000)
    app = chat_app(home, runner, line=link(*asked_tmux(os.environ)))
    app.run()
    app.services.active.close()
    app.services.outbox.close()


if __name__ == "__main__":
    main()
