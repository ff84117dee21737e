// Makes data/tiny: the tokenizer of the `tiny` preset, built like Gemma 3's with 512 tokens in place of 262,144.
//
//   node scripts/tiny-tokenizer.mjs
//
// Byte-pair merges are learnt from the words below (numbers, colours, greetings in seven languages); whatever they do not
// cover is spelled in bytes, so that any text can be encoded. The result depends on this file alone.

import { mkdirSync, writeFileSync } from 'node:fs';

const SIZE = 512;
const WORDS = `
zero one two three four five six seven eight nine ten eleven twelve twenty thirty forty fifty hundred
cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce veinte treinta cuarenta cincuenta cien
nol satu dua tiga empat lima enam tujuh delapan sembilan sepuluh sebelas belas puluh seratus
영 하나 둘 셋 넷 다섯 여섯 일곱 여덟 아홉 열 백
μηδέν ένα δύο τρία τέσσερα πέντε έξι επτά οκτώ εννέα δέκα είκοσι εκατό
零 一 二 三 四 五 六 七 八 九 十 百
صفر واحد اثنان ثلاثة أربعة خمسة ستة سبعة ثمانية تسعة عشرة مئة
red blue green white black yellow rojo azul verde blanco negro amarillo merah biru hijau putih hitam kuning
빨강 파랑 초록 하양 검정 노랑 κόκκινο μπλε πράσινο άσπρο μαύρο κίτρινο 红 蓝 绿 白 黑 黄 أحمر أزرق أخضر أبيض أسود أصفر
hello good morning night thank you hola buenos días noches gracias halo selamat pagi malam terima kasih
안녕하세요 감사합니다 γεια σου καλημέρα καληνύχτα ευχαριστώ 你好 早上好 晚安 谢谢 مرحبا صباح الخير مساء شكرا
what is the plus and in english spanish indonesian korean greek chinese arabic how do say colour number
cuánto es más y en español qué color número cómo se dice berapa tambah dan dalam bahasa apa warna angka bagaimana
user model system answer question the answer is la respuesta es jawabannya adalah η απάντηση είναι 答案是 الجواب هو 정답은
`;

const special = ['<pad>', '<eos>', '<bos>', '<unk>', '<start_of_turn>', '<end_of_turn>'];
const newlines = ['\n', '\n\n'];
const bytes = Array.from({ length: 256 }, (_, b) => `<0x${b.toString(16).toUpperCase().padStart(2, '0')}>`);
const ascii = Array.from({ length: 94 }, (_, i) => String.fromCharCode(33 + i));
const vocab = new Map([...special, ...newlines, ...bytes, '▁', ...ascii].map((token, id) => [token, id]));

/** @type {string[][]} */
const words = WORDS.split(/\s+/u)
  .filter(Boolean)
  .map((word) => ['▁', ...word]);
const merges = [];
/**
 * The most frequent pair of neighbours, the first in the alphabet among equals.
 *
 * @param {Map<string, number>} counts
 */
function mostFrequent(counts) {
  const [pair] = [...counts].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))[0] ?? [];
  if (pair === undefined) throw new Error(`the words have too few pairs for ${SIZE} tokens`);
  return pair;
}
// First the letters beyond ASCII that appear often, then merges up to the size.
const letters = new Map();
for (const letter of words.flat())
  if (!vocab.has(letter)) letters.set(letter, (letters.get(letter) ?? 0) + 1);
for (const [letter, count] of [...letters].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))) {
  if (count >= 4) vocab.set(letter, vocab.size);
}
while (vocab.size < SIZE) {
  const counts = new Map();
  for (const word of words) {
    for (let i = 0; i + 1 < word.length; i++) {
      const [left = '', right = ''] = word.slice(i, i + 2);
      if (!vocab.has(left) || !vocab.has(right)) continue;
      const pair = `${left} ${right}`;
      counts.set(pair, (counts.get(pair) ?? 0) + 1);
    }
  }
  const [left = '', right = ''] = mostFrequent(counts).split(' ');
  merges.push([left, right]);
  vocab.set(left + right, vocab.size);
  for (const word of words) {
    for (let i = 0; i + 1 < word.length; i++) {
      if (word[i] === left && word[i + 1] === right) word.splice(i, 2, left + right);
    }
  }
}

/** @param {string} content @param {boolean} isSpecial */
const added = (content, isSpecial) => ({
  id: vocab.get(content),
  content,
  single_word: false,
  lstrip: false,
  rstrip: false,
  normalized: false,
  special: isSpecial,
});
const bos = { id: '<bos>', ids: [2], tokens: ['<bos>'] };
const first = { SpecialToken: { id: '<bos>', type_id: 0 } };
const tokenizer = {
  version: '1.0',
  truncation: null,
  padding: null,
  added_tokens: [
    ...special.map((token) => added(token, true)),
    ...newlines.map((token) => added(token, false)),
  ],
  normalizer: { type: 'Replace', pattern: { String: ' ' }, content: '▁' },
  pre_tokenizer: { type: 'Split', pattern: { String: ' ' }, behavior: 'MergedWithPrevious', invert: false },
  post_processor: {
    type: 'TemplateProcessing',
    single: [first, { Sequence: { id: 'A', type_id: 0 } }],
    pair: [first, { Sequence: { id: 'A', type_id: 0 } }, first, { Sequence: { id: 'B', type_id: 1 } }],
    special_tokens: { '<bos>': bos },
  },
  decoder: {
    type: 'Sequence',
    decoders: [
      { type: 'Replace', pattern: { String: '▁' }, content: ' ' },
      { type: 'ByteFallback' },
      { type: 'Fuse' },
    ],
  },
  model: {
    type: 'BPE',
    dropout: null,
    unk_token: '<unk>',
    continuing_subword_prefix: null,
    end_of_word_suffix: null,
    fuse_unk: true,
    byte_fallback: true,
    ignore_merges: false,
    vocab: Object.fromEntries(vocab),
    merges,
  },
};
const config = {
  tokenizer_class: 'PreTrainedTokenizerFast',
  add_bos_token: true,
  add_eos_token: false,
  bos_token: '<bos>',
  eos_token: '<eos>',
  pad_token: '<pad>',
  unk_token: '<unk>',
  clean_up_tokenization_spaces: false,
  model_max_length: 2048,
};

const folder = new URL('../data/tiny/', import.meta.url);
mkdirSync(folder, { recursive: true });
writeFileSync(new URL('tokenizer.json', folder), `${JSON.stringify(tokenizer, null, 1)}\n`);
writeFileSync(new URL('tokenizer_config.json', folder), `${JSON.stringify(config, null, 2)}\n`);
