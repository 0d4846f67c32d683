"""Ask the starter the evaluation questions: python -m tui.starter.recipe.evaluate [--model DIR] [--report FILE].

Greedy decoding on base OpenVINO, single-turn and follow-up; an answer is right when every required keyword is in it, no
forbidden one is, and it does not decline.
"""

from __future__ import annotations

import argparse
import json
import re
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import jinja2
import numpy as np
import openvino as ov
import openvino_tokenizers  # noqa: F401  (registers the tokenizer operations)

STARTER = Path(__file__).parents[1]
QUESTIONS_FILE = Path(__file__).parent / "questions.toml"
DECLINES = "i am only the small starter"


class Starter:
    """The model folder, answering greedily."""

    def __init__(self, folder: Path) -> None:
        core = ov.Core()
        self._tokenize = core.compile_model(folder / "openvino_tokenizer.xml", "CPU")
        self._detokenize = core.compile_model(folder / "openvino_detokenizer.xml", "CPU")
        settings = {"INFERENCE_PRECISION_HINT": "f32", "INFERENCE_NUM_THREADS": 2}
        self._request = core.compile_model(folder / "openvino_model.xml", "CPU", settings).create_infer_request()
        environment = jinja2.Environment(trim_blocks=True, lstrip_blocks=True)
        self._template = environment.from_string((folder / "chat_template.jinja").read_text(encoding="utf-8"))
        generation = json.loads((folder / "generation_config.json").read_text(encoding="utf-8"))
        self._ends, self._longest = set(generation["eos_token_id"]), generation["max_new_tokens"]
        self.step_seconds: list[float] = []

    def answer(self, messages: list[dict[str, str]]) -> str:
        """The answer to the last message; notes the seconds of every decoding step."""
        prompt = self._template.render(messages=messages, add_generation_prompt=True)
        ids = self._tokenize([prompt])["input_ids"].astype(np.int64)
        self._request.reset_state()
        answer: list[int] = []
        past = 0
        while len(answer) < self._longest:
            inputs = {
                "input_ids": ids,
                "attention_mask": np.ones((1, past + ids.shape[1]), np.int64),
                "position_ids": np.arange(past, past + ids.shape[1], dtype=np.int64)[None],
                "beam_idx": np.zeros(1, np.int32),
            }
            began = time.perf_counter()
            self._request.infer(inputs)
            if answer:
                self.step_seconds.append(time.perf_counter() - began)
            past += ids.shape[1]
            following = int(self._request.get_tensor("logits").data[0, -1].argmax())
            if following in self._ends:
                break
            answer.append(following)
            ids = np.array([[following]], np.int64)
        return str(self._detokenize([np.array([answer], np.int64)])[0][0]) if answer else ""


@dataclass
class Score:
    """How a group of questions went."""

    asked: int = 0
    right: int = 0
    declined: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)

    def add(self, question: str, answer: str, right: bool) -> None:
        """Count one answer."""
        self.asked += 1
        self.right += right
        self.declined += declines(answer)
        if not right:
            self.failures.append({"question": question, "answer": answer})

    def summary(self) -> dict[str, Any]:
        """Counts and percentages."""
        percent = {
            "right": round(100 * self.right / self.asked, 1),
            "declined": round(100 * self.declined / self.asked, 1),
        }
        return {"asked": self.asked, "right": self.right, "declined": self.declined, "percent": percent}


def declines(answer: str) -> bool:
    """Whether the answer says that this is beyond the starter."""
    return DECLINES in answer.lower()


def fits(answer: str, entry: dict[str, Any]) -> bool:
    """Whether the answer has every required keyword (alternatives behind |) and no forbidden one."""
    required = all(any(occurs(word, answer) for word in group.split("|")) for group in entry["require"])
    return required and not any(occurs(word, answer) for word in entry.get("forbid", []))


def occurs(keyword: str, answer: str) -> bool:
    """Whether the keyword is in the answer, in any case; up to three letters must stand alone ("hi" not in "this")."""
    pattern = re.escape(keyword.lower())
    if len(keyword) <= 3:
        pattern = rf"(?<![\w-]){pattern}(?![\w-])"
    return re.search(pattern, answer.lower()) is not None


def evaluate(folder: Path) -> tuple[dict[str, Any], dict[str, Score]]:
    """The report, and the scores with their failures."""
    asked = tomllib.loads(QUESTIONS_FILE.read_text(encoding="utf-8"))
    starter = Starter(folder)
    scores = {"in_domain": Score(), "out_of_domain": Score(), "follow_up": Score()}
    for topic in asked["topic"]:
        for question in topic["questions"]:
            answer = starter.answer([{"role": "user", "content": question}])
            scores["in_domain"].add(question, answer, fits(answer, topic) and not declines(answer))
    for question in asked["out_of_domain"]["questions"]:
        answer = starter.answer([{"role": "user", "content": question}])
        scores["out_of_domain"].add(question, answer, declines(answer))
    for entry in asked["followup"]:
        messages = [{"role": "user", "content": entry["first"]}]
        messages.append({"role": "assistant", "content": starter.answer(messages)})
        messages.append({"role": "user", "content": entry["question"]})
        answer = starter.answer(messages)
        scores["follow_up"].add(f"{entry['first']} / {entry['question']}", answer, fits(answer, entry))
    report: dict[str, Any] = {"topics": len(asked["topic"])}
    report |= {name: score.summary() for name, score in scores.items()}
    report["tokens_per_second"] = round(1 / median(starter.step_seconds))
    return report, scores


def main() -> None:
    """Parse the arguments, evaluate, print the report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--model", type=Path, default=STARTER)
    parser.add_argument("--report", type=Path, help="write the numbers here (recipe/evaluation.json)")
    parser.add_argument("--failures", type=Path, help="write the wrong answers here")
    arguments = parser.parse_args()
    report, scores = evaluate(arguments.model)
    text = json.dumps(report, indent=2) + "\n"
    print(text)
    if arguments.report:
        arguments.report.write_text(text, encoding="utf-8")
    if arguments.failures:
        failures = {name: score.failures for name, score in scores.items()}
        arguments.failures.write_text(json.dumps(failures, indent=1, ensure_ascii=False), encoding="utf-8")


if __name__ == "__main__":
    main()
