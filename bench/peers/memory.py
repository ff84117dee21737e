"""Peak resident memory of one training step of a random Gemma 3 270M in transformers, for bench/memory.

Reads one JSON line {"rows": r, "tokens": t, "checkpointing": bool}, answers {"resident_bytes": .., "loss": ..}. fp32,
torch.optim.AdamW as it comes, every token of a row a target but the first.
"""

import json
import resource
import sys

import torch
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

request = json.loads(sys.stdin.readline())
config = Gemma3TextConfig(
    vocab_size=262144, hidden_size=640, intermediate_size=2048, num_hidden_layers=18, num_attention_heads=4,
    num_key_value_heads=1, head_dim=256, query_pre_attn_scalar=256, sliding_window=512,
)  # fmt: skip
model = Gemma3ForCausalLM(config).float()
if request["checkpointing"]:
    model.gradient_checkpointing_enable()
model.train()
optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, weight_decay=0.0)
ids = torch.randint(0, config.vocab_size, (request["rows"], request["tokens"]))
loss = model(input_ids=ids, labels=ids, use_cache=False).loss
loss.backward()
torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
optimizer.step()
peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"resident_bytes": peak, "loss": loss.item()}), flush=True)
