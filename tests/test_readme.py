"""What the README shows, done."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")


def library_example() -> str:
    found = re.search(r"```python\n(.*?)```", README, re.DOTALL)
    assert found
    return found[1]


def test_the_engine_as_a_library_streams_an_answer(
    tiny_model: Callable[[str], Path], capsys: pytest.CaptureFixture[str]
):
    lines = (
        library_example().replace("path/to/model", str(tiny_model("llama"))).replace("seed=1", "seed=1, max_tokens=9")
    )
    exec(lines, {})
    assert capsys.readouterr().out


def test_the_engine_as_a_library_is_cancelled_from_another_thread(tiny_model: Callable[[str], Path]):
    lines = library_example().replace("path/to/model", str(tiny_model("llama")))
    names: dict[str, object] = {}
    lines = lines.replace("generate(model, request, cancel):", "seen(generate(model, request, cancel)):")
    events = []

    def seen(stream):
        for event in stream:
            if len(events) == 3:
                thread = threading.Thread(target=names["cancel"].set)
                thread.start()
                thread.join()
            events.append(event)
            yield event

    names["seen"] = seen
    exec(lines, names)
    assert events[-1].reason == "cancelled"
    assert len(events) < 10
