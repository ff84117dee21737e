"""Steps of TRL's DPOTrainer with precomputed reference log-probs, for bench/clo.

Reads JSON lines and answers each with one: first the set-up {"model": .., "rows": [pair], "pairs": n, "microBatch": m,
"beta": b, "checkpointing": bool, "learningRate": lr, "threads": n}, then one line for each optimizer step.

A pair is two rows of TRL's: each prompt with the reply in its own language chosen and the other one rejected, tokens already.
fp32, CPU, rows in the order given, a constant learning rate; everything else is TRL's default.
"""

import json
import sys
import tempfile
import time

import torch
import transformers
import trl
from datasets import Dataset
from transformers import AutoModelForCausalLM, PreTrainedTokenizerFast, TrainerCallback
from tokenizers import Tokenizer, models
from trl import DPOConfig, DPOTrainer


class Tokenized(DPOTrainer):
    """DPOTrainer for rows that are tokens already: it would tokenize text."""

    def _prepare_dataset(self, dataset, *_args, **_kwargs):
        return dataset


class Turns(TrainerCallback):
    """Waits for a line before each step; answers when the step is logged."""

    def on_step_begin(self, *_args, **_kwargs) -> None:
        if not sys.stdin.readline():
            sys.exit()
        self.started = time.perf_counter()

    def on_step_end(self, *_args, **_kwargs) -> None:
        self.seconds = time.perf_counter() - self.started

    def on_log(self, _args, _state, _control, logs=None, **_kwargs) -> None:
        if "loss" not in logs:
            return
        figures = {name: logs[name] for name in ("rewards/margins", "rewards/accuracies", "grad_norm")}
        say({"seconds": self.seconds, "loss": logs["loss"], "figures": figures})


def say(answer: dict) -> None:
    print(json.dumps(answer), flush=True)


def preferences(pair: dict) -> list[dict]:
    """A pair's two rows of TRL's."""

    def row(chosen: dict, rejected: dict) -> dict:
        return {
            "prompt_ids": chosen["ids"][: chosen["prompt"]],
            "chosen_ids": chosen["ids"][chosen["prompt"] :],
            "rejected_ids": rejected["ids"][rejected["prompt"] :],
        }

    return [row(pair["enEn"], pair["enXx"]), row(pair["xxXx"], pair["xxEn"])]


def main() -> None:
    setup = json.loads(sys.stdin.readline())
    torch.set_num_threads(setup["threads"])
    rows = [row for pair in setup["rows"] for row in preferences(pair)]
    model = AutoModelForCausalLM.from_pretrained(setup["model"], dtype=torch.float32)
    # The trainer wants one for its padding; what it pads with is masked.
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=Tokenizer(models.WordLevel({"<pad>": 0, "<eos>": 1}, unk_token="<eos>")),
        pad_token="<pad>",
        eos_token="<eos>",
    )
    with tempfile.TemporaryDirectory() as out:
        trainer = Tokenized(
            model=model,
            processing_class=tokenizer,
            train_dataset=Dataset.from_list(rows),
            args=DPOConfig(
                output_dir=out,
                use_cpu=True,
                bf16=False,
                max_length=None,
                beta=setup["beta"],
                precompute_ref_log_probs=True,
                train_sampling_strategy="sequential",
                per_device_train_batch_size=2 * setup["microBatch"],
                gradient_accumulation_steps=setup["pairs"] // setup["microBatch"],
                gradient_checkpointing=setup["checkpointing"],
                max_steps=len(setup["rows"]) // setup["pairs"],
                learning_rate=setup["learningRate"],
                lr_scheduler_type="constant",
                logging_steps=1,
                save_strategy="no",
                report_to="none",
                disable_tqdm=True,
            ),
            callbacks=[Turns()],
        )
        versions = {"trl": trl.__version__, "transformers": transformers.__version__, "torch": torch.__version__}
        say({"versions": versions})
        trainer.train()
    # Its memory is read before it ends.
    sys.stdin.read()


if __name__ == "__main__":
    main()
