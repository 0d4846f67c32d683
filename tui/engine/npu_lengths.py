"""How long prompts and answers may be on an NPU, where both lengths are fixed when the model is compiled."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_CONTEXT = 2047
"""Tokens where the user names no length. Longer ones take long to compile, and were wrong on some processors."""

_STEP = 64  # OpenVINO rounds both lengths up to it
_LEAST = 2 * _STEP


@dataclass(frozen=True, slots=True)
class Lengths:
    """What a model is compiled for.

    Attributes:
        prompt: Tokens that are computed at once; those of a longer prompt follow one by one.
        response: Tokens that there is room for after such a prompt.
    """

    prompt: int
    response: int

    @property
    def context(self) -> int:
        """Tokens that a conversation may have: the last one of both lengths is the device's own."""
        return self.prompt + self.response - 1


def lengths_for(context: int) -> Lengths:
    """Lengths that have room for `context` tokens: three quarters for the prompt, which has the whole conversation."""
    total = max(_LEAST, -(-(context + 1) // _STEP) * _STEP)
    response = max(_STEP, total // 4 // _STEP * _STEP)
    return Lengths(total - response, response)
