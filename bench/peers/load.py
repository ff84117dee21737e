"""transformers loading Gemma 3, for bench/load: one load in a process of its own.

    python bench/peers/load.py safetensors|gguf PATH float32|bfloat16     # last line of stdout: the result as JSON

Seconds are those of from_pretrained and of touching every page of the weights, as memory-mapped ones are not there before;
imports are not counted. The config of a GGUF file comes from the file.
"""

import json
import os
import sys
import time

import torch
from transformers import AutoModelForCausalLM


def peak() -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    raise KeyError("VmHWM")


kind, path, dtype = sys.argv[1:4]
place = {"pretrained_model_name_or_path": path}
if kind == "gguf":
    place = {"pretrained_model_name_or_path": os.path.dirname(path), "gguf_file": os.path.basename(path)}
started = time.perf_counter()
model = AutoModelForCausalLM.from_pretrained(**place, dtype=getattr(torch, dtype))
with torch.no_grad():
    touched = sum(float(p.view(-1)[::1024].float().sum()) for p in model.parameters())
seconds = time.perf_counter() - started
assert touched == touched
print(json.dumps({"seconds": seconds, "peak_rss_bytes": peak()}))
