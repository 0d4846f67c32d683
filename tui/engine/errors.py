"""Errors that reach the user: each is one sentence that names the thing, and the next step.

Nothing else may leave the engine; what OpenVINO throws is turned into one of these where it is met.
"""

from __future__ import annotations


class OvchatError(Exception):
    """A failure the user can act on.

    Args:
        sentence: What is wrong, naming the file, field, device or value.
        next_step: What to do about it, settings by their keys; empty where the sentence says it already.
        code: What kind of failure it is, for programs: `weights-short`. What the doctor finds has one; "" elsewhere.
    """

    def __init__(self, sentence: str, next_step: str = "", *, code: str = "") -> None:
        super().__init__(sentence, next_step)
        self.sentence = sentence
        self.next_step = next_step
        self.code = code

    def __str__(self) -> str:
        return f"{self.sentence} {self.next_step}".rstrip()


class ModelNotFound(OvchatError):
    """No such model folder or model name."""


class ModelBroken(OvchatError):
    """A model folder whose files are missing, cut off, unreadable or do not fit together."""


class ModelNotSupported(OvchatError):
    """A whole model of a kind that cannot chat (encoder-decoder, embedding, draft, ...)."""


class TokenizerMissing(ModelBroken):
    """The folder has no OpenVINO tokenizer or detokenizer."""


class TemplateError(OvchatError):
    """The model's chat template cannot be read or rejects the conversation."""


class NoModel(OvchatError):
    """There is no model to answer."""


class DeviceNotFound(OvchatError):
    """A device that was asked for is not here."""


class BadParameter(OvchatError, ValueError):
    """A sampling parameter, engine option or setting outside its range."""


class BadText(OvchatError, ValueError):
    """Text that cannot be encoded (lone surrogates) or an empty prompt."""


class BadToken(OvchatError, ValueError):
    """A token id outside the model's vocabulary."""


class BadLogits(OvchatError):
    """The model's output has NaN or infinity in it, or leaves no token to choose."""


class ContextFull(OvchatError):
    """The prompt does not fit in the context.

    Args:
        tokens: Tokens of the prompt.
        limit: Tokens the context holds.
    """

    def __init__(self, tokens: int, limit: int) -> None:
        super().__init__(
            f"The prompt has {tokens:,} tokens, {tokens - limit + 1:,} too many for the context of {limit:,} tokens "
            "(one is kept for the answer).",
            "Shorten it, or raise engine.context if the model and the memory allow.",
        )
        self.tokens = tokens
        self.limit = limit


class NotEnoughMemory(OvchatError):
    """The model or its KV cache does not fit in memory."""


class TooSlow(OvchatError):
    """Loading took longer than it may.

    Args:
        seconds: How long it may take.
    """

    def __init__(self, seconds: int) -> None:
        super().__init__(
            f"The model was not loaded within {seconds:,} s.",
            "Set engine.load_timeout to more seconds or to none, or choose another device: the first time on an NPU or "
            "a GPU takes longest.",
        )


class Cancelled(Exception):
    """Raised inside the engine when a cancel request was seen; never reaches the user."""
