"""What a planned conversion comes to as people read it; for a screen and a shell."""

from __future__ import annotations

from collections.abc import Iterator

from tui.library.amounts import count_text, size_text
from tui.library.conversion.environment import Environment
from tui.library.conversion.need import FETCHED, INSTALLED, SMALL_FILES
from tui.library.conversion.plan import Plan
from tui.library.conversion.tokenizer import TokenizerPlan

Facts = Iterator[tuple[str, str]]
"""Each with its label; "" where it belongs to the one before."""


def plan_facts(plan: Plan) -> Facts:
    """What will be done, and what it takes."""
    source, need = plan.source, plan.need
    many = f", {count_text(source.stored.parameters)} weights" if source.stored.parameters else ""
    what = source.model_type or "unknown architecture"
    yield "From", f"{source.name}: {what}{many}, {size_text(source.stored.size)}"
    yield "Becomes", f"{plan.name}: {plan.weights.text}, {_estimate(need.result)}"
    fetched = f", {size_text(need.fetched)} of it from the hub" if need.fetched else ""
    yield "Disk", f"{_estimate(need.disk)} while it runs{fetched}; {size_text(plan.free_disk)} are free"
    yield "Memory", f"about {size_text(need.memory)}; {size_text(plan.free_memory)} are free"
    yield from _tools_facts(plan.environment)


def tokenizer_facts(plan: TokenizerPlan) -> Facts:
    """What will be done, and what it takes, where it is the tokenizer alone."""
    yield "Gets", f"{plan.name}: its tokenizer in OpenVINO's format"
    yield from _tools_facts(plan.environment)


def _tools_facts(environment: Environment) -> Facts:
    if environment.is_ready:
        return
    tools = ", ".join(f"{name} {release}" for name, release in environment.pins.versions.items())
    yield "Tools", f"not here yet: {tools}"
    yield "", f"about {size_text(FETCHED)} to fetch, {size_text(INSTALLED)} on the disk, in {environment.folder}"


def _estimate(size: int) -> str:
    # Of a tiny model it is little more than the room that is kept for the small files.
    return f"{'at most' if size < 2 * SMALL_FILES else 'about'} {size_text(size)}"
