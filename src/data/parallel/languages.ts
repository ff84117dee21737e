/** What languages are called: ISO 639-1 in recipes, ISO 639-3 with a script in FLORES and NTREX, English names in tables. */
import { distance } from 'fastest-levenshtein';

/**
 * A language a field: ISO 639-1, the ISO 639-3 codes it is found under, its script, its English name. The first code is
 * FLORES-200's; behind it stand FLORES+'s (cmn) and NTREX's, which name macro-languages (ara, lav).
 */
const LANGUAGES = `
en eng Latn English; es spa Latn Spanish; id ind Latn Indonesian; ko kor Hang Korean; el ell Grek Greek;
zh zho/cmn Hans Chinese; ar arb/ara Arab Arabic; af afr Latn Afrikaans; ak aka/twi Latn Akan; sq als/sqi Latn Albanian;
am amh Ethi Amharic; as asm Beng Assamese; ay ayr/aym Latn Aymara; az azj/aze Latn Azerbaijani; ba bak Cyrl Bashkir;
bm bam Latn Bambara; be bel Cyrl Belarusian; bn ben Beng Bengali; bo bod Tibt Tibetan; bs bos Latn Bosnian;
bg bul Cyrl Bulgarian; ca cat Latn Catalan; cs ces Latn Czech; cy cym Latn Welsh; da dan Latn Danish;
de deu Latn German; dz dzo Tibt Dzongkha; eo epo Latn Esperanto; et est/ekk Latn Estonian; eu eus Latn Basque;
ee ewe Latn Ewe; fo fao Latn Faroese; fj fij Latn Fijian; fi fin Latn Finnish; fr fra Latn French;
om gaz/orm Latn Oromo; gd gla Latn Gaelic; ga gle Latn Irish; gl glg Latn Galician; gn grn/gug Latn Guarani;
gu guj Gujr Gujarati; ht hat Latn Haitian; ha hau Latn Hausa; he heb Hebr Hebrew; hi hin Deva Hindi;
hr hrv Latn Croatian; hu hun Latn Hungarian; hy hye Armn Armenian; ig ibo Latn Igbo; is isl Latn Icelandic;
it ita Latn Italian; jv jav Latn Javanese; ja jpn Jpan Japanese; kn kan Knda Kannada; ka kat Geor Georgian;
kk kaz Cyrl Kazakh; mn khk/mon Cyrl Mongolian; km khm Khmr Khmer; ki kik Latn Kikuyu; rw kin Latn Kinyarwanda;
ky kir Cyrl Kyrgyz; ku kmr/kur Latn Kurdish; kg kon/ktu Latn Kongo; lo lao Laoo Lao; li lim Latn Limburgish;
ln lin Latn Lingala; lt lit Latn Lithuanian; lb ltz Latn Luxembourgish; lg lug Latn Ganda; lv lvs/lav Latn Latvian;
ml mal Mlym Malayalam; mr mar Deva Marathi; mk mkd Cyrl Macedonian; mt mlt Latn Maltese; mi mri Latn Maori;
my mya Mymr Burmese; nl nld Latn Dutch; nn nno Latn Nynorsk; nb nob Latn Norwegian; ne npi/nep Deva Nepali;
ny nya Latn Nyanja; oc oci Latn Occitan; or ory/ori Orya Odia; pa pan Guru Punjabi; ps pbt/pus Arab Pashto;
fa pes/fas Arab Persian; mg plt/mlg Latn Malagasy; pl pol Latn Polish; pt por Latn Portuguese; ro ron Latn Romanian;
rn run Latn Rundi; ru rus Cyrl Russian; sg sag Latn Sango; sa san Deva Sanskrit; si sin Sinh Sinhala;
sk slk Latn Slovak; sl slv Latn Slovenian; sm smo Latn Samoan; sn sna Latn Shona; sd snd Arab Sindhi;
so som Latn Somali; st sot Latn Sotho; sc srd Latn Sardinian; sr srp Cyrl Serbian; ss ssw Latn Swati;
su sun Latn Sundanese; sv swe Latn Swedish; sw swh/swa Latn Swahili; ta tam Taml Tamil; tt tat Cyrl Tatar;
te tel Telu Telugu; tg tgk Cyrl Tajik; tl tgl/fil Latn Tagalog; th tha Thai Thai; ti tir Ethi Tigrinya;
tn tsn Latn Tswana; ts tso Latn Tsonga; tk tuk Latn Turkmen; tr tur Latn Turkish; ug uig Arab Uyghur;
uk ukr Cyrl Ukrainian; ur urd Arab Urdu; uz uzn/uzb Latn Uzbek; vi vie Latn Vietnamese; wo wol Latn Wolof;
xh xho Latn Xhosa; yi ydd/yid Hebr Yiddish; yo yor Latn Yoruba; ms zsm/msa/zlm Latn Malay; zu zul Latn Zulu;
an arg Latn Aragonese; cv chv Cyrl Chuvash; dv div Thaa Divehi; nd nde Latn Ndebele; to ton Latn Tongan;
ty tah Latn Tahitian; ve ven Latn Venda`;

/** Languages of FLORES and NTREX without an ISO 639-1 code: called as FLORES calls them. The first script is meant where none is written. */
const OTHERS = `
ace_Latn ace_Arab acm_Arab acq_Arab aeb_Arab ajp_Arab apc_Arab ars_Arab ary_Arab arz_Arab ast_Latn awa_Deva azb_Arab
ban_Latn bem_Latn bho_Deva bjn_Latn bjn_Arab bug_Latn ceb_Latn cjk_Latn ckb_Arab crh_Latn dik_Latn dyu_Latn fon_Latn
fur_Latn fuv_Latn hne_Deva ilo_Latn kab_Latn kac_Latn kam_Latn kas_Arab kas_Deva kbp_Latn kea_Latn kmb_Latn knc_Latn
knc_Arab lij_Latn lmo_Latn ltg_Latn lua_Latn luo_Latn lus_Latn mag_Deva mai_Deva min_Latn min_Arab mni_Beng mos_Latn
nso_Latn nus_Latn pag_Latn pap_Latn prs_Arab quy_Latn sat_Olck scn_Latn shn_Mymr szl_Latn taq_Latn taq_Tfng tpi_Latn
tum_Latn tzm_Tfng umb_Latn vec_Latn war_Latn yue_Hant fuc_Latn hmn_Latn shi_Arab`;

/** A language that has an ISO 639-1 code. */
interface Entry {
  code: string;
  alpha3: readonly string[];
  script: string;
  name: string;
}

const entries: readonly Entry[] = LANGUAGES.split(';').map((field) => {
  const [code, alpha3, script, name] = field.trim().split(' ') as [string, string, string, string];
  return { code, alpha3: alpha3.split('/'), script, name };
});
const byBase = new Map(
  entries.flatMap((entry) => [entry.code, ...entry.alpha3].map((base) => [base, entry] as const)),
);
const byName = new Map(entries.map(({ name, code }) => [name.toLowerCase(), code]));
const others = OTHERS.trim().split(/\s+/);
/** Chinese is told apart by script; tags of regions imply one. */
const SCRIPT_OF_REGION: ReadonlyMap<string, string> = new Map([
  ['CN', 'Hans'],
  ['SG', 'Hans'],
  ['TW', 'Hant'],
  ['HK', 'Hant'],
]);

/** The language that candidates of an alignment are in. */
export const ENGLISH = 'en';

/**
 * The one code of a language, however it is spelled: `es` of es, spa, spa_Latn or Spanish; `zh` of zho_Hans, cmn_Hans or
 * zh-CN. Another script or region than the usual is a language of its own (`zho_Hant`, `es-MX`), and so is whatever has
 * no ISO 639-1 code (`ceb_Latn`). Undefined for what is no language's name.
 */
export function languageOf(spelled: string): string | undefined {
  const name = byName.get(spelled.toLowerCase());
  if (name !== undefined) return name;
  const match = /^([a-z]{2,3})(?:[-_]([a-z]{4}))?(?:[-_]([a-z]{2}))?$/i.exec(spelled);
  if (match === null) return undefined;
  const base = match[1]!.toLowerCase();
  const region = match[3]?.toUpperCase();
  const written = match[2] && match[2][0]!.toUpperCase() + match[2].slice(1).toLowerCase();
  const entry = byBase.get(base);
  if (entry === undefined) {
    const known = others.find((code) => code.startsWith(`${base}_`) && (!written || code.endsWith(written)));
    // A code with its script is taken at its word: there are more languages than any table of them has.
    return known ?? (written && base.length === 3 ? `${base}_${written}` : undefined);
  }
  const isChinese = entry.code === 'zh';
  const script = written ?? (isChinese && region ? SCRIPT_OF_REGION.get(region) : undefined) ?? entry.script;
  if (script !== entry.script) return `${entry.alpha3[0]}_${script}`;
  return region === undefined || isChinese ? entry.code : `${entry.code}-${region}`;
}

/** The language among `known` that one of whose spellings is nearest to `spelled`; undefined where none is near. */
export function nearestLanguage(
  spelled: string,
  known: readonly string[] = entries.map(({ code }) => code),
): string | undefined {
  if (spelled.length > LONGEST) return undefined;
  let best: { code: string; off: number } | undefined;
  for (const code of known) {
    for (const other of spellings(code)) {
      const off = distance(spelled.toLowerCase(), other.toLowerCase());
      if (off <= Math.min(2, spelled.length - 1) && (best === undefined || off < best.off))
        best = { code, off };
    }
  }
  return best?.code;
}

/** No name of a language is longer; comparing costs the product of the lengths. */
const LONGEST = 32;

function spellings(code: string): string[] {
  const entry = byBase.get(code);
  if (entry === undefined) return [code, code.slice(0, 3)];
  return [code, entry.name, ...entry.alpha3.flatMap((alpha3) => [alpha3, `${alpha3}_${entry.script}`])];
}
