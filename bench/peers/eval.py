"""lm-evaluation-harness' own model class, measured on request for bench/eval: one JSON request a line, one JSON line back.

{"item": "load", "path": p, "tokenizer": t, "batch": n} | {"item": "score", "requests": [[context, continuation], ..]}
| {"item": "versions"}

`score` is HFLM.loglikelihood in fp32: what `lm_eval --model hf` spends its time in, without its reading of tasks.
Answers {"seconds": s, "scores": [[log-likelihood, greedy], ..], "peak": bytes}.
"""

import json
import logging
import sys
import time

import torch
import transformers

logging.disable(logging.WARNING)
transformers.logging.set_verbosity_error()
transformers.logging.disable_progress_bar()
import lm_eval  # noqa: E402
from lm_eval.api.instance import Instance  # noqa: E402
from lm_eval.models.huggingface import HFLM  # noqa: E402

lm = None


def load(path: str, tokenizer: str, batch: int):
    global lm
    lm = HFLM(pretrained=path, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=batch)
    return {}


def peak() -> int:
    """Highest resident memory of the process (Linux)."""
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


@torch.inference_mode()
def score(requests: list):
    asked = [Instance(request_type="loglikelihood", doc={}, arguments=tuple(pair), idx=i) for i, pair in enumerate(requests)]
    started = time.perf_counter()
    scores = lm.loglikelihood(asked, disable_tqdm=True)
    return {"seconds": time.perf_counter() - started, "scores": [list(each) for each in scores], "peak": peak()}


def versions():
    return {"torch": torch.__version__, "transformers": transformers.__version__, "lm_eval": lm_eval.__version__}


ITEMS = dict(load=load, score=score, versions=versions)

for line in sys.stdin:
    request = json.loads(line)
    try:
        answer = ITEMS[request.pop("item")](**request)
    except Exception as error:  # the benchmark shows it
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
