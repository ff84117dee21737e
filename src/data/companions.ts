/** Fields of one shape in a row of another: the same text once more, or a row of which nobody can tell what is meant. */
import type { Message } from '../model/tokenizer/index.ts';
import { ROW_KEYS } from './keys.ts';
import { isReply } from './messages.ts';
import { isEmpty, type RowReport } from './report.ts';

/**
 * Refuses known fields that were not `used` and say anything else than the conversation does. Data sets keep the opening
 * prompt beside the messages (UltraChat), or the rendered text beside its parts (Alpaca).
 */
export function unusedFields(
  value: Record<string, unknown>,
  used: readonly string[],
  messages: readonly Message[] | undefined,
  report: RowReport,
): void {
  for (const key of ROW_KEYS) {
    const field = value[key];
    if (used.includes(key) || isEmpty(field)) continue;
    const main = used.filter((name) => name in value && name !== 'system');
    if (messages !== undefined && repeats(key, field, messages)) {
      // The rendering may hold more than its parts, and that is not trained on.
      if (key === 'text') report.unread.add(key);
    } else {
      report.refuse(
        `the row has both ${main.join(' + ')} and ${key}, which says something else; leave one of them out`,
      );
    }
  }
}

/** Does the field say again what the messages say? */
function repeats(key: string, field: unknown, messages: readonly Message[]): boolean {
  switch (key) {
    case 'prompt':
    case 'instruction':
      return field === messages.find(({ role }) => role === 'user')?.content;
    case 'completion':
    case 'output':
      return field === messages.findLast(isReply)?.content;
    case 'text':
      return typeof field === 'string' && renders(field, messages);
    default:
      return false;
  }
}

/** Does `text` hold the messages one after the other? */
function renders(text: string, messages: readonly Message[]): boolean {
  let from = 0;
  for (const { content } of messages) {
    const at = text.indexOf(content.trim(), from);
    if (at === -1) return false;
    from = at + content.trim().length;
  }
  return true;
}
