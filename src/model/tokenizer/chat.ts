/** Chats as token ids, with a mark on the tokens that the model is trained to produce. */

import { UserError } from '../../errors.ts';
import { isReply, type Message } from './message.ts';
import { repliesOf, turnEnd } from './replies.ts';
import { ChatTemplate, GEMMA_TEMPLATE } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';

export interface TemplateOptions {
  /**
   * `chat` (default): the checkpoint's chat template, else Gemma 3's. `plain`: the texts as they are, each response
   * followed by the tokenizer's end of text, for base models that know no turns.
   */
  template?: 'chat' | 'plain';
}

export interface EncodedChat {
  /** Begins with exactly one `<bos>`. */
  ids: number[];
  /** For each id: true where the model is trained to produce it. */
  target: boolean[];
  /** For each id: the message that it is a target of; -1 for others. */
  message: number[];
}

const templates = new WeakMap<Tokenizer, ChatTemplate>();

/**
 * Token ids of a chat: those of transformers' `apply_chat_template`, except that special tokens which a message spells stay
 * text, and that there is a `<bos>` in front even if the template writes none. Targets are what the template puts inside of
 * `{% generation %}` (transformers' `return_assistant_tokens_mask`); where it has no such marks, each reply with the special
 * token that ends its turn.
 * @throws UserError when the template refuses the messages, or it cannot be known where a reply ends
 */
export function encodeChat(
  tokenizer: Tokenizer,
  messages: readonly Message[],
  options: TemplateOptions = {},
): EncodedChat {
  if (options.template === 'plain') return plain(tokenizer, messages);
  if (messages.length === 0) throw new UserError('a chat needs at least one message.');
  const template = templateOf(tokenizer);
  const rendered = template.render(messages, false);
  const replies = repliesOf(rendered, messages, template, tokenizer);
  const borders = replies.flatMap(({ start, end }) => [start, end]);
  const { ids, ranges } = tokenizer.encodePlaced(
    rendered.text,
    verbatim(rendered.places, messages, tokenizer),
    borders,
  );
  const message = ids.map(() => -1);
  for (const reply of replies) {
    // As transformers' char_to_token: from the first token that its first character is in to the first that its last is in.
    const holding = (at: number) => ranges.findIndex(({ start, end }) => start <= at && at < end);
    const [first, last] = [holding(reply.start), holding(reply.end - 1)];
    if (first >= 0 && reply.end > reply.start) message.fill(reply.message, first, last + 1);
  }
  return withBos(tokenizer, ids, message);
}

/** Token ids up to the point where the model begins its answer (`<start_of_turn>model\n`). */
export function encodePrompt(
  tokenizer: Tokenizer,
  messages: readonly Message[],
  options: TemplateOptions = {},
): number[] {
  if (options.template === 'plain') return plain(tokenizer, messages).ids;
  if (messages.length === 0) throw new UserError('a chat needs at least one message.');
  const { text, places } = templateOf(tokenizer).render(messages, true);
  const { ids } = tokenizer.encodePlaced(text, verbatim(places, messages, tokenizer), []);
  return withBos(tokenizer, ids, []).ids;
}

/** Does the chat template itself write the `<bos>` that every chat begins with? */
export function templateWritesBos(tokenizer: Tokenizer): boolean {
  const { text } = templateOf(tokenizer).render([{ role: 'user', content: 'x' }], true);
  return text.startsWith(tokenizer.names.bos);
}

/**
 * Id of the token that ends a turn in the chat template; undefined where a template with marks has none.
 * @throws UserError when a template without marks has none
 */
export function turnEndId(tokenizer: Tokenizer): number | undefined {
  const template = templateOf(tokenizer);
  try {
    return turnEnd(template, tokenizer).id;
  } catch (error) {
    if (template.marked && error instanceof UserError) return undefined;
    throw error;
  }
}

/** The text of the chat template that is in force: the checkpoint's, else Gemma's. */
export function templateSource(tokenizer: Tokenizer): string {
  return tokenizer.chatTemplate ?? GEMMA_TEMPLATE;
}

/** The checkpoint's template, else Gemma's. @throws UserError when neither can be used with this vocabulary */
function templateOf(tokenizer: Tokenizer): ChatTemplate {
  let template = templates.get(tokenizer);
  if (template === undefined) {
    const { chatTemplate, path, names } = tokenizer;
    const missing = ['<start_of_turn>', '<end_of_turn>'].filter((token) => !tokenizer.added.has(token));
    if (chatTemplate === undefined && missing.length > 0) {
      const message = `has no chat template, and Gemma's cannot be used with it: it has no ${missing.join(', ')}`;
      throw new UserError({
        file: path,
        message: `${message}. Bring a chat_template.jinja, or set data.template=plain`,
      });
    }
    template = new ChatTemplate(chatTemplate ?? GEMMA_TEMPLATE, path, names);
    templates.set(tokenizer, template);
  }
  return template;
}

/** Where special tokens stay text. */
function verbatim(
  places: readonly { start: number; end: number }[] | undefined,
  messages: readonly Message[],
  tokenizer: Tokenizer,
): readonly { start: number; end: number }[] {
  if (places !== undefined) return places;
  const specials = [...tokenizer.added].filter(([, token]) => token.special);
  const at = messages.findIndex(({ content }) => specials.some(([special]) => content.includes(special)));
  if (at < 0) return [];
  throw new UserError({
    file: tokenizer.path,
    message: `the chat template changes the messages' texts, and message ${at + 1} spells a special token: what is whose cannot be told apart.`,
  });
}

function plain(tokenizer: Tokenizer, messages: readonly Message[]): EncodedChat {
  const ids: number[] = [];
  const message: number[] = [];
  let pending = '';
  const put = (added: readonly number[], of: number): void => {
    for (const id of added) {
      ids.push(id);
      message.push(of);
    }
  };
  const flush = (): void => {
    put(tokenizer.encodePlain(pending), -1);
    pending = '';
  };
  for (const [i, { content }] of messages.entries()) {
    const previous = messages[i - 1];
    if (isReply(messages[i]!)) {
      flush();
      put([...tokenizer.encodePlain(content), tokenizer.eosId], i);
    } else pending += previous !== undefined && !isReply(previous) ? `\n\n${content}` : content;
  }
  flush();
  return withBos(tokenizer, ids, message);
}

function withBos(tokenizer: Tokenizer, ids: number[], message: number[]): EncodedChat {
  const has = ids[0] === tokenizer.bosId;
  const of = has ? message : [-1, ...message];
  return { ids: has ? ids : [tokenizer.bosId, ...ids], message: of, target: of.map((index) => index >= 0) };
}
