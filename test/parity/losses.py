"""Losses and their gradients by PyTorch's autograd, in float64, and TRL's own DPO loss, for test/losses.

    python test/parity/losses.py test/fixtures/losses.safetensors

Settings and versions are the metadata of the file, as JSON. Written from the definitions, not from src/losses: whole logits, whole log-softmax, one sentence and one pair at a time.
Packages: torch 2.13.0, safetensors 0.8.0, trl 1.16.0 (with accelerate 1.15.0, datasets 5.2.0).
"""

import json
import sys
from collections import defaultdict
from types import SimpleNamespace

import torch
import torch.nn.functional as F
import trl
from safetensors.torch import save_file
from trl.trainer.dpo_trainer import DPOTrainer

T, D, S = 23, 6, 4
SENTENCES = [[0, 6], [6, 8], [9, 16], [16, 21]]  # a gap at 8, padding at the end
tensors: dict[str, torch.Tensor] = {}


def put(name: str, value) -> None:
    tensors[name] = torch.as_tensor(value).detach().to(torch.float32).contiguous().clone()


def rounded(x: torch.Tensor) -> torch.Tensor:
    """What float32 keeps of x: the tests read float32."""
    return x.to(torch.float32).double()


def gradients(loss: torch.Tensor, **inputs: torch.Tensor) -> dict[str, torch.Tensor]:
    found = torch.autograd.grad(loss, list(inputs.values()), allow_unused=True, retain_graph=True)
    return {k: torch.zeros_like(x) if g is None else g for (k, x), g in zip(inputs.items(), found)}


def pool(hidden, bos, weights, normalize, mean, std):
    rows = []
    for start, end in SENTENCES:
        part = hidden[0, start if bos else start + 1 : end]
        t = torch.ones(len(part)) if weights == "mean" else torch.arange(1, len(part) + 1)
        rows.append((t.double().unsqueeze(1) * part).sum(0) / t.double().sum())
    out = torch.stack(rows)
    if normalize != "none":
        out = out - mean
    return out / std if normalize == "standardize" else out


def info_nce(xx, en, temperature, direction, detach):
    en = en.detach() if detach else en
    logits = F.cosine_similarity(xx[:, None], en[None], dim=-1) / temperature
    own = torch.arange(len(xx))
    forth, back = F.cross_entropy(logits, own), F.cross_entropy(logits.T, own)
    return {"xx_to_en": forth, "en_to_xx": back, "symmetric": (forth + back) / 2}[direction]


def dump_pool() -> None:
    hidden = rounded(torch.randn(1, T, D, dtype=torch.float64) * 3 + 5).requires_grad_()
    mean, std = rounded(torch.randn(D) + 5), rounded(torch.rand(D) + 0.5)
    cotangent = rounded(torch.randn(S, D))
    for name, value in dict(hidden=hidden, mean=mean, std=std, cotangent=cotangent).items():
        put(f"pool.{name}", value)
    for bos in (True, False):
        for weights in ("mean", "position"):
            for normalize in ("none", "center", "standardize"):
                out = pool(hidden, bos, weights, normalize, mean, std)
                name = f"pool.{str(bos).lower()}.{weights}.{normalize}"
                put(f"{name}.value", out)
                put(f"{name}.dhidden", gradients((out * cotangent).sum(), hidden=hidden)["hidden"])


def dump_info_nce() -> None:
    xx = rounded(torch.randn(5, 12, dtype=torch.float64) + 1)
    en = rounded(xx + 0.8 * torch.randn(5, 12)).requires_grad_()
    xx.requires_grad_()
    put("infonce.xx", xx), put("infonce.en", en)
    for direction in ("xx_to_en", "en_to_xx", "symmetric"):
        for temperature in (0.1, 1.0):
            for detach in (False, True):
                loss = info_nce(xx, en, temperature, direction, detach)
                name = f"infonce.{direction}.{temperature}.{str(detach).lower()}"
                put(f"{name}.loss", loss)
                for key, g in gradients(loss, xx=xx, en=en).items():
                    put(f"{name}.d{key}", g)


def dump_midalign() -> None:
    """From hidden states to the loss: pooled, standardised, compared."""
    xx = rounded(torch.randn(1, T, D, dtype=torch.float64) * 3 + 5).requires_grad_()
    en = rounded(torch.randn(1, T, D, dtype=torch.float64) * 3 + 5).requires_grad_()
    mean, std = tensors["pool.mean"].double(), tensors["pool.std"].double()
    pooled = [pool(h, False, "mean", "standardize", mean, std) for h in (xx, en)]
    loss = info_nce(*pooled, 0.1, "symmetric", False)
    put("midalign.xx", xx), put("midalign.en", en), put("midalign.loss", loss)
    for key, g in gradients(loss, xx=xx, en=en).items():
        put(f"midalign.d{key}", g)


def dump_language_matching() -> None:
    pooled = rounded(torch.randn(5, D, dtype=torch.float64)).requires_grad_()
    shapes = dict(gate=(3, 2 * D), up=(3, 2 * D), down=(2, 3))
    head = {k: rounded(torch.randn(shape, dtype=torch.float64)).requires_grad_() for k, shape in shapes.items()}
    languages = ["el", "en", "el", "ko", "en"]
    losses = []
    for i, a in enumerate(languages):
        for j, b in enumerate(languages):
            both = torch.cat([pooled[i], pooled[j]])
            logits = head["down"] @ (F.silu(head["gate"] @ both) * (head["up"] @ both))
            losses.append(-torch.log_softmax(logits, 0)[int(a == b)])
    loss = torch.stack(losses).mean()
    put("matching.loss", loss)
    for key, x in dict(pooled=pooled, **head).items():
        put(f"matching.{key}", x)
        put(f"matching.d{key}", gradients(loss, x=x)["x"])


def trl_loss(kind, beta, chosen, rejected, references) -> float:
    """DPOTrainer._compute_loss on the log-probs of one pair's tokens, without a model around it."""
    width = max(len(chosen), len(rejected)) + 1
    mask, logps = torch.zeros(2, width, dtype=torch.long), torch.zeros(2, width - 1, dtype=torch.float64)
    for row, tokens in enumerate((chosen, rejected)):
        mask[row, 1 : len(tokens) + 1] = 1
        logps[row, : len(tokens)] = tokens
    blank = torch.zeros_like(logps)
    outputs = SimpleNamespace(log_probs=logps, entropy=blank, mean_logits=blank, is_top1=blank.bool())
    same = SimpleNamespace(device="cpu", gather=lambda x: x, gather_for_metrics=lambda x: x)
    trainer = SimpleNamespace(
        model=SimpleNamespace(training=False), accelerator=same, aux_loss_enabled=False, ld_alpha=None,
        precompute_ref_logps=True, f_divergence_type="reverse_kl", loss_types=[kind], loss_weights=[1.0], beta=beta,
        use_weighting=False, _total_train_tokens=0, _metrics={"eval": defaultdict(list)},
    )  # fmt: skip
    inputs = {
        "input_ids": torch.zeros_like(mask), "completion_mask": mask, "attention_mask": torch.ones_like(mask),
        "ref_chosen_logps": references[0:1], "ref_rejected_logps": references[1:2],
    }  # fmt: skip
    return DPOTrainer._compute_loss(trainer, lambda **_: outputs, inputs, False).item()


def dump_clo() -> dict:
    pairs, vocabulary = 3, 37
    lengths = [[int(n) for n in torch.randint(1, 7, (4,))] for _ in range(pairs)]
    flat = [n for pair in lengths for n in pair]
    hidden = rounded(torch.randn(1, sum(flat) + 5, 12, dtype=torch.float64)).requires_grad_()
    table = rounded(torch.randn(vocabulary, 12, dtype=torch.float64)).requires_grad_()
    rows = torch.randperm(hidden.shape[1])[: sum(flat)]  # in any order, and some rows without a target
    labels = torch.randint(0, vocabulary, (sum(flat),))
    logits = (hidden[0] @ table.T)[rows]
    tokens = torch.log_softmax(logits, -1)[torch.arange(len(rows)), labels].split(flat)
    sums = torch.stack([t.sum() for t in tokens])
    # From equal to so far away that exp overflows.
    spread = torch.tensor([0.5, 30.0, 900.0]).repeat_interleave(4)
    reference = rounded(sums.detach() + spread * torch.randn(4 * pairs))
    put("clo.hidden", hidden), put("clo.table", table), put("clo.reference", reference), put("clo.logps", sums)
    tensors["clo.rows"], tensors["clo.labels"] = rows.int(), labels.int()
    ids = [i for i, n in enumerate(flat) for _ in range(n)]
    tensors["clo.sequences"] = torch.tensor(ids, dtype=torch.int32)
    cases = {
        "plain": dict(beta=1.0, normalize="none"),
        "tokens": dict(beta=1.0, normalize="tokens", **{"lambda": 0.25}),
        "gentle": dict(beta=0.1, normalize="none", **{"lambda": 0.0}),
    }
    for name, case in cases.items():
        case.setdefault("lambda", 0.5)
        terms, nll, targets = [], 0.0, 0
        for p in range(pairs):
            en_en, en_xx, xx_xx, xx_en = range(4 * p, 4 * p + 4)
            for chosen, rejected in ((en_en, en_xx), (xx_xx, xx_en)):
                ratio = [
                    (sums[i] - reference[i]) / (flat[i] if case["normalize"] == "tokens" else 1)
                    for i in (chosen, rejected)
                ]
                terms.append(-F.logsigmoid(case["beta"] * (ratio[0] - ratio[1])))
                kind = "sigmoid" if case["normalize"] == "none" else "sigmoid_norm"
                with torch.no_grad():
                    references = reference[[chosen, rejected]]
                    theirs = trl_loss(kind, case["beta"], tokens[chosen], tokens[rejected], references)
                tensors.setdefault(f"clo.{name}.trl", torch.zeros(0))
                put(f"clo.{name}.trl", torch.cat([tensors[f"clo.{name}.trl"], torch.tensor([theirs])]))
            nll, targets = nll - sums[xx_xx], targets + flat[xx_xx]
        mine = case["lambda"] * nll / targets + (1 - case["lambda"]) * torch.stack(terms).sum() / pairs
        put(f"clo.{name}.loss", mine)
        for key, g in gradients(mine, hidden=hidden, table=table).items():
            put(f"clo.{name}.d{key}", g)
    return cases


def main() -> None:
    torch.manual_seed(0)
    dump_pool()
    dump_info_nce()
    dump_midalign()
    dump_language_matching()
    cases = dump_clo()
    settings = dict(clo=cases, sentences=SENTENCES, torch=torch.__version__, trl=trl.__version__)
    save_file(tensors, sys.argv[1], metadata={"settings": json.dumps(settings)})


if __name__ == "__main__":
    main()
