"""Our draws against openvino-genai's, from a model built here whose next-token logits are a row of a table.

The row is that of the last token, so the prompt chooses the distribution. genai draws all first tokens of one prompt
in one call (`num_return_sequences`); not the second ones, since its repetition penalty for one sequence then counts
what was generated in all of them. Presence and frequency penalties are not compared: genai adds where a logit is
negative, ours always subtracts.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from itertools import product

import numpy as np
import openvino as ov
import pytest
from openvino import PartialShape, Type
from openvino import opset13 as op
from scipy import stats

from tests.engine.sampling_oracle import distribution
from tui.engine.sampling import Sampler, SamplingParams

pytestmark = pytest.mark.slow

VOCABULARY = 16
DRAWS = 4000
STOP = (0, 5)


@pytest.fixture(scope="module")
def table():
    """float32 [16, 16]: the logits after each token; positive and negative ones, from steep to nearly flat rows."""
    random = np.random.default_rng(11)
    rows = random.normal(0, 1, (VOCABULARY, VOCABULARY)) * np.linspace(0.3, 3, VOCABULARY)[:, None]
    return rows.astype(np.float32)


def table_model(table: np.ndarray) -> ov.Model:
    """A stateful decoder as genai wants one. State, mask and positions are there, and have no influence."""

    def axes(*values):
        return op.constant(np.array(values, dtype=np.int64))

    def nothing_of(value):
        summed = op.reduce_sum(op.convert(value, Type.f32), axes(1), keep_dims=True)
        return op.reshape(op.multiply(summed, op.constant(np.float32(0))), axes(-1, 1, 1), special_zero=False)

    ids = op.parameter([-1, -1], Type.i64)
    mask = op.parameter([-1, -1], Type.i64)
    positions = op.parameter([-1, -1], Type.i64)
    beams = op.parameter([-1], Type.i32)
    for parameter, name in zip(
        (ids, mask, positions, beams), ("input_ids", "attention_mask", "position_ids", "beam_idx"), strict=True
    ):
        parameter.output(0).get_tensor().set_names({name})
    batch = op.gather(op.shape_of(ids), axes(0), axes(0))
    empty = op.broadcast(op.constant(np.float32(0)), op.concat([batch, axes(1, 1, 1)], 0))
    name = "past_key_values.0.keypresent.0.key"
    past = op.gather(op.read_value(empty, name, Type.f32, PartialShape([-1, 1, 1, 1])), beams, axes(0))
    state = op.add(past, op.reshape(nothing_of(ids), axes(-1, 1, 1, 1), special_zero=False))
    logits = op.gather(op.constant(table), ids, axes(0))
    for unused in (mask, positions, op.reshape(state, axes(-1, 1), special_zero=False)):
        logits = op.add(logits, nothing_of(unused))
    logits.output(0).get_tensor().set_names({"logits"})
    return ov.Model([op.result(logits)], [op.assign(state, name)], [ids, mask, positions, beams], "table")


@pytest.fixture(scope="module")
def genai(table, tmp_path_factory):
    """(case, how many answers) -> genai's answers, each a list of tokens."""
    openvino_genai = pytest.importorskip("openvino_genai")
    openvino_tokenizers = pytest.importorskip("openvino_tokenizers")
    from tokenizers import Tokenizer, models
    from transformers import PreTrainedTokenizerFast

    folder = tmp_path_factory.mktemp("table")
    ov.save_model(table_model(table), folder / "openvino_model.xml", compress_to_fp16=False)
    # Only the pipeline's constructor wants it.
    words = Tokenizer(models.WordLevel({f"w{token}": token for token in range(VOCABULARY)}, unk_token="w0"))
    fast = PreTrainedTokenizerFast(tokenizer_object=words, unk_token="w0", eos_token="w0")
    for model, name in zip(
        openvino_tokenizers.convert_tokenizer(fast, with_detokenizer=True), ("tokenizer", "detokenizer"), strict=True
    ):
        ov.save_model(model, folder / f"openvino_{name}.xml")
    (folder / "config.json").write_text(json.dumps({"model_type": "table"}))
    pipeline = openvino_genai.LLMPipeline(str(folder), "CPU", ATTENTION_BACKEND="SDPA", INFERENCE_PRECISION_HINT="f32")

    def run(case, count=DRAWS):
        params = case.params
        config = openvino_genai.GenerationConfig()
        config.do_sample = params.temperature > 0
        if config.do_sample:
            config.temperature, config.top_p, config.min_p = params.temperature, params.top_p, params.min_p
            config.top_k = params.top_k
        config.repetition_penalty = params.repetition_penalty
        config.min_new_tokens, config.max_new_tokens = params.min_tokens, case.tokens
        config.stop_token_ids = set(STOP)
        inputs = ov.Tensor(np.array([case.prompt], dtype=np.int64))
        if case.tokens == 1:
            config.num_return_sequences = count
            return pipeline.generate(inputs, config).tokens
        answers = []
        for seed in range(count):
            config.rng_seed = seed
            answers += pipeline.generate(inputs, config).tokens
        return answers

    return run


@dataclass(frozen=True)
class Case:
    params: SamplingParams
    prompt: tuple[int, ...] = (3, 9, 8)
    tokens: int = 1


def case(prompt=(3, 9, 8), tokens=1, **params):
    words = [f"{name}={value}" for name, value in params.items()] or ["plain"]
    return pytest.param(Case(SamplingParams(**params), prompt, tokens), id=",".join([*words, f"after {prompt[-1]}"]))


CASES = [
    case(),
    case(prompt=(1,)),
    case(prompt=(15,)),
    case(temperature=0.5),
    case(temperature=2, prompt=(2, 14)),
    case(top_k=3),
    case(top_k=5, temperature=0.7, prompt=(6,)),
    case(top_p=0.75),
    case(top_p=0.6, temperature=1.7, prompt=(12,)),
    case(min_p=0.1),
    case(min_p=0.2, top_p=0.7, prompt=(10,)),
    case(min_p=0.6, temperature=1.9, prompt=(4,)),
    case(top_k=8, temperature=1.3, min_p=0.05, top_p=0.9),
    case(repetition_penalty=1.4, prompt=(1, 2, 2, 9, 13, 8)),
    case(repetition_penalty=0.7, top_p=0.9, prompt=(11, 4, 7)),
    case(repetition_penalty=1.5, top_k=4, tokens=2),
    case(min_tokens=1, tokens=2, temperature=1.2),
    case(min_tokens=2, tokens=2, repetition_penalty=1.2, top_k=10, temperature=0.9, min_p=0.02, top_p=0.95),
]


def ours(table, case):
    tokens = []
    for seed in range(DRAWS):
        sampler = Sampler(case.params, case.prompt, STOP, VOCABULARY, seed)
        answer = [case.prompt[-1]]
        while len(answer) <= case.tokens and not (len(answer) > 1 and answer[-1] in STOP):
            answer.append(sampler.sample(table[answer[-1]]).token_id)
        tokens.append(tuple(answer[1:]))
    return Counter(tokens)


def defined(table, case):
    """Answer -> its probability, by the plain definition."""
    answers = {(): 1.0}
    for _ in range(case.tokens):
        longer = {}
        for answer, share in answers.items():
            if answer and answer[-1] in STOP:
                longer[answer] = share
                continue
            row = table[(answer or case.prompt)[-1]]
            for token, next_share in distribution(row, case.params, case.prompt, answer, STOP).items():
                longer[*answer, token] = share * next_share
        answers = longer
    return answers


def p_value(drawn: Counter, expected: dict) -> float:
    """Chi-squared of the counts; what is expected less than five times is one cell."""
    assert set(drawn) <= set(expected), "drew what cannot be drawn"
    often = [answer for answer, share in expected.items() if share * DRAWS >= 5]
    counts = [drawn[answer] for answer in often]
    shares = [expected[answer] * DRAWS for answer in often]
    if DRAWS - sum(shares) > 1e-6:
        counts.append(DRAWS - sum(counts))
        shares.append(DRAWS - sum(shares))
    return stats.chisquare(counts, shares, sum_check=False).pvalue if len(counts) > 1 else 1.0


def two_sample_p_value(one: Counter, other: Counter) -> float:
    often = [answer for answer in {*one, *other} if one[answer] + other[answer] >= 10]
    rows = [[sample[answer] for answer in often] for sample in (one, other)]
    if any(sum(row) < DRAWS for row in rows):
        rows = [[*row, DRAWS - sum(row)] for row in rows]
    return stats.chi2_contingency(rows).pvalue if len(rows[0]) > 1 else 1.0


@pytest.mark.parametrize("case", CASES)
def test_both_draw_from_the_same_distribution(case, table, genai):
    theirs = Counter(tuple(answer) for answer in genai(case))
    mine = ours(table, case)
    expected = defined(table, case)
    assert theirs.total() == mine.total() == DRAWS
    assert p_value(mine, expected) > 0.001
    assert p_value(theirs, expected) > 0.001
    assert two_sample_p_value(mine, theirs) > 0.001


@pytest.mark.parametrize(("prompt", "penalty"), list(product([(3, 9, 8), (15,), (1, 1, 4)], [1.0, 1.6, 0.8])))
def test_both_are_greedy_alike(prompt, penalty, table, genai):
    params = SamplingParams(temperature=0, repetition_penalty=penalty, min_tokens=3)
    wanted = Case(params, prompt, tokens=8)
    (theirs,) = genai(wanted, count=1)
    sampler = Sampler(params, prompt, STOP, VOCABULARY)
    answer = [prompt[-1]]
    while len(answer) <= 8 and not (len(answer) > 1 and answer[-1] in STOP):
        answer.append(sampler.sample(table[answer[-1]]).token_id)
    assert answer[1:] == theirs
