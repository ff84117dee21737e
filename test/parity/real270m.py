"""What transformers computes for given token rows with a real Gemma 3, for real270m.test.ts.

    python test/parity/real270m.py MODEL_DIR REQUEST.json OUT_DIR [TOKENIZER.json]

REQUEST.json: {"rows": [{"ids": [..], "logits_from": n, "text": ".."}]}. Writes OUT_DIR/ROW.safetensors for each row
(T tokens, D model, V vocabulary): hidden [layers + 1, T, D] (residual stream after each block, then the final hidden
state), logits [T - n, V], top [T]; with a tokenizer, ids [T'] as Hugging Face tokenizes `text`. fp32, eager, CPU.
"""

import json
import pathlib
import sys

import torch
from safetensors.torch import save_file
from transformers import AutoModelForCausalLM


def main() -> None:
    model_dir, request, out_dir = sys.argv[1:4]
    tokenizer = None
    if len(sys.argv) > 4:
        from tokenizers import Tokenizer

        tokenizer = Tokenizer.from_file(sys.argv[4])
    model = AutoModelForCausalLM.from_pretrained(model_dir, dtype=torch.float32, attn_implementation="eager").eval()
    for number, row in enumerate(json.loads(pathlib.Path(request).read_text())["rows"]):
        ids = torch.tensor([row["ids"]])
        blocks: list[torch.Tensor] = []
        hooks = [
            layer.register_forward_hook(
                lambda _module, _args, output: blocks.append(output[0] if isinstance(output, tuple) else output)
            )
            for layer in model.model.layers
        ]
        with torch.no_grad():
            final = model.model(input_ids=ids, use_cache=False).last_hidden_state
            logits = model.lm_head(final)[0]
        for hook in hooks:
            hook.remove()
        out = {
            "hidden": torch.stack([block[0] for block in blocks] + [final[0]]),
            "logits": logits[row["logits_from"] :].contiguous(),
            "top": logits.argmax(-1).to(torch.int32),
        }
        if tokenizer is not None and row.get("text") is not None:
            out["ids"] = torch.tensor(tokenizer.encode(row["text"]).ids, dtype=torch.int32)
        save_file(out, pathlib.Path(out_dir) / f"{number}.safetensors")


if __name__ == "__main__":
    main()
