export {
  type EncodedChat,
  encodeChat,
  encodePrompt,
  type TemplateOptions,
  templateSource,
  templateWritesBos,
  turnEndId,
} from './chat.ts';
export { type LoadTokenizerOptions, loadTokenizer, TINY_TOKENIZER } from './load.ts';
export { isReply, type Message } from './message.ts';
export { requireIds } from './require-ids.ts';
export type { DecodeOptions, EncodeOptions, Tokenizer } from './tokenizer.ts';
