"""Talks to a checkpoint as its users would.

    python test/parity/chat_model.py CHECKPOINT PROMPT

One JSON line: the rendered chat, the ids that end a text, and the ids that greedy generation gives.
"""

import json
import sys

from transformers import AutoModelForCausalLM, AutoTokenizer, logging

logging.set_verbosity_error()
logging.disable_progress_bar()

tokenizer = AutoTokenizer.from_pretrained(sys.argv[1])
model = AutoModelForCausalLM.from_pretrained(sys.argv[1])
chat = [{"role": "user", "content": sys.argv[2]}]
prompt = tokenizer.apply_chat_template(chat, add_generation_prompt=True, return_tensors="pt", return_dict=True)
generated = model.generate(**prompt, max_new_tokens=40, do_sample=False)
answer = {
    "rendered": tokenizer.apply_chat_template(chat, add_generation_prompt=True, tokenize=False),
    "eos": model.generation_config.eos_token_id,
    "config_eos": model.config.eos_token_id,
    "new": generated[0, prompt["input_ids"].shape[1] :].tolist(),
}
print(json.dumps(answer), flush=True)
