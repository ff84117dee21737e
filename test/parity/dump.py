"""Writes test/fixtures/parity/: tiny Gemma 3 models with random weights, and what transformers says about them.

    python test/parity/dump.py            # needs torch 2.13.0 and transformers 5.18.0, CPU only, about ten seconds

One folder a shape, each a Hugging Face directory (save_pretrained) with expected.safetensors beside the weights.
All five released sizes are here, scaled down: what is kept is every rule in which they differ (ratio of heads to
K/V heads, query_pre_attn_scalar that is not head_dim, RoPE factor of the global layers, a tail of local layers,
which layers are global), and a window that is shorter than the rows.

fp32, eager attention. Tensors in expected.safetensors (B rows, T tokens, D model, V vocabulary):
  tokens [B, T], mask [B, T] (0 = padding, always on the right), labels [B, T] (what each position is to predict;
  -100 = nothing), hidden.0 [B, T, D] scaled embedding, hidden.i [B, T, D] residual stream after block i - 1,
  hidden.final [B, T, D] after the last norm, logits [B, T, V], loss [] (mean over labels that are not -100) and
  grad.NAME for each parameter. Values at padded positions mean nothing.

The version must be raised whenever the content changes: the test refuses fixtures of another version.
"""

import json
import pathlib
import shutil

import torch
import transformers
from safetensors.torch import save_file
from transformers import Gemma3ForCausalLM, Gemma3TextConfig

VERSION = 1
ROOT = pathlib.Path(__file__).resolve().parent.parent / "fixtures" / "parity"
TOKENS = 21  # more than twice the window, and odd
SHORT = 13  # length of the second, padded row

LOCAL, GLOBAL = "sliding_attention", "full_attention"

# sizes are tiny; the rules that differ between the released sizes are not (methods of Gemma 3, model cards)
SHAPES = {
    "270m": dict(hidden_size=32, intermediate_size=40, num_hidden_layers=6, num_attention_heads=4,
                 num_key_value_heads=1, head_dim=16, query_pre_attn_scalar=16, factor=1.0),
    "1b": dict(hidden_size=32, intermediate_size=48, num_hidden_layers=8, num_attention_heads=4,
               num_key_value_heads=1, head_dim=8, query_pre_attn_scalar=8, factor=1.0),
    "4b": dict(hidden_size=40, intermediate_size=48, num_hidden_layers=3, num_attention_heads=8,
               num_key_value_heads=4, head_dim=8, query_pre_attn_scalar=8, factor=8.0,
               layer_types=[LOCAL, GLOBAL, LOCAL]),
    "12b": dict(hidden_size=32, intermediate_size=40, num_hidden_layers=6, num_attention_heads=4,
                num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=8, factor=8.0),
    "27b": dict(hidden_size=48, intermediate_size=56, num_hidden_layers=3, num_attention_heads=4,
                num_key_value_heads=2, head_dim=8, query_pre_attn_scalar=12, factor=8.0,
                layer_types=[LOCAL, GLOBAL, LOCAL]),
}


def config_of(shape: dict) -> Gemma3TextConfig:
    shape = dict(shape)
    factor = shape.pop("factor")
    layers = shape["num_hidden_layers"]
    shape.setdefault("layer_types", [GLOBAL if (i + 1) % 6 == 0 else LOCAL for i in range(layers)])
    return Gemma3TextConfig(
        vocab_size=96,
        max_position_embeddings=256,
        sliding_window=8,
        rope_parameters={
            GLOBAL: dict(rope_type="linear", factor=factor, rope_theta=1e6)
            if factor != 1
            else dict(rope_type="default", rope_theta=1e6),
            LOCAL: dict(rope_type="default", rope_theta=1e4),
        },
        attn_implementation="eager",
        dtype="float32",
        **shape,
    )


def randomise(model: Gemma3ForCausalLM, generator: torch.Generator) -> None:
    """Weights large enough that attention is far from uniform, norm weights away from their initial zero."""
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if parameter.ndim == 1:
                scale = 0.2
            elif "embed_tokens" in name:
                scale = 0.3
            else:
                scale = 1.5 / parameter.shape[1] ** 0.5
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * scale)


def dump(name: str, shape: dict, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    config = config_of(shape)
    model = Gemma3ForCausalLM(config).float().eval()
    randomise(model, generator)

    tokens = torch.randint(3, config.vocab_size, (2, TOKENS), generator=generator)
    tokens[:, 0] = config.bos_token_id
    mask = torch.ones_like(tokens)
    tokens[1, SHORT:] = config.pad_token_id
    mask[1, SHORT:] = 0
    labels = torch.full_like(tokens, -100)
    labels[0, 6 : TOKENS - 1] = tokens[0, 7:TOKENS]  # the first row: a prompt of 7 tokens, then a response
    labels[1, 4 : SHORT - 1] = tokens[1, 5:SHORT]
    labels[0, 10] = -100  # and a hole

    out: dict[str, torch.Tensor] = {}
    inner = model.model

    def keep(key: str):
        def hook(_module, _args, output):
            out[key] = output[0] if isinstance(output, tuple) else output

        return hook

    hooks = [inner.embed_tokens.register_forward_hook(keep("hidden.0")), inner.norm.register_forward_hook(keep("hidden.final"))]
    hooks += [layer.register_forward_hook(keep(f"hidden.{i + 1}")) for i, layer in enumerate(inner.layers)]
    result = model(input_ids=tokens, attention_mask=mask, output_hidden_states=True, use_cache=False)
    for hook in hooks:
        hook.remove()
    # what the hooks saw is what output_hidden_states reports, where that reports it
    for i, hidden in enumerate(result.hidden_states[:-1]):
        assert torch.equal(hidden, out[f"hidden.{i}"]), (name, i)
    assert torch.equal(result.hidden_states[-1], out["hidden.final"])

    loss = torch.nn.functional.cross_entropy(result.logits.flatten(0, 1), labels.flatten(), ignore_index=-100)
    # Hugging Face's own labels stand one to the right of ours
    shifted = torch.cat([torch.full_like(labels[:, :1], -100), labels[:, :-1]], 1)
    theirs = model(input_ids=tokens, attention_mask=mask, labels=shifted, use_cache=False).loss
    assert abs(theirs.item() - loss.item()) < 1e-6, (theirs, loss)
    loss.backward()

    out |= {"logits": result.logits, "loss": loss}
    out |= {f"grad.{key.removeprefix('model.')}": value.grad for key, value in model.named_parameters()}
    out |= {key: value.to(torch.int32) for key, value in dict(tokens=tokens, mask=mask, labels=labels).items()}

    folder = ROOT / name
    shutil.rmtree(folder, ignore_errors=True)
    model.save_pretrained(folder)
    save_file({key: value.detach().contiguous() for key, value in out.items()}, folder / "expected.safetensors")
    size = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{name}: {sum(p.numel() for p in model.parameters())} parameters, loss {loss.item():.6f}, {size} bytes")


def main() -> None:
    torch.set_num_threads(1)  # one order of additions
    ROOT.mkdir(parents=True, exist_ok=True)
    for seed, (name, shape) in enumerate(SHAPES.items(), start=1):
        dump(name, shape, seed)
    (ROOT / "version.json").write_text(
        json.dumps(
            {
                "version": VERSION,
                "torch": torch.__version__.split("+")[0],
                "transformers": transformers.__version__,
                "shapes": list(SHAPES),
                "regenerate": "python test/parity/dump.py",
            },
            indent=2,
        )
        + "\n"
    )


if __name__ == "__main__":
    main()
