"""One contract for all backends: the same tokens, whatever the mechanism."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.engine.backends import CONTEXT, greedy, open_backend
from tui.engine.backend import Backend, adopt
from tui.engine.errors import BadToken, Cancelled, ContextFull, NotEnoughMemory
from tui.engine.options import EngineOptions

BACKENDS = [
    ("paged", "llama"),
    ("stateful", "llama"),
    ("stateful", "batch-axis-1"),
    ("stateful", "llama-stateless"),
    ("stateful", "llama-no-cache"),
    ("stateful", "lfm2"),
]
STEPS = 24


@pytest.fixture(scope="module", params=BACKENDS, ids="-".join)
def opened(request: pytest.FixtureRequest, tiny_model: Callable[[str], Path]) -> Iterator[Backend]:
    kind, name = request.param
    backend = open_backend(kind, tiny_model(name))
    yield backend
    backend.close()


@pytest.fixture
def backend(opened: Backend) -> Backend:
    for sequence in opened.sequences():
        opened.free(sequence)
    return opened


@pytest.fixture
def prompt(oracle: dict[str, Any]) -> list[int]:
    return oracle["llama"]["answers"]["long"]["prompt_ids"]


@pytest.fixture
def answer(backend: Backend, prompt: list[int]) -> list[int]:
    """What one uninterrupted pass gives."""
    tokens = greedy(backend, prompt, STEPS)
    for sequence in backend.sequences():
        backend.free(sequence)
    return tokens


@pytest.mark.parametrize("chunk", [1, 7, 32, 33])
def test_prefill_in_chunks_gives_the_tokens_of_one_shot_prefill(backend, prompt, answer, chunk):
    assert greedy(backend, prompt, STEPS, chunk) == answer


def test_a_step_of_k_tokens_gives_the_logits_of_k_steps(backend, prompt, answer):
    one_by_one, at_once = backend.create(), backend.create()
    backend.step(one_by_one, prompt)
    expected = np.concatenate([backend.step(one_by_one, [token]).copy() for token in answer[:5]])
    backend.step(at_once, prompt)
    rows = backend.step(at_once, answer[:5], rows=5)
    assert rows.shape == (5, backend.vocab_size)
    np.testing.assert_allclose(rows, expected, atol=2e-4)
    assert backend.tokens(at_once).tolist() == prompt + answer[:5]


def test_rewind_forgets_what_came_after(backend, prompt, answer):
    sequence = backend.create()
    backend.step(sequence, prompt)
    backend.step(sequence, answer[::-1])
    kept = backend.rewind(sequence, len(prompt) - 3)
    assert kept == (len(prompt) - 3 if backend.capabilities.can_rewind else 0)
    assert backend.tokens(sequence).tolist() == prompt[:kept]
    logits = backend.step(sequence, prompt[kept:])
    assert int(logits[-1].argmax()) == answer[0]
    assert greedy(backend, prompt, STEPS) == answer


def test_a_fork_goes_its_own_way_and_the_original_stays(backend, prompt, answer):
    sequence = backend.create()
    backend.step(sequence, prompt)
    child = backend.fork(sequence, len(prompt))
    kept = len(backend.tokens(child))
    assert prompt[:kept] == backend.tokens(child).tolist()
    assert kept >= len(prompt) - 32
    backend.step(child, [*prompt[kept:], *answer[::-1]])
    logits = backend.step(sequence, answer[:1])
    for expected in answer[1:8]:
        assert int(logits[-1].argmax()) == expected
        logits = backend.step(sequence, [expected])


def test_rewinding_into_shared_blocks_leaves_the_other_sequence_alone(backend, prompt, answer):
    long = prompt + answer
    parent = backend.create()
    backend.step(parent, long)
    child = backend.fork(parent, len(long))
    kept = backend.rewind(parent, 5)
    backend.step(parent, [9] * (40 - kept))
    missing = long[len(backend.tokens(child)) :]
    if not missing:
        missing = long[backend.rewind(child, len(long) - 1) :]
    after = int(backend.step(child, missing)[-1].argmax())
    fresh = backend.create()
    assert after == int(backend.step(fresh, long)[-1].argmax())


def test_sequences_do_not_disturb_each_other(backend, prompt, answer):
    first, second = backend.create(), backend.create()
    backend.step(second, prompt[::-1])
    logits = backend.step(first, prompt)
    for token in answer:
        assert int(logits[-1].argmax()) == token
        backend.step(second, [token])
        logits = backend.step(first, [token])
    assert backend.tokens(first).tolist() == prompt + answer


def test_freed_sequences_are_gone(backend, prompt):
    sequence = backend.create()
    backend.step(sequence, prompt)
    backend.free(sequence)
    assert backend.sequences() == []
    with pytest.raises(KeyError):
        backend.tokens(sequence)


class _InterruptedWhileWaiting(threading.Event):
    """Ctrl+C of a program that iterates over an answer in its main thread."""

    def __init__(self) -> None:
        super().__init__()
        self.looks = 0

    def is_set(self) -> bool:
        self.looks += 1
        if self.looks > 1:
            raise KeyboardInterrupt
        return False


def test_a_keyboard_interrupt_ends_the_computation_and_leaves_the_sequence(backend, prompt, answer, monkeypatch):
    monkeypatch.setattr("tui.engine.backend._POLL_MS", 0)
    sequence = backend.create()
    backend.step(sequence, prompt)
    with pytest.raises(KeyboardInterrupt):
        backend.step(sequence, [5] * (CONTEXT - len(prompt)), cancel=_InterruptedWhileWaiting())
    held = backend.tokens(sequence).tolist()
    assert held == prompt[: len(held)]
    logits = backend.step(sequence, [*prompt[len(held) :], answer[0]] if held != prompt else answer[:1])
    assert int(logits[-1].argmax()) == answer[1]


def test_cancelled_before_it_began_nothing_changed(backend, prompt, answer):
    cancel = threading.Event()
    cancel.set()
    sequence = backend.create()
    backend.step(sequence, prompt[:10])
    with pytest.raises(Cancelled):
        backend.step(sequence, prompt[10:], cancel=cancel)
    assert backend.tokens(sequence).tolist() == prompt[: len(backend.tokens(sequence))]
    assert greedy(backend, prompt, STEPS) == answer


def test_a_step_that_failed_leaves_nothing_behind(backend, prompt, answer, monkeypatch):
    def fail(request: Any, cancel: threading.Event | None) -> None:
        request.infer()
        raise NotEnoughMemory("The memory ran out.")

    sequence = backend.create()
    backend.step(sequence, prompt[:10])
    with monkeypatch.context() as failing:
        failing.setattr(f"{type(backend).__module__}.infer", fail)
        with pytest.raises(NotEnoughMemory):
            backend.step(sequence, prompt[10:])
    assert backend.tokens(sequence).tolist() == prompt[: len(backend.tokens(sequence))]
    assert greedy(backend, prompt, STEPS) == answer


@pytest.mark.parametrize("bad", [-1, 10**6])
def test_a_token_outside_the_vocabulary_is_refused_before_it_is_computed(backend, prompt, bad):
    sequence = backend.create()
    with pytest.raises(BadToken, match=str(bad)):
        backend.step(sequence, [*prompt, bad])
    assert len(backend.tokens(sequence)) == 0


def test_more_than_the_context_is_refused(backend):
    sequence = backend.create()
    with pytest.raises(ContextFull) as refused:
        backend.step(sequence, [5] * (CONTEXT + 1))
    assert refused.value.limit == CONTEXT


def test_the_context_can_be_filled_to_its_last_token(backend):
    sequence = backend.create()
    backend.step(sequence, [5] * (CONTEXT - 1))
    backend.step(sequence, [6])
    with pytest.raises(ContextFull):
        backend.step(sequence, [7])


def test_a_prompt_continues_the_sequence_it_has_most_in_common_with(backend, prompt, answer):
    greedy(backend, prompt, STEPS)
    sequence, kept = adopt(backend, np.array(prompt + answer[:-1] + [5]))
    assert kept == len(prompt) + STEPS - 1
    assert len(backend.tokens(sequence)) == kept


def test_another_conversation_with_the_same_beginning_leaves_the_first_resident(backend, prompt, answer):
    greedy(backend, prompt + answer * 2, 2)
    _, kept = adopt(backend, np.array([*prompt, answer[0] + 1]))
    assert kept <= len(prompt)
    assert kept > 0 or not backend.capabilities.can_rewind
    assert len(backend.sequences()) == 2


def test_what_cannot_rewind_returns_to_its_checkpoint(tiny_model, prompt):
    backend = open_backend("stateful", tiny_model("lfm2"))
    sequence = backend.create()
    backend.step(sequence, prompt[:20])
    backend.checkpoint(sequence)
    expected = backend.step(sequence, prompt[20:]).copy()
    assert backend.rewind(sequence, 30) == 20
    np.testing.assert_allclose(backend.step(sequence, prompt[20:]), expected, atol=1e-5)
    assert backend.rewind(sequence, 19) == 0
    backend.close()


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(st.sampled_from(["feed", "rewind", "fork", "adopt"]), st.integers(0, 70), st.integers(0, 3)),
        max_size=8,
    )
)
def test_after_any_history_the_next_token_is_that_of_a_fresh_sequence(backend, prompt, history):
    """Edits, branches and switches: what is computed depends on the tokens alone."""
    tokens = np.random.default_rng(1).integers(3, 500, 70).tolist()
    sequence = backend.create()
    backend.step(sequence, prompt)
    for action, number, variant in history:
        held = backend.tokens(sequence).tolist()
        match action:
            case "feed":
                fed = tokens[variant : number + variant][: CONTEXT - 80 - len(held)]
                if fed:
                    backend.step(sequence, fed)
            case "rewind":
                backend.rewind(sequence, max(len(held) - number, 0))
            case "fork":
                sequence = backend.fork(sequence, max(len(held) - number, 1))
            case "adopt":
                wanted = [*held[: max(len(held) - number, 1)], 5 + variant]
                sequence, kept = adopt(backend, np.array(wanted))
                backend.step(sequence, wanted[kept:])
    held = backend.tokens(sequence).tolist()
    logits = backend.step(sequence, [4])[-1].copy()
    fresh = backend.create()
    np.testing.assert_allclose(logits, backend.step(fresh, [*held, 4])[-1], atol=5e-4)


def test_full_pool_lets_the_oldest_conversation_go(tiny_model):
    backend = open_backend("paged", tiny_model("llama"), context=64)
    pool = backend.capabilities.max_sequences  # blocks of 32 tokens
    sequences = []
    for number in range(pool):
        sequences.append(backend.create())
        backend.step(sequences[-1], [number % 500 + 3] * 33)
    assert backend.sequences() == sequences[-(pool // 2) :]
    backend.close()


@pytest.mark.parametrize("kv_cache", ["u8", "u4"])
def test_quantised_kv_is_rewound_to_a_block_border(tiny_model, prompt, kv_cache):
    backend = open_backend("paged", tiny_model("llama"), EngineOptions(precision="f32", kv_cache=kv_cache))
    expected = greedy(backend, prompt, 8)
    sequence = backend.sequences()[0]
    assert backend.rewind(sequence, len(prompt) - 1) == 32
    assert greedy(backend, prompt, 8) == expected
    backend.close()


@pytest.mark.parametrize(("kind", "name"), [("paged", "llama"), ("stateful", "llama")])
def test_close_gives_the_memory_back(kind, name, tiny_model):
    process = psutil.Process()
    sizes = []
    for _ in range(6):
        backend = open_backend(kind, tiny_model(name), context=4096)
        for number in range(3):
            backend.step(backend.create(), np.full(4000, number + 3))
        backend.close()
        del backend
        sizes.append(process.memory_info().rss)
    assert sizes[-1] - sizes[1] < 30 * 2**20


def test_prompts_that_were_cancelled_at_once_cost_no_conversation_its_place(backend, prompt):
    kept = backend.create()
    backend.step(kept, prompt)
    cancel = threading.Event()
    cancel.set()
    for number in range(10):
        sequence, cached = adopt(backend, np.array([number + 100, 7, 8]))
        assert cached == 0
        with pytest.raises(Cancelled):
            backend.step(sequence, [number + 100, 7, 8], cancel=cancel)
    assert len(backend.sequences()) == 2
    assert backend.tokens(kept).tolist() == prompt
