"""What only computing shows: does a device take the model, is paged attention right for it, are its answers right.

Loads the model twice, one after the other: on its device with its options, and on the CPU as exactly as that can. Both
answer a fixed prompt, always with the likeliest token. The work has a thread of its own, for a compilation cannot be
stopped: who stops does not wait for it.
"""

from __future__ import annotations

import gc
import math
import shlex
import threading
import time
from collections.abc import MutableMapping
from pathlib import Path
from typing import Any, NamedTuple

from tui.engine.chat_template import ChatTemplate
from tui.engine.errors import BadToken, Cancelled, OvchatError, TemplateError
from tui.engine.options import EngineOptions
from tui.engine.sampling import Sampled
from tui.engine.sampling_params import SamplingParams
from tui.library.apart import result_of
from tui.library.findings import Examination, Finding, error, note, warning
from tui.library.progress import Progress, Report

TOKENS = 32
"""Tokens of the answers that are compared."""

# The check of paged attention, then loading and answering on the device and on the CPU.
_STAGES = 5
_QUESTION = "What is the capital of France, and what is it known for?"
# The reference: the form nobody transformed, and nothing quantised but the weights.
_EXACT = EngineOptions(backend="stateful", precision="f32", kv_cache="f32", context=1024)
# Of the likeliest token: a device that takes one nearly as likely has rounded, not miscalculated.
_NEARLY_AS_LIKELY = 0.5
# Where a failure does not say itself what to do.
_TRY_OTHERWISE = (
    "Try another device (ovchat devices lists them), or -o backend=stateful; if none takes it, get the model again, or "
    "convert it again."
)


class _Answer(NamedTuple):
    device: str
    precision: str
    backend: str
    sampled: tuple[Sampled, ...]
    texts: tuple[str, ...]


def examine_deeply(
    folder: Path,
    device: str,
    options: EngineOptions,
    *,
    report: Report,
    stop: threading.Event,
    verdicts: MutableMapping[str, str],
) -> Examination:
    """Compute with a model.

    Args:
        folder: Of a model in whose files nothing is wrong.
        device: As `LanguageModel.load`.
        options: How it is to be compiled.
        report: Told what is being done.
        stop: Ends it, within 0.1 s; what is being compiled is freed when that ends.
        verdicts: Remembered self-checks; gets the new one.

    Raises:
        Cancelled: `stop` was set.
        DeviceNotFound: There is no such device.
    """
    started = time.perf_counter()
    work = _Work(folder, device, options, report, stop, verdicts)
    result_of(work.run, stop)
    return Examination(folder, tuple(work.found), tuple(work.checked), time.perf_counter() - started)


class _Work:
    """The work of one check, in its own thread; what it found and looked at so far."""

    def __init__(
        self,
        folder: Path,
        device: str,
        options: EngineOptions,
        report: Report,
        stop: threading.Event,
        verdicts: MutableMapping[str, str],
    ) -> None:
        self.found: list[Finding] = []
        self.checked: list[str] = []
        self._folder = folder
        self._asked = device
        self._options = options
        self._report = report
        self._stop = stop
        self._verdicts = verdicts
        self._stage, self._doing = -1, ""  # before the first

    def run(self) -> None:
        """Raises Cancelled, DeviceNotFound."""
        from tui.engine.devices import resolve_device  # OpenVINO, only where it computes

        device = resolve_device(_core(), self._asked)
        try:
            self._check_paged(device)
            theirs = self._answer(device, self._options)
        except BadToken as outside:
            self.found.append(_of_another_model(self._folder, outside))
            return
        except OvchatError as refused:
            self.found.append(error("device-fails", refused.sentence, refused.next_step or _TRY_OTHERWISE))
            return
        self.checked.append(f"{TOKENS} tokens on {theirs.device} ({theirs.precision}, {theirs.backend})")
        try:
            ours = self._answer("CPU", _EXACT)
        except OvchatError as refused:
            said = f"CPU with f32 could not answer: {refused.sentence}"
            self.found.append(note("not-compared", said, refused.next_step or _TRY_OTHERWISE))
            return
        self.checked.append(f"compared with CPU ({ours.precision}, {ours.backend})")
        self.found += compare(ours, theirs)

    def _check_paged(self, device: str) -> None:
        """The self-check, made now whatever is remembered; the verdict is remembered."""
        from tui.engine import model as ir
        from tui.engine import model_files, self_check
        from tui.engine.open_backend import paged_obstacle

        self._begin("checking paged attention", device)
        xml = model_files.inspect(self._folder).xml
        core = _core()
        signature = ir.classify(ir.read(core, xml))
        if paged_obstacle(signature, device):
            return
        verdict = self_check.check(core, xml, device, signature)
        gc.collect()
        match verdict:
            case self_check.Verdict.UNCHECKED:
                said = "There is too little memory to check paged attention."
                self.found.append(note("paged-unchecked", said, "Close other programs and try again."))
                return
            case self_check.Verdict.FAILED:
                self.found.append(
                    warning(
                        "paged-wrong",
                        f"Paged attention computes {self._folder.resolve().name} wrongly on {device}.",
                        "Nothing is to be done: ovchat runs it with the stateful backend, which is right, and slower "
                        "with several conversations.",
                    )
                )
        self.checked.append(f"paged attention on {device}")
        self._verdicts[self_check.verdict_key(xml, device)] = verdict.value

    def _answer(self, device: str, options: EngineOptions) -> _Answer:
        """Load, answer, free."""
        from tui.engine.events import Finished
        from tui.engine.generate import generate
        from tui.engine.language_model import LanguageModel

        self._begin("loading", device)
        sampling = SamplingParams(temperature=0.0, max_tokens=TOKENS, ignore_eos=True, logprobs=20)
        sampled: tuple[Sampled, ...] = ()
        with LanguageModel.load(self._folder, device, options, self._verdicts, self._at_stage) as model:
            self._begin("answering", model.device)
            for event in generate(model, _request(model.template, sampling), self._stop):
                if isinstance(event, Finished):
                    sampled = event.logprobs
            self._go_on()
            texts = tuple(model.tokenizer.token_text(each.token_id) for each in sampled)
            answer = _Answer(model.device, model.precision, model.backend.capabilities.name, sampled, texts)
        del model
        gc.collect()
        return answer

    def _at_stage(self, stage: str) -> None:
        self._go_on()
        self._report(Progress(self._doing, self._stage, _STAGES, detail=stage))

    def _begin(self, doing: str, device: str) -> None:
        self._go_on()
        self._stage, self._doing = self._stage + 1, f"{doing} ({device})"
        self._report(Progress(self._doing, self._stage, _STAGES))

    def _go_on(self) -> None:
        if self._stop.is_set():
            raise Cancelled


def _core() -> Any:
    import openvino

    return openvino.Core()


def _request(template: ChatTemplate, sampling: SamplingParams) -> Any:
    """The question as a chat asks it; plain where the template cannot, which is found elsewhere."""
    from tui.engine.generate import GenerationRequest

    asked = [{"role": "user", "content": _QUESTION}]
    try:
        template.render(asked)
    except TemplateError:
        return GenerationRequest(prompt=_QUESTION, sampling=sampling)
    return GenerationRequest(messages=asked, sampling=sampling)


def _of_another_model(folder: Path, outside: BadToken) -> Finding:
    """The device has computed nothing yet: the tokenizer made of the question what the model does not know."""
    return error(
        "tokenizer-foreign",
        f"The tokenizer of {folder.resolve().name} is another model's: {outside.sentence}",
        "Get the model again; or put its own tokenizer.json and tokenizer_config.json there, then: "
        f"ovchat models convert {shlex.quote(str(folder))} --tokenizer-only",
    )


def compare(ours: _Answer, theirs: _Answer) -> list[Finding]:
    """The first difference between the CPU's answer and that of a device, and what it means."""
    for place, (exact, other) in enumerate(zip(ours.sampled, theirs.sampled, strict=False)):
        if exact.token_id != other.token_id:
            return [_differs(place, ours, theirs)]
    return []


def _differs(place: int, ours: _Answer, theirs: _Answer) -> Finding:
    exact, other = ours.sampled[place], theirs.sampled[place]
    likely = dict(exact.top_logprobs).get(other.token_id)
    best = exact.logprob if exact.logprob is not None else 0.0
    share = math.exp(likely - best) if likely is not None else 0.0
    sentence = (
        f"{theirs.device} ({theirs.precision}, {theirs.backend}) answers otherwise than the CPU with f32 from token "
        f"{place + 1} of {TOKENS} on: {theirs.texts[place]!r} ({other.token_id}) for {ours.texts[place]!r} "
        f"({exact.token_id}), after {''.join(ours.texts[:place])[-40:]!r}."
    )
    if share >= _NEARLY_AS_LIKELY:
        meaning = (
            f"That is rounding: to the CPU this token is {share:.0%} as likely as the likeliest. Both answers are good."
        )
    else:
        meaning = (
            f"That is more than rounding: to the CPU this token is {share:.0%} as likely as the likeliest. Try "
            "-o precision=f32, -o kv_cache=f16 or -o backend=stateful to see what does it; update the device's driver."
        )
    return warning("tokens-differ", sentence, meaning)
