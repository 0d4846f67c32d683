"""One program with one model in a process of its own: texts in, times out, a JSON object a line.

Run by `tests.bench.engine`. Both programs get the same texts and count the same points: the first token is there, the
last token is there. The first line out is {"load_s"}, the last, when standard input ends, {"peak_mb"}.
"""

from __future__ import annotations

import json
import resource
import sys
import time
from collections.abc import Callable
from pathlib import Path

# A text and a number of tokens in; seconds to the first token, tokens per second after it, and the answer out.
Answer = Callable[[str, int], tuple[float, float, str]]


def ovchat(folder: Path, precision: str, verdicts_file: Path) -> Answer:
    from tui.engine.events import Finished
    from tui.engine.generate import GenerationRequest, generate
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

    return answer


def genai(folder: Path, precision: str, verdicts_file: Path) -> Answer:
    import openvino_genai

    pipe = openvino_genai.LLMPipeline(folder, "CPU")

    def answer(text: str, count: int) -> tuple[float, float, str]:
        config = openvino_genai.GenerationConfig(
            max_new_tokens=count, ignore_eos=True, do_sample=False, apply_chat_template=False
        )
        result = pipe.generate([text], config)
        metrics = result.perf_metrics
        return metrics.get_ttft().mean / 1000, metrics.get_throughput().mean, result.texts[0]

    return answer


def main() -> None:
    program, folder, precision, verdicts = sys.argv[1:]
    start = time.perf_counter()
    answer = {"ovchat": ovchat, "genai": genai}[program](Path(folder), precision, Path(verdicts))
    print(json.dumps({"load_s": time.perf_counter() - start}), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        ttft, speed, text = answer(asked["text"], asked["tokens"])
        print(json.dumps({"ttft_s": ttft, "tokens_per_s": speed, "text": text}), flush=True)
    print(json.dumps({"peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)


if __name__ == "__main__":
    main()
