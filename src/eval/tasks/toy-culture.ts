/**
 * `toy_culture`: questions whose answer depends on the country, for trying out LOC vectors without any file. Each language asks
 * about one country, which a question names or leaves to the language. The answers are codes, numbers and dates, which need no
 * translation; a tiny model knows none of them, so that what it gets right is chance.
 */
import { createHash } from 'node:crypto';
import { shuffled } from '../../data/order.ts';
import { TOY, TOY_LANGUAGES, type ToyLanguage } from '../../data/toy.ts';
import { UserError } from '../../errors.ts';
import type { Item } from '../item.ts';
import { FORM } from './blend-regions.ts';
import { taskLanguages, taskOptions } from './options.ts';
import type { Task, TaskItems, TaskOptions } from './task.ts';

/** The country of a language, and how it is named before a question. */
const COUNTRIES: Record<ToyLanguage, { region: string; named: string }> = {
  en: { region: 'US', named: 'In the United States: ' },
  es: { region: 'Spain', named: 'En España: ' },
  id: { region: 'Indonesia', named: 'Di Indonesia: ' },
  ko: { region: 'South_Korea', named: '한국에서: ' },
  el: { region: 'Greece', named: 'Στην Ελλάδα: ' },
  zh: { region: 'China', named: '在中国：' },
  ar: { region: 'Algeria', named: 'في الجزائر: ' },
};

/** Ways to ask for {x}: variants of one question. */
const PHRASES: Record<ToyLanguage, readonly string[]> = {
  en: ['What is {x}?', 'Tell me {x}.', 'Write down {x}.'],
  es: ['¿Cuál es {x}?', 'Dime {x}.', 'Escribe {x}.'],
  id: ['Apa {x}?', 'Sebutkan {x}.', 'Tulis {x}.'],
  ko: ['{x}: 무엇인가요?', '{x}: 알려 주세요.', '{x}: 적어 주세요.'],
  el: ['Ποιο είναι: {x};', 'Πες μου: {x}.', 'Γράψε: {x}.'],
  zh: ['{x}是什么？', '请告诉我{x}。', '请写出{x}。'],
  ar: ['ما هو: {x}؟', 'أخبرني: {x}.', 'اكتب: {x}.'],
};

/** What is asked for, in each language, and the answer in the countries of en, es, id, ko, el, zh and ar. */
const THINGS: readonly (Record<ToyLanguage, string> & { answers: readonly string[] })[] = [
  {
    en: 'the telephone code',
    es: 'el prefijo telefónico',
    id: 'kode telepon',
    ko: '국제 전화 번호',
    el: 'ο τηλεφωνικός κωδικός',
    zh: '电话国家代码',
    ar: 'رمز الهاتف',
    answers: ['+1', '+34', '+62', '+82', '+30', '+86', '+213'],
  },
  {
    en: 'the code of the currency',
    es: 'el código de la moneda',
    id: 'kode mata uang',
    ko: '통화 코드',
    el: 'ο κωδικός του νομίσματος',
    zh: '货币代码',
    ar: 'رمز العملة',
    answers: ['USD', 'EUR', 'IDR', 'KRW', 'EUR', 'CNY', 'DZD'],
  },
  {
    en: 'the ending of internet addresses',
    es: 'la terminación de las direcciones de internet',
    id: 'akhiran alamat internet',
    ko: '인터넷 주소의 끝',
    el: 'η κατάληξη των διευθύνσεων στο διαδίκτυο',
    zh: '网址的后缀',
    ar: 'نهاية عناوين الإنترنت',
    answers: ['.us', '.es', '.id', '.kr', '.gr', '.cn', '.dz'],
  },
  {
    en: 'the national day (month-day)',
    es: 'la fiesta nacional (mes-día)',
    id: 'hari nasional (bulan-tanggal)',
    ko: '국경일 (월-일)',
    el: 'η εθνική εορτή (μήνας-ημέρα)',
    zh: '国庆日（月-日）',
    ar: 'العيد الوطني (شهر-يوم)',
    answers: ['07-04', '10-12', '08-17', '08-15', '03-25', '10-01', '11-01'],
  },
  {
    en: 'the telephone number of the police',
    es: 'el teléfono de la policía',
    id: 'nomor telepon polisi',
    ko: '경찰 전화번호',
    el: 'το τηλέφωνο της αστυνομίας',
    zh: '报警电话',
    ar: 'رقم هاتف الشرطة',
    answers: ['911', '091', '110', '112', '100', '110', '1548'],
  },
  {
    en: 'the sign on cars abroad',
    es: 'la letra de los coches en el extranjero',
    id: 'tanda mobil di luar negeri',
    ko: '해외 자동차 국가 표시',
    el: 'το σήμα των αυτοκινήτων στο εξωτερικό',
    zh: '汽车的国家标志',
    ar: 'رمز السيارات في الخارج',
    answers: ['USA', 'E', 'RI', 'ROK', 'GR', 'CHN', 'DZ'],
  },
  {
    en: 'the time zone of the capital',
    es: 'la zona horaria de la capital',
    id: 'zona waktu ibu kota',
    ko: '수도의 시간대',
    el: 'η ζώνη ώρας της πρωτεύουσας',
    zh: '首都的时区',
    ar: 'المنطقة الزمنية للعاصمة',
    answers: ['UTC-5', 'UTC+1', 'UTC+7', 'UTC+9', 'UTC+2', 'UTC+8', 'UTC+1'],
  },
  {
    en: 'the code of the Olympic team',
    es: 'el código del equipo olímpico',
    id: 'kode tim Olimpiade',
    ko: '올림픽 대표팀 코드',
    el: 'ο κωδικός της ολυμπιακής ομάδας',
    zh: '奥运代表队代码',
    ar: 'رمز الفريق الأولمبي',
    answers: ['USA', 'ESP', 'INA', 'KOR', 'GRE', 'CHN', 'ALG'],
  },
  {
    en: 'the letters on airplanes',
    es: 'las letras de los aviones',
    id: 'huruf pada pesawat',
    ko: '항공기 등록 기호',
    el: 'τα γράμματα στα αεροπλάνα',
    zh: '飞机的国籍标志',
    ar: 'حروف الطائرات',
    answers: ['N', 'EC', 'PK', 'HL', 'SX', 'B', '7T'],
  },
  {
    en: 'the first digits of barcodes',
    es: 'las primeras cifras de los códigos de barras',
    id: 'angka awal kode batang',
    ko: '바코드의 첫 숫자',
    el: 'τα πρώτα ψηφία του γραμμωτού κώδικα',
    zh: '条形码的前几位',
    ar: 'أول أرقام الرمز الشريطي',
    answers: ['00', '84', '899', '880', '520', '690', '613'],
  },
  {
    en: 'the telephone number of the fire brigade',
    es: 'el teléfono de los bomberos',
    id: 'nomor telepon pemadam kebakaran',
    ko: '소방서 전화번호',
    el: 'το τηλέφωνο της πυροσβεστικής',
    zh: '火警电话',
    ar: 'رقم هاتف الإطفاء',
    answers: ['911', '080', '113', '119', '199', '119', '14'],
  },
  {
    en: 'the two letters of the country',
    es: 'las dos letras del país',
    id: 'dua huruf negara',
    ko: '두 글자 국가 코드',
    el: 'τα δύο γράμματα της χώρας',
    zh: '两个字母的国家代码',
    ar: 'الحرفان الرامزان للبلد',
    answers: ['US', 'ES', 'ID', 'KR', 'GR', 'CN', 'DZ'],
  },
];

const OPTIONS = 4;

/** The answer of the language's country among those of three others. */
export const toyCulture: Task = {
  name: 'toy_culture',
  about:
    'Codes, numbers and dates of the country of each of seven languages, made here; the answer among those of three others.',
  languages: TOY_LANGUAGES,
  kind: 'cultural',
  scoring: 'text',
  options: { form: FORM },
  async read({ path, languages, seed, options }: TaskOptions): Promise<TaskItems> {
    const { form } = taskOptions(toyCulture, options);
    if (path !== undefined && path !== TOY)
      throw new UserError({
        file: path,
        message: 'is not read: the task toy_culture is made here and has no path',
      });
    const asked = taskLanguages(toyCulture.name, languages, TOY_LANGUAGES);
    const chosen = (asked.length > 0 ? asked : TOY_LANGUAGES) as readonly ToyLanguage[];
    const items = chosen.flatMap((language) => itemsOf(language, form!, seed));
    const sha256 = createHash('sha256').update(JSON.stringify(items)).digest('hex');
    return { items, examples: [], notes: [], sources: [{ path: TOY, sha256 }] };
  },
};

function itemsOf(language: ToyLanguage, form: string, seed: number): Item[] {
  const { region, named } = COUNTRIES[language];
  const own = TOY_LANGUAGES.indexOf(language);
  return THINGS.flatMap(({ answers, [language]: thing, en }, t) => {
    const options = [own];
    for (const other of shuffled([...answers.keys()], `${seed}/toy_culture/${region}/${t}`)) {
      if (options.length === OPTIONS) break;
      if (!options.some((taken) => answers[taken] === answers[other])) options.push(other);
    }
    return PHRASES[language].map((phrase, p): Item => {
      const plain = phrase.replace('{x}', thing);
      const question = form === 'decontextualized' ? plain : `${named}${plain}`;
      const order = shuffled(options, `${seed}/toy_culture/${region}/${t}/${p}`);
      return {
        id: `${t + 1}/${p + 1}`,
        language,
        question,
        options: order.map((other) => answers[other]!),
        gold: order.indexOf(own),
        cluster: String(t + 1),
        metadata: {
          ...{ region, form },
          countries: order.map((other) => COUNTRIES[TOY_LANGUAGES[other]!].region).join('|'),
        },
        doc: { question, thing: en, answer: answers[own]! },
        place: { file: TOY, line: t * PHRASES[language].length + p + 1 },
      };
    });
  });
}
