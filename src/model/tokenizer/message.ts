/** The turns of a chat. */

/** One turn; `model` is Gemma's own word for `assistant`. */
export interface Message {
  role: 'system' | 'user' | 'assistant' | 'model';
  content: string;
}

/** Is the message a reply of the model's? */
export function isReply({ role }: Message): boolean {
  return role === 'assistant' || role === 'model';
}
