"""Ids and assistant masks of transformers' apply_chat_template, for test/parity/chat-masks.test.ts.

    python test/parity/chat_masks.py test/fixtures/chat-masks.json [CONVERSATIONS]

Ten templates in the shapes of public ones, written anew with generation marks, over random conversations. The tokenizer is
data/tiny with each template's markers added. Packages: transformers 5.18.0, tokenizers.
"""

import json
import pathlib
import random
import sys
import tempfile

from transformers import AutoTokenizer

TINY = pathlib.Path(__file__).parents[2] / "data" / "tiny"
G, E = "{% generation %}", "{% endgeneration %}"


def token(content: str, special: bool = True, rstrip: bool = False) -> dict:
    return dict(content=content, special=special, rstrip=rstrip)


# name -> template, added tokens, names of special tokens
TEMPLATES: dict[str, tuple[str, list[dict], dict]] = {
    "gemma": (
        "{{ bos_token }}{% if messages[0].role == 'system' %}{% set first = messages[0].content | trim + '\n\n' %}"
        "{% set turns = messages[1:] %}{% else %}{% set first = '' %}{% set turns = messages %}{% endif %}"
        "{% for m in turns %}{% if m.role == 'assistant' %}{{ '<start_of_turn>model\n' }}"
        + G + "{{ m.content | trim + '<end_of_turn>' }}" + E + "{{ '\n' }}{% else %}"
        "{{ '<start_of_turn>' + m.role + '\n' + (first if loop.first else '') + m.content | trim + '<end_of_turn>\n' }}"
        "{% endif %}{% endfor %}{% if add_generation_prompt %}{{ '<start_of_turn>model\n' }}{% endif %}",
        [],
        {},
    ),
    "chatml": (
        "{{ bos_token }}{%- for m in messages %}\n    {%- if m.role == 'assistant' %}\n"
        "        {{- '<|im_start|>assistant\n' }}\n        {%- generation %}\n        {{- m.content + '<|im_end|>' }}\n"
        "        {%- endgeneration %}\n        {{- '\n' }}\n    {%- else %}\n"
        "        {{- '<|im_start|>' + m.role + '\n' + m.content + '<|im_end|>\n' }}\n    {%- endif %}\n{%- endfor %}\n",
        [token("<|im_start|>"), token("<|im_end|>")],
        {"eos_token": "<|im_end|>"},
    ),
    "llama3": (
        "{% for m in messages %}{% set head = '<|start_header_id|>' + m.role + '<|end_header_id|>\n\n' %}"
        "{% if loop.first %}{{ bos_token }}{% endif %}{{ head }}{% if m.role == 'assistant' %}"
        + G + "{{ m.content | trim }}{{ '<|eot_id|>' }}" + E + "{% else %}{{ m.content | trim + '<|eot_id|>' }}{% endif %}{% endfor %}",
        [token("<|begin_of_text|>"), token("<|start_header_id|>"), token("<|end_header_id|>"), token("<|eot_id|>")],
        {"bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>"},
    ),
    "mistral": (
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'user' %}{{ '[INST] ' + m.content + ' [/INST]' }}"
        "{% elif m.role == 'system' %}{{ '[SYS] ' + m.content + ' [/SYS]' }}{% else %}"
        + G + "{{ ' ' + m.content + eos_token }}" + E + "{% endif %}{% endfor %}",
        [token("[INST]"), token("[/INST]"), token("[SYS]"), token("[/SYS]"), token("</s>")],
        {"eos_token": "</s>"},
    ),
    "zephyr": (
        "{{ bos_token }}{% for m in messages %}\n{% if m.role == 'assistant' %}\n{{ '<|assistant|>\n' }}"
        "{% generation %}\n{{ m.content + eos_token }}{% endgeneration %}\n{{ '\n' }}{% else %}\n"
        "{{ '<|' + m.role + '|>\n' + m.content + eos_token + '\n' }}{% endif %}\n{% endfor %}",
        [],
        {},
    ),
    "phi3": (
        "{{ bos_token }}{% for m in messages %}{{ '<|' + m.role + '|>\n' }}{% if m.role == 'assistant' %}"
        + G + "{{ m.content + '<|end|>' }}" + E + "{{ '\n' }}{% else %}{{ m.content + '<|end|>\n' }}{% endif %}{% endfor %}",
        [token("<|user|>", rstrip=True), token("<|assistant|>", rstrip=True), token("<|system|>", rstrip=True), token("<|end|>", rstrip=True)],
        {},
    ),
    "llama2": (
        "{% for m in messages %}{% if m.role == 'system' %}{{ bos_token + '<<SYS>>\n' + m.content + '\n<</SYS>>\n\n' }}"
        "{% elif m.role == 'user' %}{{ bos_token + '[INST] ' + m.content.strip() + ' [/INST]' }}{% else %}{{ ' ' }}"
        + G + "{{ m.content.strip() + ' ' + eos_token }}" + E + "{% endif %}{% endfor %}",
        [token("<s>"), token("</s>")],
        {"bos_token": "<s>", "eos_token": "</s>"},
    ),
    "deepseek": (
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content }}{% elif m.role == 'user' %}"
        "{{ '<｜User｜>' + m.content }}{% else %}{{ '<｜Assistant｜>' }}" + G + "{{ m.content + '<｜end▁of▁sentence｜>' }}" + E
        + "{% endif %}{% endfor %}",
        [token("<｜User｜>", special=False), token("<｜Assistant｜>", special=False), token("<｜end▁of▁sentence｜>")],
        {"eos_token": "<｜end▁of▁sentence｜>"},
    ),
    "command": (
        "{{ bos_token }}{% for m in messages %}{{ '<|START_OF_TURN_TOKEN|>' }}{% if m.role == 'assistant' %}"
        "{{ '<|CHATBOT_TOKEN|>' }}" + G + "{{ m.content.strip() + '<|END_OF_TURN_TOKEN|>' }}" + E + "{% else %}"
        "{{ '<|USER_TOKEN|>' + m.content.strip() + '<|END_OF_TURN_TOKEN|>' }}{% endif %}{% endfor %}",
        [token("<|START_OF_TURN_TOKEN|>", special=False), token("<|END_OF_TURN_TOKEN|>", special=False),
         token("<|CHATBOT_TOKEN|>", special=False), token("<|USER_TOKEN|>", special=False)],
        {},
    ),
    "vicuna": (
        "{{ bos_token }}{% for m in messages %}{% if m.role == 'system' %}{{ m.content + ' ' }}{% elif m.role == 'user' %}"
        "{{ 'USER: ' + m.content + ' ' }}{% else %}{{ 'ASSISTANT: ' }}" + G + "{{ m.content.rstrip() + eos_token }}" + E + "{% endif %}{% endfor %}",
        [],
        {},
    ),
}

WORDS = ["hello", "la respuesta es", "答案是", "한국", "é", "😀", "▁", "\n", "\n\n", " ", "  ", "\t", "x", "Yes.", "12", "ما هي", "<0x41>", "- a"]


def conversation(rand: random.Random) -> list[dict]:
    def text() -> str:
        # Something that no template trims away, white space around it or not.
        return "".join(rand.choices(WORDS, k=rand.randint(0, 3))) + rand.choice("abñ4") + "".join(rand.choices(WORDS, k=rand.randint(0, 3)))

    messages = [{"role": "system", "content": text()}] if rand.random() < 0.3 else []
    for _ in range(rand.randint(1, 3)):
        messages += [{"role": "user", "content": text()}, {"role": "assistant", "content": text()}]
    return messages


def tokenizer_with(template: str, tokens: list[dict], names: dict):
    base = json.loads((TINY / "tokenizer.json").read_text())
    config = json.loads((TINY / "tokenizer_config.json").read_text()) | names | {"chat_template": template}
    first = max(base["model"]["vocab"].values()) + 1
    added = [t | dict(id=first + i, single_word=False, lstrip=False, normalized=False) for i, t in enumerate(tokens)]
    base["added_tokens"] += added
    with tempfile.TemporaryDirectory() as folder:
        for name, value in (("tokenizer.json", base), ("tokenizer_config.json", config)):
            (pathlib.Path(folder) / name).write_text(json.dumps(value))
        return AutoTokenizer.from_pretrained(folder), added, config


def main() -> None:
    count = int(sys.argv[2]) if len(sys.argv) > 2 else 12
    rand = random.Random(0)
    out = []
    for name, (template, tokens, names) in TEMPLATES.items():
        tokenizer, added, config = tokenizer_with(template, tokens, names)
        chats = []
        for _ in range(count):
            messages = conversation(rand)
            got = tokenizer.apply_chat_template(messages, return_dict=True, return_assistant_tokens_mask=True)
            chats.append(dict(messages=messages, ids=got["input_ids"], mask="".join(map(str, got["assistant_masks"]))))
        out.append(dict(name=name, added=added, config=config, chats=chats))
    pathlib.Path(sys.argv[1]).write_text(json.dumps(out, ensure_ascii=False, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
