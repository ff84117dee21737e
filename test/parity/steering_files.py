"""Do other tools' own readers take our steering files, and do we take theirs?

    python test/parity/steering_files.py gguf FILE OUT        names, types and numbers as the gguf package reads them; OUT is
                                                              a control vector that its writer makes of the same numbers
    python test/parity/steering_files.py lm-eval FILE OUT     what lm-eval's `steered` model does with the file; OUT is a file
                                                              of torch.save with the same numbers, in float32 and bfloat16

Prints one JSON object. gguf needs gguf 0.19, lm-eval needs lm_eval 0.4.13, torch and transformers.
"""

import json
import sys


def of_gguf(path: str, out: str) -> dict:
    import gguf

    reader = gguf.GGUFReader(path)
    writer = gguf.GGUFWriter(out, "controlvector")
    writer.add_string("controlvector.model_hint", "gemma3_text")
    writer.add_uint32("controlvector.layer_count", len(reader.tensors))
    for tensor in reader.tensors:
        writer.add_tensor(tensor.name, tensor.data.copy())
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    fields = {name: field.contents() for name, field in reader.fields.items() if not name.startswith("GGUF.")}
    types = {name: [t.name for t in field.types] for name, field in reader.fields.items()}
    return {
        "fields": fields,
        "layer_count_type": types["controlvector.layer_count"],
        "tensors": [
            [t.name, t.tensor_type.name, [int(n) for n in t.shape], t.data.dtype.name, t.data.tolist()] for t in reader.tensors
        ],
    }


def of_lm_eval(path: str, out: str) -> dict:
    import torch
    from lm_eval.models import hf_steered
    from transformers import Gemma3ForCausalLM, Gemma3TextConfig

    entries = torch.load(path, weights_only=True)
    theirs = {name: dict(entry) for name, entry in entries.items()}
    # A row of a matrix, which is saved whole with the place where the row begins.
    rows = torch.tensor([[9.0] * 32, [1.0, -2.0, 0.5] + [0.0] * 29]).bfloat16()
    theirs["layers.0"] = {"steering_vector": rows[1], "action": "add"}
    torch.save(theirs, out)
    torch.manual_seed(0)
    config = Gemma3TextConfig(
        vocab_size=64,
        hidden_size=32,
        intermediate_size=64,
        num_hidden_layers=3,
        num_attention_heads=2,
        num_key_value_heads=1,
        head_dim=16,
    )
    model = Gemma3ForCausalLM(config).eval()

    def loaded(self, pretrained, device=None, **_):
        self._model, self._device = model, torch.device("cpu")

    # Its own reading of the file and its own hooks, on a model that is not loaded from anywhere.
    hf_steered.HFLM.__init__ = loaded
    steered = hf_steered.SteeredModel(pretrained="none", steer_path=path)
    (name,) = steered.hook_to_steer
    layer = int(name.rsplit(".", 1)[1])
    entry = entries[name]
    blocks = model.model.layers
    inputs = {}
    for k, block in enumerate(blocks):
        block.register_forward_pre_hook(lambda _m, given, k=k: inputs.update({k: given[0].clone()}))

    def block_inputs() -> dict:
        with torch.no_grad():
            model(input_ids=torch.tensor([[1, 5, 9, 7]]))
        return dict(inputs)

    plain = block_inputs()
    with hf_steered.steer(model, steered.hook_to_steer):
        theirs_inputs = block_inputs()
    added = entry["steering_coefficient"] * entry["steering_vector"]
    handle = blocks[layer].register_forward_hook(lambda _m, _i, out: out + added)
    by_hand = block_inputs()
    handle.remove()
    return {
        "hookpoints": list(entries),
        "entry": {key: value.tolist() if hasattr(value, "tolist") else value for key, value in entry.items()},
        "dtype": str(entry["steering_vector"].dtype),
        "unsteered_below": torch.equal(plain[layer], theirs_inputs[layer]),
        "steered_above": not torch.equal(plain[layer + 1], theirs_inputs[layer + 1]),
        "as_by_hand": torch.equal(by_hand[layer + 1], theirs_inputs[layer + 1]),
    }


kind, path, out = sys.argv[1:]
print(json.dumps({"gguf": of_gguf, "lm-eval": of_lm_eval}[kind](path, out)))
