"""MIDALIGN's alignment step in plain transformers, for bench/midalign.

Reads JSON lines and answers each with one: first the set-up {"model": .., "batches": [[{"xx": ids, "en": ids}]], "layer": l,
"temperature": t, "learningRate": lr, "threads": n, "logits": bool}, then one line for each optimizer step.

Both sides of a batch are one padded batch of which all layers are computed, with output_hidden_states=True; with "logits" the
language model is called as it comes, logits of the whole vocabulary and all. fp32, torch's fused AdamW (the Trainer's default).
"""

import json
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM


def padded(rows: list[list[int]]) -> tuple[torch.Tensor, torch.Tensor]:
    """Ids and mask, padded on the right."""
    longest = max(map(len, rows))
    ids = torch.tensor([row + [0] * (longest - len(row)) for row in rows])
    mask = torch.tensor([[1] * len(row) + [0] * (longest - len(row)) for row in rows])
    return ids, mask


def align_loss(model, batch: list[dict], setup: dict) -> torch.Tensor:
    """InfoNCE of the mean over real tokens of hidden_states[l]: each xx looks for its own en."""
    ids, mask = padded([pair["xx"] for pair in batch] + [pair["en"] for pair in batch])
    module = model if setup["logits"] else model.model
    out = module(input_ids=ids, attention_mask=mask, output_hidden_states=True, use_cache=False)
    hidden = out.hidden_states[setup["layer"]]
    pooled = (hidden * mask[..., None]).sum(1) / mask.sum(1, keepdim=True)
    xx, en = pooled.chunk(2)
    cosines = torch.nn.functional.cosine_similarity(xx[:, None], en[None], dim=-1)
    return torch.nn.functional.cross_entropy(cosines / setup["temperature"], torch.arange(len(batch)))


def main() -> None:
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    model = AutoModelForCausalLM.from_pretrained(setup["model"], dtype=torch.float32)
    model.train()
    optimizer = torch.optim.AdamW(model.parameters(), lr=setup["learningRate"], weight_decay=0.0, fused=True)
    versions = {"torch": torch.__version__, "transformers": transformers.__version__}
    print(json.dumps({"versions": versions}), flush=True)
    for line in sys.stdin:
        batch = setup["batches"][json.loads(line)["step"]]
        started = time.perf_counter()
        optimizer.zero_grad()
        loss = align_loss(model, batch, setup)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        seconds = time.perf_counter() - started
        print(json.dumps({"seconds": seconds, "loss": loss.item(), "figures": {}}), flush=True)


if __name__ == "__main__":
    main()
