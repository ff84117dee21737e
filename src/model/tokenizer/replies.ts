/** Where the replies of a rendered chat begin and end: what a model is trained to produce. */

import { UserError } from '../../errors.ts';
import { isReply, type Message } from './message.ts';
import type { Range } from './offsets.ts';
import { cut } from './special-tokens.ts';
import type { ChatTemplate, Rendered } from './template.ts';
import type { Tokenizer } from './tokenizer.ts';

/** A stretch of the text that is trained on. */
export interface Reply extends Range {
  /** Index of the message that it is of. */
  message: number;
}

/** What a template writes behind a reply, up to and with the token that ends the turn. */
export interface TurnEnd {
  text: string;
  /** Id of that token. */
  id: number;
}

const ends = new WeakMap<ChatTemplate, TurnEnd>();

/**
 * The replies of a chat, in order: inside of the template's marks, or each with the token that ends its turn.
 * @throws UserError when it cannot be known where a reply ends
 */
export function repliesOf(
  { text, places, generated }: Rendered,
  messages: readonly Message[],
  template: ChatTemplate,
  tokenizer: Tokenizer,
): Reply[] {
  const refuse = (message: string): never => {
    throw new UserError({ file: tokenizer.path, message: `${message}. ${REMEDY}` });
  };
  if (template.marked) {
    const replies = messages.flatMap((message, i) => (isReply(message) ? i : []));
    return generated.map(({ start, end }, n) => {
      // The message whose text is inside; else, where there is a stretch for each, they follow each other.
      const inside = places?.find(
        (place) => isReply(messages[place.message]!) && place.start >= start && place.end <= end,
      );
      const message = inside?.message ?? (generated.length === replies.length ? replies[n]! : undefined);
      return {
        start,
        end,
        message: message ?? refuse('the chat template marks other stretches than the replies'),
      };
    });
  }
  if (!messages.some(isReply)) return [];
  if (places === undefined)
    return refuse(
      "the chat template changes or repeats the messages' texts: where a reply begins and ends cannot be known",
    );
  const { text: ending } = turnEnd(template, tokenizer);
  return places
    .filter(({ message }) => isReply(messages[message]!))
    .map(({ message, start, end }) => {
      if (!text.startsWith(ending, end)) {
        const shown = JSON.stringify(ending);
        return refuse(`the chat template does not write ${shown} behind the reply in message ${message + 1}`);
      }
      return { message, start, end: end + ending.length };
    });
}

const REMEDY = 'Put {% generation %} and {% endgeneration %} around what is to be produced';

/**
 * What ends a reply: the first special token behind it, or where none is, the first other token that is found whole and is
 * no white space.
 * @throws UserError when the template writes none
 */
export function turnEnd(template: ChatTemplate, tokenizer: Tokenizer): TurnEnd {
  const known = ends.get(template);
  if (known !== undefined) return known;
  const messages: Message[] = [
    { role: 'user', content: 'x' },
    { role: 'assistant', content: 'y' },
  ];
  const { text, places } = template.render(messages, false);
  const reply = places?.find(({ message }) => message === 1);
  const behind = reply === undefined ? '' : text.slice(reply.end);
  const ordinary = new Map([...tokenizer.added].filter(([content]) => !/^[\s▁]*$/u.test(content)));
  const special = new Map([...ordinary].filter(([, token]) => token.special));
  for (const tokens of [special, ordinary]) {
    const found = cut(behind, tokens).find(({ token }) => token !== undefined);
    // What begins the next turn, or the whole chat, is no end.
    if (found === undefined || found.token === tokenizer.bosId) continue;
    const end = { text: behind.slice(0, found.end), id: found.token! };
    ends.set(template, end);
    return end;
  }
  throw new UserError({
    file: tokenizer.path,
    message: `the chat template writes no token of the vocabulary behind a reply: where it ends cannot be known. ${REMEDY}`,
  });
}
