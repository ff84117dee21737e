"""transformers' generate measured on request, for bench/generate: one JSON request a line, one JSON line back.

{"item": "load", "path": p, "dtype": "float32" | "bfloat16"} | {"item": "generate", "prompts": [[id, ..], ..], "new": n}
| {"item": "versions"}

Greedy, the cache and attention that a user gets by default; prompts are padded on the left, as transformers wants it;
nothing ends a row early. Answers {"seconds": s, "ids": [[new id, ..], ..]}.
"""

import json
import sys
import time

import torch
import transformers
from transformers import AutoModelForCausalLM

transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
model = None


def load(path: str, dtype: str):
    global model
    model = AutoModelForCausalLM.from_pretrained(path, dtype=getattr(torch, dtype)).eval()
    return {}


@torch.inference_mode()
def generate(prompts: list[list[int]], new: int):
    longest = max(map(len, prompts))
    ids = torch.tensor([[0] * (longest - len(p)) + p for p in prompts])
    mask = torch.tensor([[0] * (longest - len(p)) + [1] * len(p) for p in prompts])
    config = transformers.GenerationConfig(max_new_tokens=new, do_sample=False, eos_token_id=None, pad_token_id=0)
    model.generation_config = config
    started = time.perf_counter()
    out = model.generate(input_ids=ids, attention_mask=mask, generation_config=config)
    seconds = time.perf_counter() - started
    return {"seconds": seconds, "ids": out[:, longest:].tolist()}


def versions():
    return {"torch": torch.__version__, "transformers": transformers.__version__}


ITEMS = dict(load=load, generate=generate, versions=versions)

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = ITEMS[request.pop("item")](**request)
    except Exception as error:  # the benchmark shows it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
