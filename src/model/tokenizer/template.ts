/**
 * Chat templates, rendered around stand-ins for the messages' texts.
 *
 * Each stand-in is replaced by the text afterwards. That way it is known to the character where a message begins and ends
 * whatever the template does around it, and text that spells a special token cannot become one. A template that does more
 * to a text than trimming it is found out by rendering the texts themselves, too.
 */

import { Template } from '@huggingface/jinja';
import { UserError } from '../../errors.ts';
import type { Message } from './message.ts';
import type { TokenNames } from './names.ts';
import type { Range } from './offsets.ts';

/** Gemma 3's turns for plain text, used when a checkpoint brings no template: system text goes before the first user's. */
export const GEMMA_TEMPLATE = `{{ bos_token }}
{%- if messages[0].role == 'system' -%}
  {%- set prefix = messages[0].content + '\\n\\n' -%}
  {%- set turns = messages[1:] -%}
{%- else -%}
  {%- set prefix = '' -%}
  {%- set turns = messages -%}
{%- endif -%}
{%- for turn in turns -%}
  {%- if (turn.role == 'user') != (loop.index0 % 2 == 0) -%}
    {{ raise_exception('the roles must alternate user, assistant, user, assistant') }}
  {%- endif -%}
  {{ '<start_of_turn>' + ('model' if turn.role == 'assistant' else turn.role) + '\\n' }}
  {{- prefix if loop.first }}
  {{- turn.content | trim }}
  {{- '<end_of_turn>\\n' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
  {{ '<start_of_turn>model\\n' }}
{%- endif -%}`;

export type Role = 'system' | 'user' | 'assistant';

/** A message's text in a rendered chat. */
export interface Place extends Range {
  /** Index of the message. */
  message: number;
}

/** A rendered chat. */
export interface Rendered {
  text: string;
  /** Where the messages' texts stand, in order; undefined when the template changes them so that they cannot be found. */
  places: Place[] | undefined;
  /** Inside of `{% generation %}`, in order. */
  generated: Range[];
}

/** A piece of a template's output: its own text, the place of a message's text, or an end of `{% generation %}`. */
type Part =
  | { text: string }
  | { message: number; lstrip: boolean; rstrip: boolean }
  | { generation: 'begins' | 'ends' };

// Characters that no text has: Unicode sets them aside for a program's own use. Checked all the same.
const [OPEN, CLOSE, BEGIN, END] = ['\uFDD0', '\uFDD1', '\uFDD2', '\uFDD3'];
const OURS = /[\uFDD0-\uFDD3]/u;
// White space that no template writes: it shows on which sides a text is trimmed.
const SPACE = '\u2003';
const PARTS = new RegExp(`(${SPACE}?)${OPEN}(\\d+)${CLOSE}(${SPACE}?)|${BEGIN}|${END}`, 'gu');
const GENERATION = /\{%(-?)\s*(end)?generation\s*(-?)%\}/g;

/** One compiled template; what it makes of a sequence of roles is kept. */
export class ChatTemplate {
  /** It says by `{% generation %}` what a model is trained to produce. */
  readonly marked: boolean;
  readonly #template: Template;
  readonly #path: string;
  readonly #variables: Record<string, unknown>;
  readonly #known = new Map<string, Part[]>();

  /**
   * @param source Jinja
   * @param path shown in messages
   * @param names what templates know as `bos_token`, `eos_token` and so on
   * @throws UserError when it is not a template
   */
  constructor(source: string, path: string, { bos, eos, pad, unk }: TokenNames) {
    this.#path = path;
    const tokens = { bos_token: bos, eos_token: eos, pad_token: pad, unk_token: unk };
    // As transformers passes them: none, not undefined, which a template may tell apart.
    this.#variables = { tools: null, documents: null, ...tokens };
    this.marked = source.search(GENERATION) >= 0;
    // The library drops these tags. A block in their place keeps what they do to the white space around them.
    const open = (end: string | undefined) => `{{ isogloss_${end ? 'end' : 'begin'} }}`;
    const traced = source.replace(
      GENERATION,
      (_, before, end, after) => `{%${before} if true %}${open(end)}{% endif ${after}%}`,
    );
    try {
      this.#template = new Template(traced);
    } catch (error) {
      throw new UserError({
        file: path,
        message: `has a chat template that cannot be read: ${(error as Error).message}.`,
      });
    }
  }

  /**
   * Renders a chat.
   * @param generate add what makes the model begin its turn
   * @throws UserError when the template refuses the messages
   */
  render(messages: readonly Message[], generate: boolean): Rendered {
    const plain = messages.map(({ role, content }) => ({ role: roleOf(role), content }));
    if (plain.some(({ content }) => OURS.test(content)))
      throw new UserError('a message holds one of U+FDD0 to U+FDD3, which are no characters');
    const real = this.#run(plain, generate);
    const parts = this.#parts(
      plain.map(({ role }) => role),
      generate,
    );
    const texts = plain.map(({ content }) => content);
    // Compared as this library trims; put together as Python does.
    if (parts !== undefined && outline(assemble(parts, texts, JAVASCRIPT)) === real)
      return assemble(parts, texts, PYTHON);
    return { ...fromText(real), places: undefined };
  }

  /** undefined when a message is there twice. @throws UserError when one is left out */
  #parts(roles: readonly Role[], generate: boolean): Part[] | undefined {
    const key = `${roles.join()}|${generate}`;
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    const text = this.#run(
      roles.map((role, i) => ({ role, content: `${SPACE}${OPEN}${i}${CLOSE}${SPACE}` })),
      generate,
    );
    const parts: Part[] = [];
    const seen = new Set<number>();
    let done = 0;
    for (const match of text.matchAll(PARTS)) {
      const [whole, before, index, after] = match;
      if (match.index > done) parts.push({ text: text.slice(done, match.index) });
      done = match.index + whole.length;
      if (index === undefined) parts.push({ generation: whole === BEGIN ? 'begins' : 'ends' });
      else {
        parts.push({ message: Number(index), lstrip: before === '', rstrip: after === '' });
        if (seen.size === seen.add(Number(index)).size) return undefined;
      }
    }
    if (done < text.length) parts.push({ text: text.slice(done) });
    const lost = roles.findIndex((_, i) => !seen.has(i));
    if (lost >= 0) {
      const message = `the chat template leaves out message ${lost + 1} of ${roles.join(', ')}.`;
      throw new UserError({ file: this.#path, message });
    }
    this.#known.set(key, parts);
    return parts;
  }

  #run(messages: readonly { role: Role; content: string }[], generate: boolean): string {
    try {
      return this.#template.render({
        ...this.#variables,
        messages,
        add_generation_prompt: generate,
        isogloss_begin: BEGIN,
        isogloss_end: END,
      });
    } catch (error) {
      const roles = messages.map(({ role }) => role).join(', ') || 'an empty chat';
      throw new UserError({
        file: this.#path,
        message: `the chat template refuses ${roles}: ${(error as Error).message}.`,
      });
    }
  }
}

/** Templates know the model's turn as `assistant`. */
function roleOf(role: Message['role']): Role {
  return role === 'model' ? 'assistant' : role;
}

interface Trim {
  start(text: string): string;
  end(text: string): string;
}
const JAVASCRIPT: Trim = { start: (text) => text.trimStart(), end: (text) => text.trimEnd() };
const PYTHON: Trim = { start: lstrip, end: rstrip };

function assemble(
  parts: readonly Part[],
  texts: readonly string[],
  trim: Trim,
): Rendered & { places: Place[] } {
  const places: Place[] = [];
  const generated: Range[] = [];
  let text = '';
  for (const part of parts) {
    if ('text' in part) text += part.text;
    else if ('generation' in part) mark(generated, part.generation, text.length);
    else {
      let content = texts[part.message]!;
      if (part.lstrip) content = trim.start(content);
      if (part.rstrip) content = trim.end(content);
      places.push({ message: part.message, start: text.length, end: text.length + content.length });
      text += content;
    }
  }
  return { text, places, generated };
}

/** A rendered text with its marks written out again, to be compared. */
function outline({ text, generated }: Rendered): string {
  let marked = text;
  for (const { start, end } of generated.toReversed())
    marked = `${marked.slice(0, start)}${BEGIN}${marked.slice(start, end)}${END}${marked.slice(end)}`;
  return marked;
}

/** A rendered text with its marks taken out. */
function fromText(marked: string): { text: string; generated: Range[] } {
  const generated: Range[] = [];
  let text = '';
  for (const piece of marked.split(/([\uFDD2\uFDD3])/u)) {
    if (piece === BEGIN || piece === END) mark(generated, piece === BEGIN ? 'begins' : 'ends', text.length);
    else text += piece;
  }
  return { text, generated };
}

function mark(into: Range[], what: 'begins' | 'ends', at: number): void {
  if (what === 'begins') into.push({ start: at, end: at });
  else if (into.length > 0) into.at(-1)!.end = at;
}

/** Characters that Python counts as white space and JavaScript does not. */
const PYTHON_ONLY = [0x1c, 0x1d, 0x1e, 0x1f, 0x85];

function isPythonSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return PYTHON_ONLY.includes(code) || (code !== 0xfeff && /\s/u.test(text.charAt(at)));
}

/** Python's str.lstrip(), which is what templates are written for: JavaScript's differs in a few characters. */
function lstrip(text: string): string {
  let start = 0;
  while (start < text.length && isPythonSpace(text, start)) start++;
  return text.slice(start);
}

function rstrip(text: string): string {
  let end = text.length;
  while (end > 0 && isPythonSpace(text, end - 1)) end--;
  return text.slice(0, end);
}

/** Python's str.strip(). */
export function strip(text: string): string {
  return lstrip(rstrip(text));
}
