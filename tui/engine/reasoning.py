"""Splits a streamed answer into what the model thinks and what it answers, by the tags models put around thinking.

Text in pieces of any size in, pieces with their channel out; the result does not depend on how the text was cut.
It knows tags, not models; it is not told which tokens the text was made of.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from enum import StrEnum


class Channel(StrEnum):
    """Which part of the message a piece of text belongs to."""

    ANSWER = "answer"
    REASONING = "reasoning"


# Opening tag -> closing tag. No opening tag may begin with another one.
TAGS: Mapping[str, str] = {
    "<think>": "</think>",  # DeepSeek-R1, Qwen3, SmolLM3, GLM and most others
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "[THINK]": "[/THINK]",  # Magistral
    "<seed:think>": "</seed:think>",  # Seed-OSS
    "<|START_THINKING|>": "<|END_THINKING|>",  # Command A
    "<|begin_of_thought|>": "<|end_of_thought|>",  # OpenThinker
    "<|channel|>analysis<|message|>": "<|end|>",  # gpt-oss
    "<|channel|>commentary<|message|>": "<|end|>",
    "<|channel>thought": "<channel|>",  # Gemma 4
}
# What stands between thinking and answer in such formats, and belongs to neither.
_HEADERS = ("<|start|>assistant", "<|channel|>final<|message|>", "<|START_RESPONSE|>")
_MARKER = re.compile(r"<[^>]+>|\[[^\]]+\]")
_BLANK = " \t\r\n"


def opened_by(prompt: str) -> str:
    """The opening tag that the rendered prompt ends with (the template began the thinking), or "".

    Only a tag at the very end counts: one somewhere before may be something the user wrote.
    """
    end = prompt.rstrip(_BLANK)
    return next((tag for tag in TAGS if end.endswith(tag)), "")


def marker_token_ids(token_id: Callable[[str], int | None], template_text: str) -> frozenset[int]:
    """Ids of the tokens that tags are made of, as far as the template has them; some models list them as special.

    The detokenizer must let them through, or thinking and answer arrive as one text.

    Args:
        token_id: The id of a text that is one added token of the tokenizer, else None.
        template_text: The source of the chat template.
    """
    texts = {text for tag in (*TAGS, *TAGS.values(), *_HEADERS) for text in _MARKER.findall(tag)}
    ids = (token_id(text) for text in texts if text in template_text)
    return frozenset(each for each in ids if each is not None)


def begun_thinking(prompt: str, thinking: str, text: str, template_text: str) -> str:
    """An answer that has begun, with its thinking in the tags of the model that is to go on with it.

    Args:
        prompt: The rendered prompt; where it has opened the thinking, what begins with the answer's text closes it.
        thinking: What was thought; left out where the model's template knows no tag for it.
        text: What was answered.
        template_text: The source of the model's chat template.
    """
    tag = opened_by(prompt)
    if not tag and thinking:
        tag = next((each for each in TAGS if each in template_text), "")
    if not tag:
        return text
    begun = f"{tag}\n{thinking}" if thinking else tag
    return f"{begun}\n{TAGS[tag]}\n\n{text}" if text else begun


class ReasoningSplitter:
    """Splits one answer.

    An opening tag counts only at the beginning (and right after another thinking): text in which an answer explains
    such a tag is answer. The tags are dropped, and so is the white space around thinking; where nothing is thought,
    the text comes out as it went in.

    Args:
        opened: The opening tag that the prompt ended with, as `opened_by` returns it.
    """

    def __init__(self, opened: str = "") -> None:
        self._closing = TAGS[opened] if opened else ""
        self._answering = False
        self._after_thinking = False
        # Whether this thinking has text yet; white space before it is dropped.
        self._thought = False
        # White space and a possible part of a tag: not known yet what it is.
        self._held = ""

    def feed(self, text: str) -> list[tuple[Channel, str]]:
        """The pieces that are certain now, in order; none of them is empty."""
        if self._answering:
            return [(Channel.ANSWER, text)] if text else []
        pieces: list[tuple[Channel, str]] = []
        self._held += text
        more = True
        while more:
            more = self._think(pieces) if self._closing else self._begin(pieces)
        return pieces

    def finish(self) -> list[tuple[Channel, str]]:
        """What was held back and is text after all; to be called once, at the end."""
        held, self._held = self._held, ""
        if self._closing:
            held = held.rstrip(_BLANK)
            return [(Channel.REASONING, held)] if held else []
        if self._after_thinking:
            held = held.lstrip(_BLANK)
        return [(Channel.ANSWER, held)] if held else []

    def _begin(self, pieces: list[tuple[Channel, str]]) -> bool:
        """Between thinking and answer: pass over tags and headers. True: there is more to look at."""
        rest = self._held.lstrip(_BLANK)
        for tag, closing in TAGS.items():
            if rest.startswith(tag):
                self._held, self._closing, self._thought = rest.removeprefix(tag), closing, False
                return True
        for header in _HEADERS:
            if rest.startswith(header):
                self._held, self._after_thinking = rest.removeprefix(header), True
                return True
        if any(marker.startswith(rest) for marker in (*TAGS, *_HEADERS)):
            return False
        pieces.append((Channel.ANSWER, rest if self._after_thinking else self._held))
        self._held, self._answering = "", True
        return False

    def _think(self, pieces: list[tuple[Channel, str]]) -> bool:
        """Inside thinking: up to the closing tag or what may be its beginning. True: there is more to look at."""
        held = self._held if self._thought else self._held.lstrip(_BLANK)
        before, found, after = held.partition(self._closing)
        if not found:
            part = next(n for n in range(len(self._closing) - 1, -1, -1) if held.endswith(self._closing[:n]))
            before = held[: len(held) - part]
        thought = before.rstrip(_BLANK)
        if thought:
            pieces.append((Channel.REASONING, thought))
            self._thought = True
        if found:
            self._held, self._closing, self._after_thinking = after, "", True
        else:
            self._held = held[len(thought) :]
        return bool(found)
