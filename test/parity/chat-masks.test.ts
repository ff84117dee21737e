/**
 * Chats against transformers' `apply_chat_template(..., return_assistant_tokens_mask=True)`: what chat_masks.py wrote, or
 * another file of its making that ISOGLOSS_CHAT_MASKS names.
 */
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, describe, expect, it } from 'vitest';
import {
  encodeChat,
  encodePrompt,
  loadTokenizer,
  type Message,
  TINY_TOKENIZER,
  type Tokenizer,
} from '../../src/model/tokenizer/index.ts';

interface Chats {
  name: string;
  /** Entries for `added_tokens` of tokenizer.json. */
  added: unknown[];
  /** tokenizer_config.json. */
  config: { chat_template: string };
  chats: { messages: Message[]; ids: number[]; mask: string }[];
}

const file =
  process.env.ISOGLOSS_CHAT_MASKS ?? fileURLToPath(new URL('../fixtures/chat-masks.json', import.meta.url));
const dir = mkdtempSync(join(tmpdir(), 'isogloss-masks-'));
afterAll(() => rmSync(dir, { recursive: true }));

/** data/tiny with the tokens and the template of a case. */
async function tokenizerOf({ name, added, config }: Chats): Promise<Tokenizer> {
  const folder = join(dir, name);
  cpSync(fileURLToPath(TINY_TOKENIZER), folder, { recursive: true });
  const json = JSON.parse(readFileSync(join(folder, 'tokenizer.json'), 'utf8'));
  json.added_tokens.push(...added);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(json));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
  return loadTokenizer(folder);
}

const mask = ({ target }: { target: boolean[] }) => target.map(Number).join('');

describe.each(JSON.parse(readFileSync(file, 'utf8')) as Chats[])(
  'chats in the template of $name',
  (fixture) => {
    it('have the ids and the mask of transformers', async () => {
      const tokenizer = await tokenizerOf(fixture);
      for (const { messages, ids, mask: expected } of fixture.chats) {
        const chat = encodeChat(tokenizer, messages);
        expect(chat.ids, JSON.stringify(messages)).toEqual(ids);
        expect(mask(chat), JSON.stringify(messages)).toBe(expected);
      }
    });

    it('have them without generation marks, too: a reply and the token that ends its turn', async () => {
      const plain = fixture.config.chat_template.replace(/\{%-?\s*(end)?generation\s*-?%\}\n?/g, '');
      const config = { ...fixture.config, chat_template: plain };
      const tokenizer = await tokenizerOf({ ...fixture, name: `${fixture.name}-plain`, config });
      for (const { messages, ids, mask: expected } of fixture.chats) {
        const chat = encodeChat(tokenizer, messages);
        expect(chat.ids, JSON.stringify(messages)).toEqual(ids);
        // The space that Mistral's replies begin with is marked in the template, and not a part of the message.
        if (fixture.name !== 'mistral') expect(mask(chat), JSON.stringify(messages)).toBe(expected);
      }
    });

    it('begin with the ids of their prompt, where it ends in a token', async () => {
      const tokenizer = await tokenizerOf(fixture);
      const [first] = fixture.chats;
      const before = encodePrompt(tokenizer, first!.messages.slice(0, -1));
      expect(before[0]).toBe(tokenizer.bosId);
    });
  },
);
