"""ChatML: the tokenizer, the template, and a dialogue as tokens with the mask of what is learnt."""

from __future__ import annotations

from collections.abc import Iterator
from random import Random

from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from tui.starter.recipe.corpus import dialogue

VOCABULARY = 2048
END_OF_TEXT, START, END = "<|endoftext|>", "<|im_start|>", "<|im_end|>"
TOKENIZER_DIALOGUES = 20_000
# The user's text is lowered: the corpus is lower case, so that casing need not be learnt.
TEMPLATE = """\
{%- for message in messages %}
{{- '<|im_start|>' + message['role'] + '\\n' }}
{{- message['content'] | lower if message['role'] == 'user' else message['content'] }}
{{- '<|im_end|>\\n' }}
{%- endfor %}
{%- if add_generation_prompt %}
{{- '<|im_start|>assistant\\n' }}
{%- endif %}
"""
BEGINNING = 6


def train_tokenizer(seed: int) -> Tokenizer:
    """A byte-level BPE with VOCABULARY entries, learnt from the corpus."""
    rng = Random(seed)
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[END_OF_TEXT, START, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(_texts(rng), trainer)
    return tokenizer


def _texts(rng: Random) -> Iterator[str]:
    for _ in range(TOKENIZER_DIALOGUES):
        for message in dialogue(rng):
            yield f"{message['role']}\n{message['content']}"


def tokens_of(
    messages: list[dict[str, str]], tokenizer: Tokenizer, beginning_only: bool
) -> tuple[list[int], list[bool]]:
    """A dialogue's tokens, and for each whether it is to be learnt (the assistant's words and their end).

    With `beginning_only` the last answer is cut after BEGINNING tokens: which answer it is shows there.
    """
    start, end = tokenizer.token_to_id(START), tokenizer.token_to_id(END)
    newline = tokenizer.encode("\n").ids
    ids: list[int] = []
    learnt: list[bool] = []
    for number, message in enumerate(messages, start=1):
        head = [start, *tokenizer.encode(f"{message['role']}\n").ids]
        body = [*tokenizer.encode(message["content"]).ids, end]
        if beginning_only and number == len(messages):
            body = body[:BEGINNING]
        ids += head + body + newline
        learnt += [False] * len(head) + [message["role"] == "assistant"] * len(body) + [False] * len(newline)
    return ids, learnt
