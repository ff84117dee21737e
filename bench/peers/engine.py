"""PyTorch eager measured on request, for bench/engine: reads one JSON request a line, answers with one JSON line.

{"item": "matmul", "size": n} | {"item": "block", "tokens": t, "attention": "eager" | "sdpa"} | {"item": "cross_entropy",
"rows": r, "vocabulary": v} | {"item": "adamw", "size": n} | {"item": "small_ops", "count": n} |
{"item": "versions", "threads": n}, which sets the threads.
Answers {"seconds": best of the repeats} and, for cross_entropy, {"bytes": added to resident memory at its highest}.
fp32. bench/engine/measure.ts is the same for TensorFlow.js.
"""

import json
import sys
import time

import torch
import torch.nn.functional as F

REPEATS = {"matmul": 5, "block": 3, "cross_entropy": 1, "adamw": 5, "small_ops": 5}


def best(repeats: int, f, warm_up: bool = True) -> float:
    if warm_up:
        f()
    times = []
    for _ in range(repeats):
        start = time.perf_counter()
        f()
        times.append(time.perf_counter() - start)
    return min(times)


def resident(field: str) -> int:
    with open("/proc/self/status") as status:
        for line in status:
            if line.startswith(field + ":"):
                return int(line.split()[1]) * 1024
    raise KeyError(field)


def matmul(size: int):
    a, b = torch.randn(size, size), torch.randn(size, size)
    with torch.no_grad():
        return {"seconds": best(REPEATS["matmul"], lambda: a @ b)}


def block(tokens: int, attention: str):
    """One layer in the shapes of Gemma 3 270M between an embedding and the last norm, forward and backward."""
    from transformers import Gemma3TextConfig
    from transformers.models.gemma3.modeling_gemma3 import Gemma3TextModel

    config = Gemma3TextConfig(
        vocab_size=256, hidden_size=640, intermediate_size=2048, num_hidden_layers=1, num_attention_heads=4,
        num_key_value_heads=1, head_dim=256, query_pre_attn_scalar=256, sliding_window=512,
        layer_types=["sliding_attention"], attn_implementation=attention,
    )  # fmt: skip
    model = Gemma3TextModel(config).float()
    ids = torch.randint(0, 256, (1, tokens))

    def step() -> None:
        model.zero_grad(set_to_none=False)
        model(input_ids=ids, use_cache=False).last_hidden_state.sum().backward()

    return {"seconds": best(REPEATS["block"], step)}


def cross_entropy(rows: int, vocabulary: int):
    """Linear and cross-entropy with the gradients of both inputs; memory is what the first run adds."""
    hidden = torch.randn(rows, 640, requires_grad=True)
    weight = (torch.randn(vocabulary, 640) * 0.02).requires_grad_()
    weight.grad = torch.zeros_like(weight)
    labels = torch.randint(0, vocabulary, (rows,))

    def step() -> None:
        F.cross_entropy(F.linear(hidden, weight), labels).backward()

    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")
    before = resident("VmRSS")
    step()
    added = resident("VmHWM") - before
    return {"seconds": best(REPEATS["cross_entropy"], step, warm_up=False), "bytes": added}


def adamw(size: int):
    parameter = torch.nn.Parameter(torch.randn(size))
    parameter.grad = torch.randn(size)
    fused = torch.optim.AdamW([parameter], lr=1e-5, fused=True)
    seconds = best(REPEATS["adamw"], fused.step)
    plain = torch.optim.AdamW([parameter], lr=1e-5)
    return {"seconds": seconds, "seconds_default": best(REPEATS["adamw"], plain.step)}


def small_ops(count: int):
    x, y = torch.randn(4), torch.randn(4)

    def chain() -> None:
        z = x
        for _ in range(count):
            z = z + y

    with torch.no_grad():
        return {"seconds": best(REPEATS["small_ops"], chain)}


def versions(threads: int):
    import transformers

    torch.set_num_threads(threads)
    return {"torch": torch.__version__, "transformers": transformers.__version__, "threads": torch.get_num_threads()}


ITEMS = dict(matmul=matmul, block=block, cross_entropy=cross_entropy, adamw=adamw, small_ops=small_ops, versions=versions)

for line in sys.stdin:
    request = json.loads(line)
    item = request.pop("item")
    try:
        answer = ITEMS[item](**request)
    except Exception as error:  # the benchmark shows it and goes on
        answer = {"error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
