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
  /** Roles take turns, from the prompt on. */
  role: 'prompter' | 'assistant';
  parent?: Node;
}

/** Is every message of the tree as the release writes it? The first that is not goes into `report`. */
export function checkTree(tree: Record<string, unknown>, report: RowReport): boolean {
  const before = report.problems.length;
  const pending: Node[] = [{ value: tree.prompt, index: 0, role: 'prompter' }];
  const misspelt = noteUnknown(tree, TREE_FIELDS, '', report);
  if (misspelt !== undefined) report.refuse(`unknown field ${misspelt.key}`, misspelt.hint);
  for (let node = pending.pop(); node !== undefined; node = pending.pop()) {
    checkMessage(node, report);
    if (report.problems.length > before) return false;
    const { replies } = node.value as { replies?: unknown };
    // Empty ones may be of any kind.
    if (!Array.isArray(replies)) continue;
    const role = node.role === 'prompter' ? 'assistant' : 'prompter';
    for (const [index, value] of replies.entries()) pending.push({ value, index, role, parent: node });
  }
  return report.problems.length === before;
}

function checkMessage(node: Node, report: RowReport): void {
  const { value } = node;
  if (!isRecord(value)) {
    report.refuse(`${pathOf(node)} must be a message, found ${shown(value)}`);
    return;
  }
  const wrong = wrongWith(value, node.role);
  if (wrong !== undefined) report.refuse(`${pathOf(node)}.${wrong}`);
  const misspelt = noteUnknown(value, MESSAGE_FIELDS, 'prompt..', report);
  if (misspelt !== undefined) report.refuse(`unknown field ${pathOf(node)}.${misspelt.key}`, misspelt.hint);
}

/** What is wrong with a message, to be read behind its path. */
function wrongWith(message: Record<string, unknown>, mustBe: Node['role']): string | undefined {
  const { text, role, rank, deleted, synthetic, replies } = message;
  // One of the other role would be left out, and all below it.
  if (role !== mustBe) return `role is ${shown(role)}; it must be ${mustBe}`;
  if (deleted !== true && typeof text !== 'string') return `text must be a string, found ${shown(text)}`;
  if (!isEmpty(rank) && typeof rank !== 'number') return `rank must be a number, found ${shown(rank)}`;
  for (const [key, flag] of Object.entries({ deleted, synthetic }))
    if (!isEmpty(flag) && typeof flag !== 'boolean')
      return `${key} must be true or false, found ${shown(flag)}`;
  if (!isEmpty(replies) && !Array.isArray(replies)) return `replies must be a list, found ${shown(replies)}`;
  return undefined;
}

/** Notes fields that nobody knows; the first that is a slip of the pen away from a known one is returned. */
function noteUnknown(
  value: Record<string, unknown>,
  { read, release }: { read: readonly string[]; release: readonly string[] },
  group: string,
  report: RowReport,
): { key: string; hint: string } | undefined {
  for (const [key, field] of Object.entries(value)) {
    if (read.includes(key) || release.includes(key) || INERT_KEYS.has(key) || isEmpty(field)) continue;
    const hint = misspelling(key, read);
    if (hint !== undefined) return { key, hint };
    report.unread.add(`${group}${key}`);
  }
  return undefined;
}

function pathOf(node: Node): string {
  const steps: string[] = [];
  for (let at: Node | undefined = node; at !== undefined; at = at.parent)
    steps.push(at.parent === undefined ? 'prompt' : `.replies[${at.index}]`);
  return steps.toReversed().join('');
}
