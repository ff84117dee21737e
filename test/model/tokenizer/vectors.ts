/** Texts and their ids in Gemma 3's vocabulary, of the reference implementation. */
export const vectors: readonly [text: string, ids: readonly number[]][] = [
  ['Hello world', [2, 9259, 1902]],
  ['Answer:', [2, 7925, 236787]],
  ['Answer: A', [2, 7925, 236787, 562]],
  ['Answer:A', [2, 7925, 236787, 236776]],
  ['Answer: ', [2, 7925, 236787, 236743]],
  ['2024', [2, 236778, 236771, 236778, 236812]],
  ['한국어 질문', [2, 114216, 237430, 97124]],
  ['ما هي عاصمة الجزائر؟', [2, 4697, 15008, 1821, 191780, 223119, 238084]],
  ['你好，世界', [2, 144626, 236900, 12811]],
  ['The capital of France is Paris.', [2, 818, 5279, 529, 7001, 563, 9079, 236761]],
  ['', [2]],
];

/** A chat as text, and its ids where special tokens are meant. */
export const turns = {
  text: '<start_of_turn>user\nHola<end_of_turn>\n<start_of_turn>model\n',
  ids: [2, 105, 2364, 107, 21529, 106, 107, 105, 4368, 107],
};
