"""How a message came about: everything that is stored with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from textual.widget import Widget

from tui.chat.sampling_values import SetBy
from tui.engine.sampling_resolve import Source
from tui.screens.reading_panel import ReadingPanel
from tui.store.records import Ended, Facts, Message, Role
from tui.terminal.display import output_facts
from tui.widgets.fact_list import FactList

_ENDED = {
    Ended.WRITING: "it is being written",
    Ended.STOP: "the model ended it",
    Ended.LENGTH: "it reached the greatest length",
    Ended.CANCELLED: "you stopped it",
    Ended.INTERRUPTED: "ovchat ended while it was written",
    Ended.ERROR: "an error ended it",
}
# Which number it is, its unit, and digits after the point.
_TIMINGS = {
    "load_s": ("Loading the model", "s", 2),
    "ttft_s": ("To the first token", "s", 2),
    "prefill_tokens_per_s": ("Prompt", "tokens/s", 0),
    "decode_tokens_per_s": ("Answer", "tokens/s", 1),
}
_USAGE = {"prompt_tokens": "Prompt", "cached_tokens": "Of it reused", "completion_tokens": "Generated"}
_LABEL_COLUMN = 18

_Rows = list[tuple[str, str]]


class DetailsScreen(ReadingPanel):
    """The facts, in groups; what is not known is left out.

    Args:
        message: The message.
        position: Its place among the versions of the same message, from 1, and how many there are.
    """

    HEADING = "Details"

    def __init__(self, message: Message, position: tuple[int, int]) -> None:
        super().__init__()
        self._message = message
        self._position = position

    def on_mount(self) -> None:
        place, count = self._position
        self.show_facts(f"version {place} of {count}" if count > 1 else "")

    def parts(self) -> Iterable[Widget]:
        message, facts = self._message, self._message.facts
        if message.role is Role.USER:
            groups = {"Your message": _common(message)}
        else:
            groups = {
                "Answer": _answer(message) + _common(message),
                "Tokens": _tokens(message),
                "Speed": _timings(facts.timings),
                "Sampling": _sampling(facts),
                "Terminal": _terminal(output_facts(self.app)),
            }
        yield FactList({name: entries for name, entries in groups.items() if entries}, _LABEL_COLUMN)


def _common(message: Message) -> _Rows:
    written = datetime.fromtimestamp(message.created)
    return [
        ("Begun" if message.role is Role.ASSISTANT else "Written", f"{written:%Y-%m-%d %H:%M:%S}"),
        ("Length", _count(len(message.text), "character")),
    ]


def _answer(message: Message) -> _Rows:
    facts = message.facts
    entries = [
        ("Model", message.model),
        ("Device", facts.device),
        ("Backend", facts.backend),
        ("Precision", facts.precision),
        ("Ended", f"{_ENDED[message.ended]} ({message.ended})" if message.ended else _ENDED[message.ended]),
        ("Error", facts.error),
        ("Next step", facts.next_step),
        ("Replay", _replay(facts)),
    ]
    return [(label, value) for label, value in entries if value]


def _replay(facts: Facts) -> str:
    if facts.replay_of is None:
        return ""
    if facts.differs_at is None:
        return "the same tokens as the answer it repeats"
    return f"differs from the answer it repeats from token {facts.differs_at + 1:,} on"


def _tokens(message: Message) -> _Rows:
    facts = message.facts
    entries = [(label, f"{facts.usage[name]:,}") for name, label in _USAGE.items() if name in facts.usage]
    if message.token_ids:
        entries.append(("Stored", f"{len(message.token_ids):,}"))
    if facts.begun:
        entries.append(("Begun with", f"{_count(facts.begun, 'token')}, the last one chosen in place of another"))
    if facts.reasoning_tokens or facts.reasoning_s:
        entries.append(("Thinking", f"{_count(facts.reasoning_tokens, 'token')}, {facts.reasoning_s:.1f} s"))
    return entries


def _timings(timings: Mapping[str, float]) -> _Rows:
    return [
        (label, f"{timings[name]:,.{digits}f} {unit}")
        for name, (label, unit, digits) in _TIMINGS.items()
        # 0 is what was not measured: an answer of one token has no speed.
        if timings.get(name)
    ]


def _sampling(facts: Facts) -> _Rows:
    """Every value and who set it; the seed that was drawn with, not the one that was asked for."""
    entries = [
        (name, _sourced(_value(value), facts.sources.get(name, "")))
        for name, value in facts.sampling.items()
        if name != "seed"
    ]
    if facts.seed is not None:
        entries.append(("seed", _sourced(str(facts.seed), facts.sources.get("seed", ""))))
    return entries


def _terminal(facts: str) -> _Rows:
    return [("Written now", facts)] if facts else []


def _value(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, str):
        return repr(value)
    if isinstance(value, list | tuple):
        return ", ".join(map(_value, value)) or "none"
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_value(each)}" for key, each in value.items()) or "none"
    return str(value)


def _sourced(value: str, source: str) -> str:
    # An answer keeps who has set what by the engine's names.
    return f"{value}  ({SetBy.APP if source == Source.APP else source})" if source else value


def _count(number: int, what: str) -> str:
    return f"{number:,} {what}" if number == 1 else f"{number:,} {what}s"
