"""Steps of PyTorch's and transformers' optimizers, for test/backend/optimizers.test.ts.

    python test/parity/optimizers.py test/fixtures/optimizers.safetensors

For each case: parameter before, gradients of each step, parameter after each step; fp32, CPU. The settings are the
metadata of the file, as JSON. Packages: torch 2.13.0, transformers 5.18.0, safetensors 0.8.0.
"""

import json
import sys

import torch
from safetensors.torch import save_file
from transformers.optimization import Adafactor

STEPS = 3
ADAFACTOR = dict(relative_step=False, warmup_init=False, scale_parameter=False, lr=1e-2)
CASES = {
    "adamw": (torch.optim.AdamW, [7, 5], dict(lr=1e-2, betas=(0.9, 0.99), eps=1e-8, weight_decay=0.1)),
    "adafactor_matrix": (Adafactor, [66, 9], ADAFACTOR),
    "adafactor_decay": (Adafactor, [66, 9], ADAFACTOR | dict(weight_decay=0.1)),
    "adafactor_scaled": (Adafactor, [66, 9], ADAFACTOR | dict(scale_parameter=True, weight_decay=0.1)),
    "adafactor_clipped": (Adafactor, [5, 4], ADAFACTOR | dict(clip_threshold=0.25, decay_rate=-0.5)),
    "adafactor_vector": (Adafactor, [41], ADAFACTOR | dict(scale_parameter=True)),
}


def main() -> None:
    torch.manual_seed(0)
    tensors, settings = {}, {}
    for name, (optimizer_class, shape, kwargs) in CASES.items():
        parameter = torch.nn.Parameter(torch.randn(shape) * 0.1)
        tensors[f"{name}.before"] = parameter.detach().clone()
        optimizer = optimizer_class([parameter], **kwargs)
        for step in range(1, STEPS + 1):
            parameter.grad = torch.randn(shape) * (0.3 if step == 2 else 1.0)
            tensors[f"{name}.gradient.{step}"] = parameter.grad.clone()
            optimizer.step()
            tensors[f"{name}.after.{step}"] = parameter.detach().clone()
        settings[name] = kwargs
    save_file(tensors, sys.argv[1], metadata={"settings": json.dumps(settings), "steps": str(STEPS)})


if __name__ == "__main__":
    main()
