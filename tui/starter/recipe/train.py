"""Train the starter from scratch: python -m tui.starter.recipe.train [--steps N] [--out DIR].

Writes tokenizer.json and model.pt. Seeded. It learns the answers first, from whole dialogues; then, once it has them by
heart, which question means which answer, from many more dialogues whose last answer is only begun.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator
from dataclasses import asdict
from itertools import chain, islice
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import nn
from torch.nn import functional

from tui.starter.recipe.chatml import train_tokenizer
from tui.starter.recipe.llama import Llama, Shape
from tui.starter.recipe.packing import IGNORED, Mix, batches

STEPS, SEED = 4000, 1
ANSWERS, QUESTIONS = Mix(another_turn=0.45, beginning_only=0.75), Mix(another_turn=0.15, beginning_only=0.92)
ANSWERS_SHARE = 0.25
REPORT_EVERY, SAVE_EVERY = 50, 200
LEARNING_RATE, WEIGHT_DECAY, CLIP = 2e-3, 0.1, 1.0
WARMUP, FLAT_UNTIL, LAST_SHARE = 50, 0.4, 0.02

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


def learning_rate_share(step: int, steps: int) -> float:
    """Warm-up, flat until FLAT_UNTIL of all steps, then linearly down to LAST_SHARE."""
    if step < WARMUP:
        return (step + 1) / WARMUP
    done = step / steps
    return 1.0 if done < FLAT_UNTIL else 1.0 - (1.0 - LAST_SHARE) * (done - FLAT_UNTIL) / (1.0 - FLAT_UNTIL)


def optimizers(model: Llama) -> list[torch.optim.Optimizer]:
    """Muon for the layers' matrices, AdamW for embedding and norms."""
    matrices = [parameter for parameter in model.model.layers.parameters() if parameter.dim() == 2]
    others = [model.model.embed_tokens.weight, *(parameter for parameter in model.parameters() if parameter.dim() == 1)]
    muon = torch.optim.Muon(matrices, LEARNING_RATE, weight_decay=WEIGHT_DECAY, adjust_lr_fn="match_rms_adamw")
    return [muon, torch.optim.AdamW(others, LEARNING_RATE, betas=(0.9, 0.95), weight_decay=0.0)]


def curriculum(tokenizer: Tokenizer, steps: int, first: int) -> Iterator[tuple[int, Batch]]:
    """Number and batch of every step from `first` on: ANSWERS, then QUESTIONS."""
    change = round(ANSWERS_SHARE * steps)
    answers = islice(batches(tokenizer, ANSWERS, SEED), first, change)
    questions = islice(batches(tokenizer, QUESTIONS, SEED + 1), max(first - change, 0), steps - change)
    return enumerate(chain(answers, questions), start=first)


def train(steps: int, first: int, out: Path) -> None:
    """Train for that many steps and write the result to `out`; from step `first` on what is there is continued."""
    torch.manual_seed(SEED)
    out.mkdir(parents=True, exist_ok=True)
    shape = Shape()
    model = Llama(shape)
    if first:
        tokenizer = Tokenizer.from_file(str(out / "tokenizer.json"))
        model.load_state_dict(torch.load(out / "model.pt")["weights"])
    else:
        tokenizer = train_tokenizer(SEED)
        tokenizer.save(str(out / "tokenizer.json"))
    print(f"{sum(p.numel() for p in model.parameters()) / 1e6:.2f} M parameters, {steps} steps", flush=True)
    compiled = torch.compile(model)
    both = optimizers(model)
    began = time.monotonic()
    for step, (tokens, labels, segments) in curriculum(tokenizer, steps, first):
        for optimizer in both:
            for group in optimizer.param_groups:
                group["lr"] = LEARNING_RATE * learning_rate_share(step, steps)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            logits = compiled(tokens, segments)
        loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        for optimizer in both:
            optimizer.step()
            optimizer.zero_grad()
        if step % REPORT_EVERY == 0:
            print(f"step {step} loss {loss.item():.4f} after {time.monotonic() - began:.0f} s", flush=True)
        if step % SAVE_EVERY == 0:
            save(model, shape, out)
    save(model, shape, out)
    print(f"trained in {time.monotonic() - began:.0f} s")


def save(model: Llama, shape: Shape, out: Path) -> None:
    """Write the weights, also now and then on the way, for a look at how far it is."""
    torch.save({"shape": asdict(shape), "weights": model.state_dict()}, out / "model.pt")


def main() -> None:
    """Parse the arguments and train."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--steps", type=int, default=STEPS)
    parser.add_argument(
        "--from-step", type=int, default=0, help="go on with an interrupted training (multiples of 200)"
    )
    parser.add_argument("--out", type=Path, default=Path("build/starter"))
    arguments = parser.parse_args()
    train(arguments.steps, arguments.from_step, arguments.out)


if __name__ == "__main__":
    main()
