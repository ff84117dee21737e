"""What lm-evaluation-harness 0.4.13 says to questions with options: log-likelihoods, accuracy and its standard error.

    python test/parity/lm_eval_scores.py fixture             # writes test/fixtures/lm-eval/, about twenty seconds
    python test/parity/lm_eval_scores.py live MODEL TOKENIZER ROWS OUT SCRATCH

ROWS is a file of lines {id, lang, question, options, gold, example}: `example` rows are the solved ones. Each language is a
task of lm-eval's own `ConfigurableTask`, asked four ways: letters and option texts, with no and with three examples.
OUT gets {tasks: {"letters-3-en": {acc, stderr, docs: [{id, context, continuations, logprobs, greedy}]}}}; SCRATCH is an empty
folder for the datasets library. fp32, CPU. Needs torch 2.13.0, transformers 5.18.0, lm_eval 0.4.13.

Where a token spans prompt and option lm-eval scores what is left of the option behind it. For such documents `cut` has the
sums from the longest common prefix of tokens on, by transformers alone.
"""

import json
import pathlib
import sys
import tempfile

import torch
from lm_eval import __version__, simple_evaluate
from lm_eval.api.task import ConfigurableTask
from lm_eval.models.huggingface import HFLM

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
WAYS = [(scoring, shots) for scoring in ("letters", "text") for shots in (0, 3)]
UNSPACED = {"zh"}


def question(doc: dict, scoring: str) -> str:
    if scoring == "text":
        return f"Question: {doc['question'].strip()}\nAnswer:"
    listed = "\n".join(f"{chr(65 + i)}. {option}" for i, option in enumerate(doc["options"]))
    return f"{doc['question'].strip()}\n{listed}\nAnswer:"


def choices(doc: dict, scoring: str) -> list:
    return [chr(65 + i) for i in range(len(doc["options"]))] if scoring == "letters" else doc["options"]


def task_of(name: str, rows: list, scoring: str, shots: int, folder: pathlib.Path) -> ConfigurableTask:
    files = {}
    for split, wanted in (("test", False), ("examples", True)):
        files[split] = str(folder / f"{name}-{split}.jsonl")
        with open(files[split], "w", encoding="utf-8") as file:
            for row in rows:
                if bool(row["example"]) == wanted:
                    file.write(json.dumps(row, ensure_ascii=False) + "\n")
    delimiter = "" if scoring == "text" and rows[0]["lang"] in UNSPACED else " "
    return ConfigurableTask(config={
        "task": name, "dataset_path": "json", "dataset_kwargs": {"data_files": files, "cache_dir": str(folder / "cache")},
        "test_split": "test", "fewshot_split": "examples", "fewshot_config": {"sampler": "first_n"}, "num_fewshot": shots,
        "output_type": "multiple_choice", "doc_to_text": lambda doc: question(doc, scoring),
        "doc_to_choice": lambda doc: choices(doc, scoring), "doc_to_target": lambda doc: doc["gold"],
        "target_delimiter": delimiter, "fewshot_delimiter": "\n\n", "metric_list": [{"metric": "acc"}],
    })


@torch.no_grad()
def cut(lm: HFLM, context: str, continuation: str):
    """The sum from the longest common prefix on, if a token spans both."""
    before, whole = lm.tok_encode(context), lm.tok_encode(context + continuation)
    first = 0
    while first < len(before) and first < len(whole) - 1 and before[first] == whole[first]:
        first += 1
    if first == len(before):
        return None
    logp = torch.log_softmax(lm.model(torch.tensor([whole])).logits[0].double(), -1)
    return sum(logp[i - 1, whole[i]].item() for i in range(first, len(whole)))


def evaluate(model: str, tokenizer: str, rows: list, folder: pathlib.Path) -> dict:
    lm = HFLM(pretrained=model, tokenizer=tokenizer, dtype="float32", device="cpu", batch_size=4)
    languages = list(dict.fromkeys(row["lang"] for row in rows))
    found = {}
    for scoring, shots in WAYS:
        for lang in languages:
            name = f"{scoring}-{shots}-{lang}"
            task = task_of(name, [row for row in rows if row["lang"] == lang], scoring, shots, folder)
            said = simple_evaluate(model=lm, tasks=[task], num_fewshot=shots, log_samples=True)
            docs = []
            for sample in said["samples"][name]:
                asked = [sample["arguments"][i] for i in range(len(sample["arguments"]))]
                doc = {"id": sample["doc"]["id"], "context": asked[0][0], "continuations": [pair[1] for pair in asked],
                       "logprobs": [float(answer[0]) for answer in sample["filtered_resps"]],
                       "greedy": [bool(answer[1]) for answer in sample["filtered_resps"]]}
                sums = [cut(lm, *pair) for pair in asked]
                if any(value is not None for value in sums):
                    doc["cut"] = sums
                docs.append(doc)
            result = said["results"][name]
            found[name] = {"acc": result["acc,none"], "stderr": result["acc_stderr,none"], "docs": docs}
    return {"lm_eval": __version__, "tasks": found}


def fixture() -> None:
    """A model of two blocks with random weights, the tiny tokenizer, and rows of our own."""
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    target = ROOT / "test/fixtures/lm-eval"
    target.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(5)
    model = Gemma3ForCausalLM(Gemma3TextConfig(
        vocab_size=512, max_position_embeddings=2048, sliding_window=64, hidden_size=32, intermediate_size=48,
        num_hidden_layers=2, num_attention_heads=4, num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8,
        layer_types=["sliding_attention", "full_attention"], dtype="float32", pad_token_id=0, eos_token_id=1, bos_token_id=2))
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.randn_like(parameter) * (0.2 if parameter.ndim == 1 else 1.2 / parameter.shape[1] ** 0.5))
    model.save_pretrained(target)
    (target / "generation_config.json").unlink(missing_ok=True)
    rows = [json.loads(line) for line in (target / "rows.jsonl").read_text(encoding="utf-8").splitlines()]
    with tempfile.TemporaryDirectory() as scratch:
        said = evaluate(str(target), str(ROOT / "data/tiny"), rows, pathlib.Path(scratch))
    (target / "scores.json").write_text(json.dumps(said, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


if sys.argv[1] == "fixture":
    fixture()
else:
    model, tokenizer, rows, out, scratch = sys.argv[2:]
    lines = pathlib.Path(rows).read_text(encoding="utf-8").splitlines()
    said = evaluate(model, tokenizer, [json.loads(line) for line in lines], pathlib.Path(scratch))
    pathlib.Path(out).write_text(json.dumps(said, ensure_ascii=False), encoding="utf-8")
