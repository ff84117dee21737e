/** OpenAssistant conversation trees (the `*.trees.jsonl` files of OASST1 and OASST2) as rows. */
import type { Message } from '../model/tokenizer/index.ts';
import { checkTree } from './oasst-check.ts';
import type { RowReport } from './report.ts';
import type { Place, Row } from './row.ts';

/** Which prompt-reply pairs of a tree become rows. */
export interface TreeOptions {
  /** `first`: the opening prompt only, as the paper does. `all`: every prompt, with the turns before it as context. */
  turns: 'first' | 'all';
  /** `best`: the reply people ranked first (rank 0). `all`: every reply. */
  replies: 'best' | 'all';
}

/** The paper's choice: first-turn pairs with their best reply. */
export const DEFAULT_TREE_OPTIONS: TreeOptions = { turns: 'first', replies: 'best' };

/**
 * Messages of context a row may carry. Each row holds its whole path, so a hostile chain of a million follow-ups
 * would cost the square of its length; real trees are at most about a dozen messages deep.
 */
const MAX_CONTEXT = 64;

/** A message of a tree; only what is read here. */
interface TreeMessage {
  text?: unknown;
  role?: unknown;
  rank?: unknown;
  deleted?: unknown;
  synthetic?: unknown;
  replies?: unknown;
  lang?: unknown;
}

/** Is this parsed line a conversation tree? */
export function isTree(value: Record<string, unknown>): boolean {
  return 'message_tree_id' in value && typeof value.prompt === 'object' && value.prompt !== null;
}

/** Rows of one tree, or none if `report` now says what is wrong with it. */
export function readTree(
  tree: Record<string, unknown>,
  place: Place,
  options: TreeOptions,
  report: RowReport,
): Row[] {
  return checkTree(tree, report) ? treeRows(tree, place, options) : [];
}

/**
 * Rows of one tree. Messages that are synthetic (written by a model), deleted, or empty are left out together with
 * everything below them. Replies without a rank come after ranked ones, in the file's order.
 */
export function treeRows(tree: Record<string, unknown>, place: Place, options: TreeOptions): Row[] {
  const rows: Row[] = [];
  // A list of what is still to be walked, not recursion: the depth of a tree is the file's to choose.
  const pending: { prompt: TreeMessage; before: Message[] }[] = [
    { prompt: tree.prompt as TreeMessage, before: [] },
  ];
  for (let next = pending.pop(); next !== undefined; next = pending.pop()) {
    const { prompt, before } = next;
    if (!usable(prompt, 'prompter')) continue;
    const asked: Message[] = [...before, { role: 'user', content: prompt.text }];
    const replies = childrenOf(prompt)
      .filter((reply) => usable(reply, 'assistant'))
      .sort((a, b) => rankOf(a) - rankOf(b));
    for (const reply of options.replies === 'best' ? replies.slice(0, 1) : replies) {
      const messages: Message[] = [...asked, { role: 'assistant', content: reply.text as string }];
      // Earlier replies of the path are rows of their own: here they are context.
      const { lang } = reply;
      rows.push({
        ...{ kind: 'messages' as const, messages, trainFrom: asked.length, place },
        ...(typeof lang === 'string' ? { lang } : {}),
      });
    }
    if (options.turns === 'first' || asked.length >= MAX_CONTEXT) continue;
    for (const reply of replies.toReversed()) {
      const answered: Message[] = [...asked, { role: 'assistant', content: reply.text as string }];
      for (const followUp of childrenOf(reply).toReversed())
        pending.push({ prompt: followUp, before: answered });
    }
  }
  return rows;
}

function usable(
  message: TreeMessage,
  role: 'prompter' | 'assistant',
): message is TreeMessage & { text: string } {
  if (message.role !== role || message.synthetic === true || message.deleted === true) return false;
  return typeof message.text === 'string' && message.text.trim() !== '';
}

function childrenOf(message: TreeMessage): TreeMessage[] {
  if (!Array.isArray(message.replies)) return [];
  return message.replies.filter((reply) => typeof reply === 'object' && reply !== null);
}

function rankOf(message: TreeMessage): number {
  return typeof message.rank === 'number' ? message.rank : Number.POSITIVE_INFINITY;
}
