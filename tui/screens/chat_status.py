"""What the chat screen's status line says, from the session, the model and the disk."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from tui.chat.presets import Presets, name_of
from tui.store.records import Facts, Role
from tui.widgets.status_line import StatusFacts

if TYPE_CHECKING:
    from tui.chat.active_model import ModelStatus
    from tui.chat.context import ContextUse
    from tui.chat.session import ChatSession
    from tui.library.jobs import Jobs
    from tui.store.errors import StoreError


def status_facts(
    session: ChatSession,
    model: ModelStatus,
    use: ContextUse | None,
    trouble: StoreError | None,
    presets: Presets,
    jobs: Jobs,
) -> StatusFacts:
    """The facts of this moment."""
    turn = session.turn
    progress = turn.progress() if turn is not None else None
    answer = session.last(Role.ASSISTANT)
    facts = answer.facts if answer is not None else Facts()
    prefill = progress.prefill if progress is not None and not progress.tokens else None
    if progress is not None and progress.tokens:
        speed: float | None = progress.tokens_per_s
    else:
        speed = facts.timings.get("decode_tokens_per_s") if turn is None else None
    used = use.tokens if use is not None else None
    if progress is not None and progress.prefill is not None:
        used = progress.prefill.total + progress.tokens
    loaded = model.model
    if turn is None and (loaded is None or model.choice is None or answer is None or answer.model != model.choice.name):
        facts, speed = Facts(), None  # another model's
    if turn is None and loaded is None:
        used = None
    state = _state(model)
    if progress is not None and progress.stopping:
        state = "stopping"
    elif turn is not None and prefill is None and used is None:
        state = state or "waiting"
    state = state or ("temporary" if session.temporary else "") or _jobs(jobs)
    sampling = session.sampling()
    return StatusFacts(
        model=model.choice.title if model.choice is not None else "",
        device=loaded.device if loaded is not None else "",
        precision=loaded.precision if loaded is not None else "",
        state=state,
        used=used,
        limit=use.limit if use is not None else (loaded.context_limit if loaded is not None else None),
        sampling=sampling.params,
        preset=name_of(sampling, session.conversation.sampling, presets),
        ttft_s=facts.timings.get("ttft_s") if turn is None else None,
        tokens_per_s=speed or None,
        reused=facts.usage.get("cached_tokens", 0) if turn is None else 0,
        prefill=(prefill.done, prefill.total) if prefill is not None else None,
        saved_trouble=trouble.sentence if trouble is not None else "",
    )


def _state(model: ModelStatus) -> str:
    if model.loading:
        return f"loading {time.monotonic() - model.began:.0f} s: {model.stage}"
    if model.unloaded:
        return model.stage or "not loaded"
    return "no model: F3" if model.error is not None and model.model is None else ""


def _jobs(jobs: Jobs) -> str:
    """What goes on beside the chat."""
    if not (known := jobs.all):
        return ""
    from tui.widgets.job_lines import job_summary

    return job_summary(known)
