"""When an answer ends: stop tokens, stop strings, and the reason that is told afterwards.

Stop tokens come from plain data (no tokenizer object, no files); stop strings are looked for in text that arrives in
pieces of any size, and the result does not depend on how it was cut into them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any


class FinishReason(StrEnum):
    """Why an answer ended."""

    STOP = "stop"
    LENGTH = "length"
    CANCELLED = "cancelled"


# What ends a turn in the chat formats in use. Only those that the model's own template writes are taken, so a model
# whose generation_config.json forgets them (many do) still stops.
_END_OF_TURN = (
    "<|im_end|>",  # ChatML: Qwen, Yi, InternLM, SmolLM, LFM2
    "<|im:end|>",  # Solar
    "<|eot_id|>",  # Llama 3
    "<|eom_id|>",
    "<|eot|>",  # Llama 4
    "<|eom|>",
    "<end_of_turn>",  # Gemma 2 and 3
    "<turn|>",  # Gemma 4
    "<|end|>",  # Phi-3 and 4-mini
    "<|end_of_turn|>",  # OpenChat, Starling
    "<|END_OF_TURN_TOKEN|>",  # Command R
    "<|end_of_text|>",  # Granite
    "<|endoftext|>",  # OLMo, Falcon, StableLM
    "<｜end▁of▁sentence｜>",  # DeepSeek
    "<|assistant_end|>",  # Apertus
    "<|role_end|>",  # Ling
    "<|return|>",  # gpt-oss
    "<|call|>",
    "<seed:eos>",  # Seed-OSS
    "[|endofturn|]",  # EXAONE
    "</s>",  # Llama 2, Mistral, Zephyr
)
# In gpt-oss's format <|end|> only ends one channel: the answer comes after it.
_CHANNEL, _END_OF_CHANNEL = "<|channel|>", "<|end|>"


def stop_token_ids(
    generation_config: Mapping[str, Any],
    *,
    token_id: Callable[[str], int | None],
    template_text: str,
    tokenizer_eos_id: int | None,
) -> frozenset[int]:
    """All token ids that end an answer.

    Args:
        generation_config: The model's generation_config.json; `eos_token_id` is an id or a list of them, and
            anything else there is passed over.
        token_id: The id of a text that is one added token of the tokenizer, else None.
        template_text: The source of the chat template; "" where there is none.
        tokenizer_eos_id: The tokenizer's own end-of-sequence id.
    """
    found = (token_id(text) for text in ends_of_turn(template_text))
    return ids_in(generation_config.get("eos_token_id")) | ids_in(tokenizer_eos_id) | ids_in([*found])


def ends_of_turn(template_text: str) -> Iterable[str]:
    """The texts by which a chat template ends a turn; each is one token, where the tokenizer has it."""
    for text in _END_OF_TURN:
        if text in template_text and not (text == _END_OF_CHANNEL and _CHANNEL in template_text):
            yield text


def ids_in(value: object) -> frozenset[int]:
    """The token ids in a value of a JSON file, which is an id, a list of them, or anything."""
    values = value if isinstance(value, list | tuple) else (value,)
    return frozenset(each for each in values if isinstance(each, int) and not isinstance(each, bool) and each >= 0)


class StopStrings:
    """Finds the first stop string in streamed text and lets nothing of it through.

    The stop string that is complete first ends the text; of several complete at the same character the longest is
    cut off. What might be the beginning of one is held back until it is clear that it is not, so nothing is lost.
    The cost per character depends on the longest stop string, not on the text before.

    Attributes:
        matched: The stop string that was found, or None.
    """

    def __init__(self, stops: Iterable[str]) -> None:
        # Longest first: the first that fits is the one to cut off.
        self._stops = tuple(sorted({each for each in stops if each}, key=len, reverse=True))
        self._beginnings = {stop[:length] for stop in self._stops for length in range(1, len(stop) + 1)}
        self._held = ""
        self.matched: str | None = None

    def feed(self, text: str) -> tuple[str, bool]:
        """The text that may be shown now, and whether a stop string was found (then it stays found)."""
        if self.matched is not None:
            return "", True
        if not self._stops:
            return text, False
        # `held` is always the longest end of the text so far that begins some stop string.
        shown: list[str] = []
        held = self._held
        for character in text:
            held += character
            start = 0
            while start < len(held) and held[start:] not in self._beginnings:
                start += 1
            if start:
                shown.append(held[:start])
                held = held[start:]
            if held.endswith(self._stops):
                self.matched = next(stop for stop in self._stops if held.endswith(stop))
                shown.append(held.removesuffix(self.matched))
                self._held = ""
                return "".join(shown), True
        self._held = held
        return "".join(shown), False

    def finish(self) -> str:
        """What was held back and is text after all; to be called once, when the answer has ended otherwise."""
        held, self._held = self._held, ""
        return held
