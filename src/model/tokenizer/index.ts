export { type EncodedChat, encodeChat, encodePrompt, type Message, type TemplateOptions } from './chat.ts';
export { type LoadTokenizerOptions, loadTokenizer, TINY_TOKENIZER } from './load.ts';
export type { DecodeOptions, EncodeOptions, Tokenizer } from './tokenizer.ts';
