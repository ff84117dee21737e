/** How wide letters are, where nothing measures them: near enough to place names and margins. */

/** Widths of letters of DejaVu Sans at size 1, by what they are like. */
const WIDTHS: readonly (readonly [RegExp, number])[] = [
  [/[\s.,:;·|'il]/u, 0.32],
  [/[MW@%]/u, 0.95],
  [/[+−<>=]/u, 0.84],
  [/\p{Lu}/u, 0.7],
  [/[\p{sc=Han}\p{sc=Hangul}]/u, 1],
];
const [OTHER, BOLD] = [0.64, 1.1];

/** Pixels. */
export function textWidth(text: string, fontSize: number, isBold = false): number {
  let width = 0;
  for (const letter of text) width += WIDTHS.find(([like]) => like.test(letter))?.[1] ?? OTHER;
  return width * fontSize * (isBold ? BOLD : 1);
}
