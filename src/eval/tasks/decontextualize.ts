/**
 * Takes the country out of a question by rules, one list a region and English. A question that no rule changes, or that still
 * names the country afterwards, has no such form: of 500 questions a region 427 to 498 have one.
 */

/** How a language names the country of a region. */
interface Rules {
  /** Replaced in this order. */
  changes: readonly (readonly [
    pattern: RegExp,
    replacement: string | ((match: string, ...groups: string[]) => string),
  ])[];
  /** What must not be left. */
  left: RegExp;
}

/** No letter, digit or underscore follows, in any script: `\b` of JavaScript knows Latin alone. */
const END = '(?![\\p{L}\\p{N}_])';
const re = (source: string, flags = '') => new RegExp(source, `gu${flags}`);
const upper = (_: string, letter: string) => letter.toUpperCase();

const LOCAL: Readonly<Record<string, Rules>> = {
  Spain: {
    changes: [
      [
        /^(¿?)En España,?\s*([\p{L}\p{N}_])/u,
        (_, mark, letter) => (mark ? mark + letter!.toUpperCase() : letter!),
      ],
      [re(`,? (?:en|de|para) España${END}`), ''],
    ],
    left: /[Ee]spañ/u,
  },
  Indonesia: {
    changes: [
      [/^[Dd]i Indonesia,?\s*([\p{L}\p{N}_])/u, upper],
      [re(`(orang-orang|orang|masyarakat) Indonesia${END}`, 'i'), (_, people) => people!],
      [re(`,? (?:di|dari|untuk|bagi) Indonesia${END}`), ''],
    ],
    left: /Indonesia/u,
  },
  South_Korea: {
    changes: [
      [re('(?:대한민국|한국)(?:에서의|에서는|에서|에선|에는|의) ?'), ''],
      [re('대한민국 (?=\\S)'), ''],
    ],
    // The second is a misspelling that its annotators made.
    left: /대한민국|대힌민국|한국|우리나라/u,
  },
  Greece: {
    changes: [
      [/^Στην Ελλάδα,?\s*([\p{L}\p{N}_])/u, upper],
      [re(` ?,?(?:σ?την|στη|της|για την) Ελλάδας?${END}`), ''],
    ],
    left: /ελλ[άα]δ|ελλην|έλλην/iu,
  },
  China: {
    changes: [
      [re('在中国[，,]?的?'), ''],
      [re('中国人'), '人们'],
      [re('中国的?'), ''],
    ],
    left: /中国|中餐/u,
  },
  Algeria: {
    changes: [
      [/^في الجزائر[،,]?\s*/u, ''],
      [re(`\\s*(?:في|من|ب)\\s?الجزائر${END}`), ''],
    ],
    left: /جزائر/u,
  },
};

/** What English calls people and things of the country, which must not be left. */
const ADJECTIVES: Readonly<Record<string, string>> = {
  Spain: 'Spanish|Spaniard',
  Indonesia: 'Indonesian',
  South_Korea: 'Korea',
  Greece: 'Greek',
  China: 'Chinese',
  Algeria: 'Algeria',
  US: 'America|USA|United States',
  UK: 'British|Britain|England|English|United Kingdom',
};

/** Shorter than any question: what is left would be no sentence. */
const SHORTEST = 5;

/** The question in the region's own language without its country; undefined where the rules do not reach. */
export function decontextualize(question: string, region: string): string | undefined {
  const rules = Object.hasOwn(LOCAL, region) ? LOCAL[region] : undefined;
  return rules === undefined ? undefined : apply(question, rules);
}

/** The English question without its country, called `country` in it; undefined where the rules do not reach. */
export function decontextualizeEnglish(
  question: string,
  region: string,
  country: string,
): string | undefined {
  const adjective = Object.hasOwn(ADJECTIVES, region) ? `|${ADJECTIVES[region]}` : '';
  return apply(question, {
    changes: [
      [new RegExp(`^In (?:the )?${country},?\\s*([\\p{L}\\p{N}_])`, 'u'), upper],
      [re(`,? (?:in|from|of|for) (?:the )?${country}${END}(?!')`), ''],
    ],
    left: new RegExp(`\\b(?:${country}${adjective})`, 'u'),
  });
}

function apply(question: string, { changes, left }: Rules): string | undefined {
  const before = question.trim();
  let after = before;
  for (const [pattern, replacement] of changes)
    after =
      typeof replacement === 'string'
        ? after.replace(pattern, replacement)
        : after.replace(pattern, replacement);
  after = after.replace(/\s+/g, ' ').trim();
  return after === before || after.length < SHORTEST || left.test(after) ? undefined : after;
}
