"""Steering by forward hooks on transformers, for test/steering: what PyTorch users do, on the models that dump.py wrote.

    python test/parity/steering.py test/fixtures/steering.safetensors

Two vectors at two blocks, the second hook seeing what the first has moved, added from the last prompt token on or to every
token. Of each model (B = 1 row, T tokens, L blocks, D model, V vocabulary):
  NAME.a, NAME.b [L, D] the vectors, NAME.plain, NAME.prompt_end, NAME.everywhere [T, V] logits of the first row of
  expected.safetensors, NAME.generated [N] ids that follow its prompt greedily, steered from the prompt's last token on.

fp32, eager attention. The settings are the metadata of the file, as JSON.
Packages: torch 2.13.0, transformers 5.18.0, safetensors 0.8.0.
"""

import json
import pathlib
import sys

import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import Gemma3ForCausalLM

ROOT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "parity"
MODELS = ["270m", "4b"]
PROMPT = 9  # tokens; longer than the window
NEW = 8  # tokens generated
STEPS = {"a": dict(layer=1, gamma=2.0), "b": dict(layer=-1, gamma=-0.75)}  # -1: the last block


def main() -> None:
    torch.set_num_threads(1)
    out, steps = {}, {}
    for seed, name in enumerate(MODELS, start=7):
        generator = torch.Generator().manual_seed(seed)
        model = Gemma3ForCausalLM.from_pretrained(ROOT / name, attn_implementation="eager", dtype=torch.float32).eval()
        blocks, width = len(model.model.layers), model.config.hidden_size
        tokens = load_file(ROOT / name / "expected.safetensors")["tokens"][:1].long()
        vectors = {key: torch.randn(blocks, width, generator=generator) for key in STEPS}
        steps[name] = {key: dict(step, layer=step["layer"] % blocks) for key, step in STEPS.items()}

        def logits(ids: torch.Tensor, first: int | None) -> torch.Tensor:
            """Logits [T, V], steered from token `first` on; None is unsteered."""

            def hook(key: str, gamma: float, layer: int):
                def add(_module, _args, output):
                    hidden = output[0] if isinstance(output, tuple) else output
                    hidden = hidden.clone()
                    hidden[:, first:] += gamma * vectors[key][layer]
                    return (hidden, *output[1:]) if isinstance(output, tuple) else hidden

                return add

            handles = []
            if first is not None:
                for key, step in steps[name].items():
                    block = model.model.layers[step["layer"]]
                    handles.append(block.register_forward_hook(hook(key, **step)))
            try:
                with torch.no_grad():
                    return model(input_ids=ids, use_cache=False).logits[0]
            finally:
                for handle in handles:
                    handle.remove()

        ids = tokens[:, :PROMPT]
        for _ in range(NEW):
            best = logits(ids, PROMPT - 1)[-1].argmax()
            ids = torch.cat([ids, best.view(1, 1)], 1)
        out |= {f"{name}.{key}": value for key, value in vectors.items()}
        out |= {
            f"{name}.plain": logits(tokens, None),
            f"{name}.prompt_end": logits(tokens, PROMPT - 1),
            f"{name}.everywhere": logits(tokens, 0),
            f"{name}.generated": ids[0, PROMPT:].to(torch.int32),
        }
    settings = dict(prompt=PROMPT, steps=steps, torch=torch.__version__, transformers=transformers.__version__)
    save_file({key: value.contiguous() for key, value in out.items()}, sys.argv[1], metadata={"settings": json.dumps(settings)})


if __name__ == "__main__":
    main()
