"""Are two directories the same model to transformers?

    python test/parity/round_trip.py BEFORE AFTER [BEFORE AFTER ..]

One JSON line for each pair: tensors compared, names that only one has, names whose bits differ, and the same of the names
in the files themselves. Both are loaded in the type that their files have.
"""

import json
import sys

import torch
from safetensors import safe_open
from transformers import AutoModelForCausalLM, logging

logging.set_verbosity_error()
logging.disable_progress_bar()


def names(directory: str) -> set[str]:
    with safe_open(f"{directory}/model.safetensors", "pt") as file:
        return set(file.keys())


for before, after in zip(sys.argv[1::2], sys.argv[2::2]):
    a, b = (AutoModelForCausalLM.from_pretrained(path, dtype="auto").state_dict() for path in (before, after))
    different = [name for name in a if name in b and (a[name].dtype != b[name].dtype or not torch.equal(a[name], b[name]))]
    answer = {
        "tensors": len(a),
        "unlike_names": sorted(set(a) ^ set(b)),
        "different": different,
        "unlike_names_in_files": sorted(names(before) ^ names(after)),
    }
    print(json.dumps(answer), flush=True)
