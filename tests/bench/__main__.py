"""`python -m tests.bench NAME ...`: measures, side by side with the peer; prints a table and JSON.

engine MODEL...     decode, time to first token, second turn, load and memory against openvino-genai
cancel MODEL        how long a cancelled prefill and decode take to end
sampler             what choosing a token costs
models [--model DIR]  opening the table of 200 models, and reading their files behind it
screens             opening every screen with 200 models and 10,000 conversations
search              finding text in 100,000 stored messages, and listing 10,000 conversations
stream [TIMES]      what a streamed token costs the screen, with and without history
app [--only PART]   the whole app in a terminal: start, CPU per token, echo, decode speed, memory
terminal [--dump]   bytes and CPU per token, echo and scrolling of the app's output, near and far, beside peers
themes              switching the theme with 300 messages
shapes DIR          makes the real model shapes with random weights (needs the `starter` extra)
"""

from __future__ import annotations

import importlib
import json
import sys

NAMES = ("app", "engine", "cancel", "models", "sampler", "screens", "search", "shapes", "stream", "terminal", "themes")


def main() -> int:
    if len(sys.argv) < 2 or sys.argv[1] not in NAMES:
        print(__doc__, file=sys.stderr)
        return 2
    bench = importlib.import_module(f"tests.bench.{sys.argv[1]}")
    print(json.dumps(bench.run(sys.argv[2:])))
    return 0


if __name__ == "__main__":
    sys.exit(main())
