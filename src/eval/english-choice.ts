/** Do models answer questions about one culture with what is true of the US or the UK? The paper's Figure 5b. */
import { ENGLISH } from '../data/parallel/languages.ts';
import type { Item } from './item.ts';

/** The metadata of an item that names the country of each option, in their order, with `|` between. */
export const COUNTRIES = 'countries';

/** English-speaking countries among those of BLEnD, as its files write them. */
const ENGLISH_SPEAKING: ReadonlySet<string> = new Set(['US', 'UK']);

/**
 * Is the chosen option one of the US or the UK? Undefined, as the question does not arise, where the item does not tell
 * countries, is asked in English, offers no such option, or has such an option as its right one.
 */
export function englishChoice(item: Item, chosen: number): boolean | undefined {
  const countries = item.metadata[COUNTRIES]?.split('|').map((country) => country.trim());
  if (!countries || countries.length !== item.options.length || item.language === ENGLISH) return undefined;
  const english = countries.map((country) => ENGLISH_SPEAKING.has(country));
  if (english[item.gold] || !english.includes(true)) return undefined;
  return english[chosen];
}
