/** Holds a conversation tree against what the OpenAssistant release writes, so that nothing in it is misread. */
import { INERT_KEYS, misspelling, TREE_KEYS } from './keys.ts';
import { isEmpty, isRecord, type RowReport, shown } from './report.ts';

/** What the release says about a tree, and what it says about a message beside what is read. */
const TREE_FIELDS = { read: ['prompt'], release: ['message_tree_id', 'tree_state'] } as const;
const MESSAGE_FIELDS = {
  read: TREE_KEYS,
  release: ['message_tree_id', 'review_count', 'review_result', 'detoxify', 'labels', 'emojis'],
} as const;

/** A message still to be looked at; its path is put together only for an error, as a chain may be very deep. */
interface Node {
  value: unknown;
  index: number;
  parent?: Node;
}

/** Is every message of the tree as the release writes it? The first that is not goes into `report`. */
export function checkTree(tree: Record<string, unknown>, report: RowReport): boolean {
  const before = report.problems.length;
  const pending: Node[] = [{ value: tree.prompt, index: 0 }];
  noteUnknown(tree, TREE_FIELDS, '', report);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    const wrong = wrongWith(node.value, report);
    if (wrong !== undefined) report.refuse(`${pathOf(node)}${wrong}`);
    if (report.problems.length > before) return false;
    const { replies } = node.value as { replies?: unknown };
    // Empty ones may be of any kind.
    if (!Array.isArray(replies)) continue;
    for (const [index, value] of replies.entries()) pending.push({ value, index, parent: node });
  }
  return report.problems.length === before;
}

/** What is wrong with a message, to be read behind its path. */
function wrongWith(value: unknown, report: RowReport): string | undefined {
  if (!isRecord(value)) return ` must be a message, found ${shown(value)}`;
  const { text, role, rank, deleted, synthetic, replies } = value;
  if (role !== 'prompter' && role !== 'assistant')
    return `.role is ${shown(role)}; it must be prompter or assistant`;
  if (deleted !== true && typeof text !== 'string') return `.text must be a string, found ${shown(text)}`;
  if (!isEmpty(rank) && typeof rank !== 'number') return `.rank must be a number, found ${shown(rank)}`;
  for (const [key, flag] of Object.entries({ deleted, synthetic }))
    if (!isEmpty(flag) && typeof flag !== 'boolean')
      return `.${key} must be true or false, found ${shown(flag)}`;
  if (!isEmpty(replies) && !Array.isArray(replies)) return `.replies must be a list, found ${shown(replies)}`;
  noteUnknown(value, MESSAGE_FIELDS, 'prompt..', report);
  return undefined;
}

function noteUnknown(
  value: Record<string, unknown>,
  { read, release }: { read: readonly string[]; release: readonly string[] },
  group: string,
  report: RowReport,
): void {
  for (const [key, field] of Object.entries(value)) {
    if (read.includes(key) || release.includes(key) || INERT_KEYS.has(key) || isEmpty(field)) continue;
    const hint = misspelling(key, read);
    if (hint === undefined) report.unread.add(`${group}${key}`);
    else report.refuse(`unknown field ${group}${key}`, hint);
  }
}

function pathOf(node: Node): string {
  const steps: string[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent)
    steps.push(at.parent === undefined ? 'prompt' : `.replies[${at.index}]`);
  return steps.toReversed().join('');
}
