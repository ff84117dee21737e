"""Supervised fine-tuning with TRL's SFTTrainer on rows that are tokens already, for bench/train-270m.

    python bench/peers/train_trl.py REQUEST.json      # last line of stdout: the result as JSON

REQUEST.json: {model, train: [{input_ids, labels}], eval: [..], micro_batch, accumulation, steps, learning_rate,
warmup_steps, weight_decay, max_grad_norm, seed, gradient_checkpointing}. Rows are taken in the order given; fp32, CPU;
everything else is TRL's default. Tokens counted are real ones: padding is not.
"""

import json
import pathlib
import resource
import sys
import tempfile
import time

import torch
from datasets import Dataset
from transformers import AutoModelForCausalLM, AutoTokenizer, TrainerCallback
from trl import SFTConfig, SFTTrainer


class Clock(TrainerCallback):
    """Seconds of each optimizer step, evaluation left out."""

    def __init__(self) -> None:
        self.seconds: list[float] = []

    def on_step_begin(self, *_args, **_kwargs) -> None:
        self.start = time.perf_counter()

    def on_step_end(self, *_args, **_kwargs) -> None:
        self.seconds.append(time.perf_counter() - self.start)


@torch.no_grad()
def mean_nll(model, rows: list[dict]) -> float:
    """Mean over all target tokens of the held-out rows, one row at a time: no padding, no trainer in between."""
    training = model.training
    model.eval()
    total, count = 0.0, 0
    for row in rows:
        ids = torch.tensor([row["input_ids"]])
        labels = torch.tensor(row["labels"][1:])
        kept = (labels != -100).nonzero().squeeze(1)
        hidden = model.model(input_ids=ids, use_cache=False).last_hidden_state[0, kept]
        total += torch.nn.functional.cross_entropy(model.lm_head(hidden), labels[kept], reduction="sum").item()
        count += len(kept)
    model.train(training)
    return total / count


def main() -> None:
    request = json.loads(pathlib.Path(sys.argv[1]).read_text())
    model = AutoModelForCausalLM.from_pretrained(request["model"], dtype=torch.float32)
    tokenizer = AutoTokenizer.from_pretrained(request["tokenizer"])
    before = mean_nll(model, request["eval"])
    clock = Clock()
    with tempfile.TemporaryDirectory() as out:
        trainer = SFTTrainer(
            model=model,
            processing_class=tokenizer,
            train_dataset=Dataset.from_list(request["train"]),
            args=SFTConfig(
                output_dir=out,
                use_cpu=True,
                bf16=False,
                max_length=None,
                dataset_kwargs={"skip_prepare_dataset": True},
                train_sampling_strategy="sequential",
                per_device_train_batch_size=request["micro_batch"],
                gradient_accumulation_steps=request["accumulation"],
                gradient_checkpointing=request["gradient_checkpointing"],
                max_steps=request["steps"],
                learning_rate=request["learning_rate"],
                lr_scheduler_type="linear",
                warmup_steps=request["warmup_steps"],
                weight_decay=request["weight_decay"],
                max_grad_norm=request["max_grad_norm"],
                seed=request["seed"],
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            callbacks=[clock],
        )
        trainer.train()
        logs = [entry for entry in trainer.state.log_history if "loss" in entry]
    after = mean_nll(trainer.model, request["eval"])
    batch = request["micro_batch"] * request["accumulation"]
    tokens = [
        sum(len(row["input_ids"]) for row in request["train"][step * batch : (step + 1) * batch])
        for step in range(request["steps"])
    ]
    print(
        json.dumps(
            {
                "losses": [entry["loss"] for entry in logs],
                "grad_norms": [entry["grad_norm"] for entry in logs],
                "learning_rates": [entry["learning_rate"] for entry in logs],
                "seconds": clock.seconds,
                "tokens": tokens,
                "held_out": [before, after],
                "peak_rss_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
            }
        )
    )


if __name__ == "__main__":
    main()
