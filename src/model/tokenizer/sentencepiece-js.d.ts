/** `sentencepiece-js` 1.1.0 ships no types; this is the part that is used. */
declare module 'sentencepiece-js' {
  export class SentencePieceProcessor {
    /** Reads the file synchronously; a damaged one is not reported. */
    load(path: string): Promise<void>;
    encodeIds(text: string): number[];
  }
}
