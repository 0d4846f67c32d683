"""Makes logprobs.json: what torch says of each token of an answer that is given, not generated.

    pip install -e '.[starter]'
    python -m tests.models.logprobs

The model is the tiny llama, built anew from the seed in oracle.json; the answer is the end of the long prompt, so its
tokens are likely and unlikely ones. For each: its log probability, and the five likeliest tokens with theirs.
"""

from __future__ import annotations

import json
from pathlib import Path

import torch

from tests.models.recipe import RECIPES, answer, build

HERE = Path(__file__).parent
MODEL, PROMPT_TOKENS, TOP = "llama", 6, 5


def main() -> None:
    torch.set_num_threads(1)
    record = json.loads((HERE / "oracle.json").read_text())[MODEL]
    model = build(RECIPES[MODEL], record["seed"])
    known = record["answers"]["long"]
    if answer(model, known["prompt_ids"])[0] != known["token_ids"]:
        raise SystemExit("This torch builds another model from the seed than the one that is committed.")
    ids = known["prompt_ids"]
    with torch.no_grad():
        rows = model(torch.tensor([ids])).logits[0].float().log_softmax(-1)
    scored = []
    for place in range(PROMPT_TOKENS, len(ids)):
        row = rows[place - 1]
        top = row.topk(TOP)
        pairs = zip(top.indices.tolist(), top.values.tolist(), strict=True)
        likeliest = [[token, round(logprob, 4)] for token, logprob in pairs]
        scored.append({"token_id": ids[place], "logprob": round(float(row[ids[place]]), 4), "top": likeliest})
    result = {"model": MODEL, "prompt_ids": ids[:PROMPT_TOKENS], "tokens": scored}
    (HERE / "logprobs.json").write_text(json.dumps(result) + "\n")


if __name__ == "__main__":
    main()
