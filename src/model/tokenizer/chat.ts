/** Chats as token ids, with a mark on the tokens that the model is trained to produce. */

import { UserError } from '../../errors.ts';
import { ChatTemplate, GEMMA_TEMPLATE, type Part, type Role, strip } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';

/** One turn; `model` is Gemma's own word for `assistant`. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'model';
  content: string;
}

export interface TemplateOptions {
  /**
   * `chat` (default): the checkpoint's chat template, else Gemma 3's. `plain`: the texts as they are, each response
   * followed by `<eos>`, for base models that know no turns.
   */
  template?: 'chat' | 'plain';
}

export interface EncodedChat {
  /** Begins with exactly one `<bos>`; ends with the last response's `<end_of_turn>`, if a response comes last. */
  ids: number[];
  /** For each id: true where it belongs to a response, its `<end_of_turn>` included (the newline after that is not). */
  target: boolean[];
}

const templates = new WeakMap<Tokenizer, ChatTemplate>();

/**
 * Token ids of a chat. Responses are cut apart from what surrounds them, so that the ids before a response are the very ids
 * that `encodePrompt` gives when the model is asked for it.
 * @throws UserError when the template refuses the order of roles
 */
export function encodeChat(
  tokenizer: Tokenizer,
  messages: readonly Message[],
  options: TemplateOptions = {},
): EncodedChat {
  const chat = new ChatBuilder(tokenizer);
  if (options.template === 'plain') plain(chat, messages);
  else templated(chat, messages, false);
  return chat.finish(messages.length > 0 && isResponse(messages.at(-1)!));
}

/** Token ids up to the point where the model begins its answer (`<start_of_turn>model\n`). */
export function encodePrompt(
  tokenizer: Tokenizer,
  messages: readonly Message[],
  options: TemplateOptions = {},
): number[] {
  const chat = new ChatBuilder(tokenizer);
  if (options.template === 'plain') plain(chat, messages);
  else templated(chat, messages, true);
  return chat.finish(false).ids;
}

function isResponse(message: Message): boolean {
  return message.role === 'assistant' || message.role === 'model';
}

function plain(chat: ChatBuilder, messages: readonly Message[]): void {
  for (const [i, message] of messages.entries()) {
    if (isResponse(message)) {
      chat.response(message.content);
      chat.special(chat.tokenizer.eosId);
    } else {
      const previous = messages[i - 1];
      chat.text(previous !== undefined && !isResponse(previous) ? `\n\n${message.content}` : message.content);
    }
  }
}

function templated(chat: ChatBuilder, messages: readonly Message[], generate: boolean): void {
  if (messages.length === 0) throw new UserError('a chat needs at least one message.');
  const roles = messages.map(({ role }): Role => (role === 'model' ? 'assistant' : role));
  for (const part of templateOf(chat.tokenizer).parts(roles, generate)) add(chat, messages, part);
}

function templateOf(tokenizer: Tokenizer): ChatTemplate {
  let template = templates.get(tokenizer);
  if (template === undefined) {
    template = new ChatTemplate(tokenizer.chatTemplate ?? GEMMA_TEMPLATE, tokenizer.path);
    templates.set(tokenizer, template);
  }
  return template;
}

function add(chat: ChatBuilder, messages: readonly Message[], part: Part): void {
  if ('text' in part) chat.templateText(part.text);
  else {
    const message = messages[part.message]!;
    const content = part.trimmed ? strip(message.content) : message.content;
    if (isResponse(message)) chat.response(content);
    else chat.text(content);
  }
}

/** Collects ids; text is held back until a border is reached, so that pieces are tokenised as the one text they form. */
class ChatBuilder {
  readonly tokenizer: Tokenizer;
  readonly #ids: number[];
  readonly #target: boolean[] = [false];
  #pending = '';
  #inResponse = false;

  constructor(tokenizer: Tokenizer) {
    this.tokenizer = tokenizer;
    this.#ids = [tokenizer.bosId];
  }

  /** Text in which special tokens stay text. */
  text(text: string): void {
    this.#pending += text;
  }

  /** Text to be produced by the model, up to the special token that ends its turn. */
  response(text: string): void {
    this.#flush();
    this.#inResponse = true;
    this.#pending = text;
    this.#flush();
  }

  special(id: number): void {
    this.#flush();
    this.#push([id]);
    if (id === this.tokenizer.endOfTurnId || id === this.tokenizer.eosId) this.#inResponse = false;
  }

  /** The template's own text, whose special tokens are meant. */
  templateText(text: string): void {
    const { tokenizer } = this;
    for (const piece of text.split(/(<[a-z_]+>)/)) {
      const id = tokenizer.tokenToId(piece);
      if (id === undefined || !tokenizer.specialIds.has(id)) this.#pending += piece;
      // The template's <bos> is the one that is there already.
      else if (id !== tokenizer.bosId || this.#ids.length > 1 || this.#pending !== '') this.special(id);
    }
  }

  finish(endsWithResponse: boolean): EncodedChat {
    this.#flush();
    // Nothing is learnt from what a template puts behind the last target, and nothing sees it.
    const end = endsWithResponse ? this.#target.lastIndexOf(true) + 1 : this.#ids.length;
    return { ids: this.#ids.slice(0, end), target: this.#target.slice(0, end) };
  }

  #flush(): void {
    if (this.#pending !== '') this.#push(this.tokenizer.encodePlain(this.#pending));
    this.#pending = '';
  }

  #push(ids: readonly number[]): void {
    for (const id of ids) {
      this.#ids.push(id);
      this.#target.push(this.#inResponse);
    }
  }
}
