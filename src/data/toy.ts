/**
 * `builtin:toy`: a small dialogue in seven languages, written for this project: sums, numbers as words, colours of
 * things, greetings. Every answer is short and follows from its question, so that a byte-level model of a million
 * parameters visibly learns it in a few hundred steps.
 */
import { shuffled } from './order.ts';
import type { Row } from './row.ts';

/** The name that stands for this data set where a file would stand. */
export const TOY = 'builtin:toy';

/** The languages of the paper, English first. */
export const TOY_LANGUAGES = ['en', 'es', 'id', 'ko', 'el', 'zh', 'ar'] as const;
/** One of them. */
export type ToyLanguage = (typeof TOY_LANGUAGES)[number];

/** Slots are {a} {b} {c} for numbers, {n} for a name. */
const SUM: Record<ToyLanguage, [question: string, answer: string]> = {
  en: ['What is {a} + {b}?', 'The answer is {c}.'],
  es: ['¿Cuánto es {a} + {b}?', 'La respuesta es {c}.'],
  id: ['Berapa {a} + {b}?', 'Jawabannya adalah {c}.'],
  ko: ['{a} + {b}의 값은 무엇인가요?', '답은 {c}입니다.'],
  el: ['Πόσο κάνει {a} + {b};', 'Η απάντηση είναι {c}.'],
  zh: ['{a} + {b} 等于多少？', '答案是 {c}。'],
  ar: ['كم يساوي {a} + {b}؟', 'الجواب هو {c}.'],
};

const WORD: Record<ToyLanguage, [question: string, words: string[]]> = {
  en: [
    'Write {a} as a word.',
    ['one', 'two', 'three', 'four', 'five', 'six', 'seven', 'eight', 'nine', 'ten'],
  ],
  es: [
    'Escribe {a} con letras.',
    ['uno', 'dos', 'tres', 'cuatro', 'cinco', 'seis', 'siete', 'ocho', 'nueve', 'diez'],
  ],
  id: [
    'Tulis {a} dengan huruf.',
    ['satu', 'dua', 'tiga', 'empat', 'lima', 'enam', 'tujuh', 'delapan', 'sembilan', 'sepuluh'],
  ],
  ko: ['숫자 {a}을 한글로 쓰세요.', ['일', '이', '삼', '사', '오', '육', '칠', '팔', '구', '십']],
  el: [
    'Γράψε το {a} με λέξη.',
    ['ένα', 'δύο', 'τρία', 'τέσσερα', 'πέντε', 'έξι', 'επτά', 'οκτώ', 'εννέα', 'δέκα'],
  ],
  zh: ['用汉字写出 {a}。', ['一', '二', '三', '四', '五', '六', '七', '八', '九', '十']],
  ar: [
    'اكتب {a} بالحروف.',
    ['واحد', 'اثنان', 'ثلاثة', 'أربعة', 'خمسة', 'ستة', 'سبعة', 'ثمانية', 'تسعة', 'عشرة'],
  ],
};

const GREETING: Record<ToyLanguage, [question: string, answer: string]> = {
  en: ['Say hello to {n}.', 'Hello, {n}!'],
  es: ['Saluda a {n}.', '¡Hola, {n}!'],
  id: ['Sapa {n}.', 'Halo, {n}!'],
  ko: ['{n}에게 인사해 주세요.', '안녕하세요, {n}!'],
  el: ['Πες γεια στο πρόσωπο: {n}.', 'Γεια σου, {n}!'],
  zh: ['请向 {n} 问好。', '你好，{n}！'],
  ar: ['سلّم على {n}.', 'مرحبا، {n}!'],
};
const NAMES = ['Maria', 'Budi', 'Mina', 'Nikos', 'Lin', 'Omar', 'Ana', 'Sara'];

/** Sky, grass, snow, blood, banana, coal: whole sentences, since grammar does not survive templates. */
const COLOUR: Record<ToyLanguage, [question: string, answer: string][]> = {
  en: [
    ['What colour is the sky?', 'The sky is blue.'],
    ['What colour is grass?', 'Grass is green.'],
    ['What colour is snow?', 'Snow is white.'],
    ['What colour is blood?', 'Blood is red.'],
    ['What colour is a banana?', 'A banana is yellow.'],
    ['What colour is coal?', 'Coal is black.'],
  ],
  es: [
    ['¿De qué color es el cielo?', 'El cielo es azul.'],
    ['¿De qué color es la hierba?', 'La hierba es verde.'],
    ['¿De qué color es la nieve?', 'La nieve es blanca.'],
    ['¿De qué color es la sangre?', 'La sangre es roja.'],
    ['¿De qué color es el plátano?', 'El plátano es amarillo.'],
    ['¿De qué color es el carbón?', 'El carbón es negro.'],
  ],
  id: [
    ['Apa warna langit?', 'Langit berwarna biru.'],
    ['Apa warna rumput?', 'Rumput berwarna hijau.'],
    ['Apa warna salju?', 'Salju berwarna putih.'],
    ['Apa warna darah?', 'Darah berwarna merah.'],
    ['Apa warna pisang?', 'Pisang berwarna kuning.'],
    ['Apa warna arang?', 'Arang berwarna hitam.'],
  ],
  ko: [
    ['하늘은 무슨 색인가요?', '하늘은 파란색입니다.'],
    ['풀은 무슨 색인가요?', '풀은 초록색입니다.'],
    ['눈은 무슨 색인가요?', '눈은 하얀색입니다.'],
    ['피는 무슨 색인가요?', '피는 빨간색입니다.'],
    ['바나나는 무슨 색인가요?', '바나나는 노란색입니다.'],
    ['석탄은 무슨 색인가요?', '석탄은 검은색입니다.'],
  ],
  el: [
    ['Τι χρώμα έχει ο ουρανός;', 'Ο ουρανός είναι μπλε.'],
    ['Τι χρώμα έχει το γρασίδι;', 'Το γρασίδι είναι πράσινο.'],
    ['Τι χρώμα έχει το χιόνι;', 'Το χιόνι είναι άσπρο.'],
    ['Τι χρώμα έχει το αίμα;', 'Το αίμα είναι κόκκινο.'],
    ['Τι χρώμα έχει η μπανάνα;', 'Η μπανάνα είναι κίτρινη.'],
    ['Τι χρώμα έχει το κάρβουνο;', 'Το κάρβουνο είναι μαύρο.'],
  ],
  zh: [
    ['天空是什么颜色的？', '天空是蓝色的。'],
    ['草是什么颜色的？', '草是绿色的。'],
    ['雪是什么颜色的？', '雪是白色的。'],
    ['血是什么颜色的？', '血是红色的。'],
    ['香蕉是什么颜色的？', '香蕉是黄色的。'],
    ['煤是什么颜色的？', '煤是黑色的。'],
  ],
  ar: [
    ['ما لون السماء؟', 'السماء زرقاء.'],
    ['ما لون العشب؟', 'العشب أخضر.'],
    ['ما لون الثلج؟', 'الثلج أبيض.'],
    ['ما لون الدم؟', 'الدم أحمر.'],
    ['ما لون الموز؟', 'الموز أصفر.'],
    ['ما لون الفحم؟', 'الفحم أسود.'],
  ],
};

/** All rows of the toy data set (868), in an order that depends on `seed` alone. Places count rows from 1. */
export function toyRows(seed: number): Row[] {
  const pairs = TOY_LANGUAGES.flatMap((lang) => toyPairs(lang).map((pair) => ({ lang, pair })));
  return shuffled(pairs, `${seed}/toy`).map(({ lang, pair: [prompt, completion] }, index) => ({
    kind: 'pair',
    prompt,
    completion,
    place: { file: TOY, line: index + 1 },
    lang,
  }));
}

/** The prompts and answers of one language (124), without their order: the same place says the same in every language. */
export function toyPairs(language: ToyLanguage): (readonly [prompt: string, answer: string])[] {
  return [
    ...sums(language),
    ...WORD[language][1].map((word, index) => [fill(WORD[language][0], { a: index + 1 }), word] as const),
    ...NAMES.map((n) => [fill(GREETING[language][0], { n }), fill(GREETING[language][1], { n })] as const),
    ...COLOUR[language],
  ];
}

function sums(language: ToyLanguage): [string, string][] {
  const [question, answer] = SUM[language];
  const pairs: [string, string][] = [];
  for (let a = 0; a < 10; a++) {
    for (let b = 0; b < 10; b++) pairs.push([fill(question, { a, b }), fill(answer, { c: a + b })]);
  }
  return pairs;
}

function fill(template: string, slots: Record<string, string | number>): string {
  return template.replace(/\{(\w)\}/g, (_, slot: string) => String(slots[slot]));
}
