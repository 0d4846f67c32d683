"""A model folder, loaded: everything that turns messages into tokens, tokens into logits, and tokens into text."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, MutableMapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import openvino as ov

from tui.engine import devices, model_files
from tui.engine.backend import Backend
from tui.engine.chat_template import ChatTemplate
from tui.engine.detokenizer import Detokenizer, detokenizer
from tui.engine.errors import Cancelled
from tui.engine.model_files import ModelFiles
from tui.engine.open_backend import open_backend
from tui.engine.options import EngineOptions
from tui.engine.reasoning import marker_token_ids
from tui.engine.stopping import stop_token_ids
from tui.engine.tokenizer import Tokenizer
from tui.engine.tokenizer_files import require_tokenizer

_WARM_UP_TOKENS = 256


class TextSide(NamedTuple):
    """What of a model turns messages into tokens and tokens into text; no weights."""

    tokenizer: Tokenizer
    template: ChatTemplate

    @classmethod
    def load(cls, folder: Path) -> TextSide:
        """Load it from a model's folder; errors as `Tokenizer.load` and `ChatTemplate.find`."""
        tokenizer = Tokenizer.load(ov.Core(), folder)
        template = ChatTemplate.find(folder, tokenizer.rt_info.get("chat_template"), tokenizer.special_tokens)
        return cls(tokenizer, template)


@dataclass(slots=True)
class LanguageModel:
    """One loaded model. Made by `load`, ended by `close` (or `with`).

    Computing (`backend`) belongs to one thread; the tokenizer may be used from others.

    Attributes:
        files: Facts of the folder.
        device: Resolved name, e.g. `CPU` or `GPU.0`.
        precision: Inference precision in use.
        kv_cache: Element type of the KV cache.
        backend: Tokens to logits.
        tokenizer: Text to tokens and back.
        template: Messages to text.
        stop_ids: Token ids that end an answer.
        marker_ids: Tokens that mark thinking; they are text even where the tokenizer calls them special.
        notices: What the user should know about how this model runs, one sentence each.
        load_s: Seconds that loading took.
    """

    files: ModelFiles
    device: str
    precision: str
    kv_cache: str
    backend: Backend[Any]
    tokenizer: Tokenizer
    template: ChatTemplate
    stop_ids: frozenset[int]
    marker_ids: frozenset[int]
    notices: tuple[str, ...]
    load_s: float

    @classmethod
    def load(
        cls,
        folder: str | Path,
        device: str = "auto",
        options: EngineOptions | None = None,
        verdicts: MutableMapping[str, str] | None = None,
        progress: Callable[[str], None] = lambda stage: None,
        cache: Path | None = None,
    ) -> LanguageModel:
        """Load a folder made by optimum-intel (IR, tokenizer, detokenizer, config files).

        Args:
            folder: The model's folder.
            device: `auto`, `CPU`, `GPU`, `GPU.1`, `NPU`, in any case of letters.
            options: How to compile; the defaults suit chatting.
            verdicts: Remembered self-checks; pass the same mapping again to save the check.
            progress: Told what is being done.
            cache: Where compiled models are kept, in a folder for each device that wants it; None for nowhere.

        Raises:
            OvchatError: What is wrong, and what to do.
        """
        started = time.perf_counter()
        options = options or EngineOptions()
        files = model_files.inspect(Path(folder))
        require_tokenizer(files.path)
        core = ov.Core()
        device = devices.resolve_device(core, device)
        # The tokenizer loads beside the model: both spend their time outside Python.
        with ThreadPoolExecutor(1) as beside:
            loading = beside.submit(TextSide.load, files.path)
            opened = open_backend(core, files, device, options, {} if verdicts is None else verdicts, progress, cache)
            try:
                tokenizer, template = loading.result()
            except BaseException:
                # The error's traceback would keep the model in memory for as long as somebody keeps the error.
                opened.backend.close()
                raise
        stop_ids = stop_token_ids(
            files.generation_config,
            token_id=tokenizer.token_id,
            template_text=template.text,
            tokenizer_eos_id=tokenizer.eos_id,
        )
        notices = opened.notices + ((template.warning,) if template.warning else ())
        return cls(
            files=files,
            device=device,
            precision=opened.precision,
            kv_cache=opened.kv_cache,
            backend=opened.backend,
            tokenizer=tokenizer,
            template=template,
            stop_ids=frozenset(token for token in stop_ids if token < opened.backend.vocab_size),
            marker_ids=marker_token_ids(tokenizer.token_id, template.text),
            notices=notices,
            load_s=time.perf_counter() - started,
        )

    @property
    def context_limit(self) -> int:
        """Tokens that prompt and answer may have together."""
        return self.backend.capabilities.context_limit

    def detokenizer(self) -> Detokenizer:
        """A streaming detokenizer for one answer."""
        return detokenizer(self.tokenizer, keep=self.marker_ids)

    def warm_up(self, cancel: threading.Event) -> None:
        """Compute a throw-away prompt and two tokens: the first ones after loading pay for kernels (3x on prefill)."""
        tokens = np.arange(_WARM_UP_TOKENS) % self.backend.vocab_size
        tokens = tokens[: self.context_limit - 2]
        sequence = self.backend.create()
        try:
            self.backend.step(sequence, tokens, cancel=cancel)
            for _ in range(2):
                self.backend.step(sequence, tokens[:1], cancel=cancel)
        except Cancelled:
            return
        finally:
            self.backend.free(sequence)

    def close(self) -> None:
        """Give the memory back."""
        self.backend.close()
        self.tokenizer.close()

    def __enter__(self) -> LanguageModel:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()
