/**
 * Chat templates, rendered around stand-ins for the messages' texts.
 *
 * The texts themselves never pass through the template: each stand-in is replaced afterwards. That way it is known to the
 * token where a response begins and ends whatever the template does around it, and text that spells a special token
 * cannot become one.
 */

import { Template } from '@huggingface/jinja';
import { UserError } from '../../errors.ts';

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

/** A piece of a rendered chat: the template's own text, or the place of a message's. */
export type Part = { text: string } | { message: number; trimmed: boolean };

// Private-use characters: only the template's own text could hold them, and no template does.
const OPEN = '\uE000';
const CLOSE = '\uE001';
const STAND_IN = new RegExp(`( ?)${OPEN}(\\d+)${CLOSE}( ?)`, 'u');

/** One compiled template; renderings are kept by the roles they were made for. */
export class ChatTemplate {
  readonly #template: Template;
  readonly #path: string;
  readonly #known = new Map<string, Part[]>();

  /**
   * @param source Jinja
   * @param path shown in messages
   * @throws UserError when it is not a template
   */
  constructor(source: string, path: string) {
    this.#path = path;
    try {
      this.#template = new Template(source);
    } catch (error) {
      throw new UserError({
        file: path,
        message: `has a chat template that cannot be read: ${(error as Error).message}.`,
      });
    }
  }

  /**
   * The parts of a chat with these roles.
   * @param generate add what makes the model begin its turn
   * @throws UserError when the template refuses the roles, or drops or repeats a message
   */
  parts(roles: readonly Role[], generate: boolean): readonly Part[] {
    const key = `${roles.join()}|${generate}`;
    let parts = this.#known.get(key);
    if (parts === undefined) this.#known.set(key, (parts = this.#render(roles, generate)));
    return parts;
  }

  #render(roles: readonly Role[], generate: boolean): Part[] {
    // A space on either side shows whether the template trims.
    const messages = roles.map((role, i) => ({ role, content: ` ${OPEN}${i}${CLOSE} ` }));
    let text: string;
    try {
      text = this.#template.render({
        messages,
        add_generation_prompt: generate,
        bos_token: '<bos>',
        eos_token: '<eos>',
      });
    } catch (error) {
      throw new UserError({
        file: this.#path,
        message: `the chat template refuses ${roles.join(', ') || 'an empty chat'}: ${(error as Error).message}.`,
      });
    }
    const parts: Part[] = [];
    const seen = new Set<number>();
    for (let match = STAND_IN.exec(text); match !== null; match = STAND_IN.exec(text)) {
      const [whole, before, index, after] = match as unknown as [string, string, string, string];
      if (match.index > 0) parts.push({ text: text.slice(0, match.index) });
      parts.push({ message: Number(index), trimmed: before === '' && after === '' });
      if (seen.size === seen.add(Number(index)).size) this.#refuse(roles, 'repeats');
      text = text.slice(match.index + whole.length);
    }
    if (text !== '') parts.push({ text });
    if (seen.size !== roles.length) this.#refuse(roles, 'leaves out');
    return parts;
  }

  #refuse(roles: readonly Role[], what: string): never {
    throw new UserError({
      file: this.#path,
      message: `the chat template ${what} a message of ${roles.join(', ')}.`,
    });
  }
}

/** Characters that Python counts as white space and JavaScript does not. */
const PYTHON_ONLY = [0x1c, 0x1d, 0x1e, 0x1f, 0x85];

function isPythonSpace(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return PYTHON_ONLY.includes(code) || (code !== 0xfeff && /\s/u.test(text.charAt(at)));
}

/** Python's str.strip(), which is what templates are written for: JavaScript's trim differs in a few characters. */
export function strip(text: string): string {
  let start = 0;
  let end = text.length;
  while (start < end && isPythonSpace(text, start)) start++;
  while (end > start && isPythonSpace(text, end - 1)) end--;
  return text.slice(start, end);
}
