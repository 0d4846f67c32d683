"""One program on one model in a process of its own, so that peak memory is its own: prints one JSON object.

Run by `tests.bench.engine`; both programs get the same texts and count the same points: the first token is there, the
last token is there.
"""

from __future__ import annotations

import json
import random
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

DECODE_TOKENS = 128
ANSWER_TOKENS = 32
MODEL_TOKENS = 4096


def words(count: int, seed: int, vocabulary: int) -> str:
    """A text of `count` tokens (see `shapes`)."""
    draw = random.Random(seed)
    return " ".join(f"t{draw.randrange(3, vocabulary)}" for _ in range(count))


# A text and a number of tokens in; seconds to the first token, tokens per second after it, and the answer out.
Answer = Callable[[str, int], tuple[float, float, str]]


def ovchat(folder: Path, precision: str, verdicts_file: Path) -> tuple[Answer, Callable[[], None]]:
    import threading

    from tui.engine.generate import Finished, GenerationRequest, generate
    from tui.engine.language_model import LanguageModel
    from tui.engine.options import EngineOptions
    from tui.engine.sampling import SamplingParams

    verdicts = json.loads(verdicts_file.read_text()) if verdicts_file.exists() else {}
    model = LanguageModel.load(folder, "CPU", EngineOptions(precision=precision), verdicts)
    verdicts_file.write_text(json.dumps(verdicts))

    def answer(text: str, count: int) -> tuple[float, float, str]:
        sampling = SamplingParams(temperature=0, max_tokens=count, ignore_eos=True)
        *_, end = generate(model, GenerationRequest(prompt=text, sampling=sampling))
        assert isinstance(end, Finished)
        return end.timings.ttft_s, end.timings.decode_tokens_per_s, end.text

    return answer, lambda: model.warm_up(threading.Event())


def genai(folder: Path, precision: str, verdicts_file: Path) -> tuple[Answer, Callable[[], None]]:
    import openvino_genai

    pipe = openvino_genai.LLMPipeline(folder, "CPU")

    def answer(text: str, count: int) -> tuple[float, float, str]:
        config = openvino_genai.GenerationConfig(
            max_new_tokens=count, ignore_eos=True, do_sample=False, apply_chat_template=False
        )
        result = pipe.generate([text], config)
        metrics = result.perf_metrics
        return metrics.get_ttft().mean / 1000, metrics.get_throughput().mean, result.texts[0]

    def warm_up() -> None:
        answer(words(512, 7, 30000), 2)

    return answer, warm_up


def main() -> None:
    program, folder, precision, verdicts, vocabulary, long = sys.argv[1:]
    start = time.perf_counter()
    answer, warm_up = {"ovchat": ovchat, "genai": genai}[program](Path(folder), precision, Path(verdicts))
    measured: dict[str, Any] = {"load_s": time.perf_counter() - start}
    warm_up()
    size = int(vocabulary)
    measured["ttft_512_s"], measured["decode_tokens_per_s"], _ = answer(words(512, 1, size), DECODE_TOKENS)
    if long == "long":
        text = words(MODEL_TOKENS, 2, size)
        measured["ttft_4096_s"], _, said = answer(text, ANSWER_TOKENS)
        second = f"{text} {said.strip()} {words(32, 3, size)}"
        measured["second_turn_s"], _, _ = answer(second, ANSWER_TOKENS)
    measured["peak_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    json.dump(measured, sys.stdout)


if __name__ == "__main__":
    main()
