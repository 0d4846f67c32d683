"""Dialogues packed into rows of one fixed length, so that one compiled shape does all."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

import torch
from tokenizers import Tokenizer

from tui.starter.recipe.chatml import tokens_of
from tui.starter.recipe.corpus import dialogue

ROW, ROWS = 320, 8
WAITING = 64
IGNORED = -100


@dataclass(frozen=True, slots=True)
class Mix:
    """How long the dialogues are: the probability of one more turn, and of a last answer that is only begun."""

    another_turn: float
    beginning_only: float


def batches(tokenizer: Tokenizer, mix: Mix, seed: int) -> Iterator[tuple[torch.Tensor, torch.Tensor, torch.Tensor]]:
    """Endless (tokens, labels, segments), each int64 [ROWS, ROW]; labels are those of the next token, or IGNORED.

    Segments number the dialogues of a row from 1; 0 is padding.
    """
    rng = Random(seed)
    waiting: list[tuple[list[int], list[int]]] = []
    while True:
        tokens = torch.zeros(ROWS, ROW, dtype=torch.long)
        labels = torch.full((ROWS, ROW), IGNORED)
        segments = torch.zeros(ROWS, ROW, dtype=torch.long)
        for row in range(ROWS):
            at, segment = 0, 1
            while True:
                while len(waiting) < WAITING:
                    waiting.append(_example(tokenizer, mix, rng))
                fitting = max(
                    (example for example in waiting if len(example[0]) <= ROW - at), key=_length, default=None
                )
                if fitting is None:
                    break
                waiting.remove(fitting)
                ids, targets = fitting
                tokens[row, at : at + len(ids)] = torch.tensor(ids)
                labels[row, at : at + len(ids)] = torch.tensor(targets)
                segments[row, at : at + len(ids)] = segment
                at, segment = at + len(ids), segment + 1
        yield tokens, labels, segments


def _length(example: tuple[list[int], list[int]]) -> int:
    return len(example[0])


def _example(tokenizer: Tokenizer, mix: Mix, rng: Random) -> tuple[list[int], list[int]]:
    while True:
        ids, learnt = tokens_of(dialogue(rng, mix.another_turn), tokenizer, rng.random() < mix.beginning_only)
        if len(ids) <= ROW:
            targets = [following if known else IGNORED for following, known in zip(ids[1:], learnt[1:], strict=True)]
            return ids, [*targets, IGNORED]
