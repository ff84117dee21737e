/** The regions of BLEnD: what the paper takes for the home of a language, and what files and texts call it. */

/** A region. */
export interface Region {
  /** As BLEnD writes it. */
  name: string;
  /** The language it is asked in besides English; undefined where the paper has none. */
  language?: string;
  /** In English texts. */
  english: string;
}

/** The paper's six, and the two whose answers show a pull to English. */
export const REGIONS: readonly Region[] = [
  { name: 'Spain', language: 'es', english: 'Spain' },
  { name: 'Indonesia', language: 'id', english: 'Indonesia' },
  { name: 'South_Korea', language: 'ko', english: 'South Korea' },
  { name: 'Greece', language: 'el', english: 'Greece' },
  { name: 'China', language: 'zh', english: 'China' },
  { name: 'Algeria', language: 'ar', english: 'Algeria' },
  { name: 'US', english: 'US' },
  { name: 'UK', english: 'UK' },
];

/** Languages that BLEnD can be asked in. */
export const BLEND_LANGUAGES = ['en', ...REGIONS.flatMap(({ language }) => language ?? [])];

/** The regions that languages are asked for: those that speak them; all six of the paper for English alone. */
export function regionsOf(languages: readonly string[]): (Region & { language: string })[] {
  const homes = REGIONS.filter((region) => region.language !== undefined) as (Region & {
    language: string;
  })[];
  const spoken = homes.filter(({ language }) => languages.includes(language));
  return spoken.length > 0 ? spoken : homes;
}

/** How BLEnD's questions are put: naming the country, or leaving it to the language. */
export const FORM = {
  about: 'questions that name the country, or that leave it to the language they are put in',
  values: ['contextualized', 'decontextualized'],
  default: 'contextualized',
} as const;
