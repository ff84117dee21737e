/** Font files that ship, for what has to turn letters into pixels itself. */
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { packageRoot } from '../../paths.ts';

/** A file of a package. */
export interface ShippedFont {
  module: string;
  /** What it shows that those before it do not, in words and as a pattern of its letters. */
  scripts: string;
  covers: RegExp;
}

/**
 * In the order letters are looked for. Han is of a font with the 6,763 signs of GB 2312 in one weight: of Noto Sans SC all nine
 * weights come in one package, 95 MB against 6.
 */
export const SHIPPED_FONTS: readonly ShippedFont[] = [
  {
    module: 'dejavu-fonts-ttf/ttf/DejaVuSans.ttf',
    scripts: 'Latin, Greek, Cyrillic and Arabic letters',
    covers: /[\p{sc=Latin}\p{sc=Greek}\p{sc=Cyrillic}\p{sc=Arabic}\p{Nd}]/u,
  },
  {
    module: 'dejavu-fonts-ttf/ttf/DejaVuSans-Bold.ttf',
    scripts: 'bold letters',
    covers: /font-weight="bold"/,
  },
  {
    module: '@expo-google-fonts/zcool-xiaowei/400Regular/ZCOOLXiaoWei_400Regular.ttf',
    scripts: 'Chinese signs',
    covers: /\p{sc=Han}/u,
  },
  {
    module: '@expo-google-fonts/nanum-gothic/400Regular/NanumGothic_400Regular.ttf',
    scripts: 'Korean letters',
    covers: /\p{sc=Hangul}/u,
  },
];

/** What there is of the shipped fonts. */
export interface FoundFonts {
  /** Paths. */
  files: string[];
  missing: ShippedFont[];
}

/** Looks for the fonts as modules are looked for. @param from the file that asks: isogloss' own package.json unless told */
export function findFonts(from = join(packageRoot(), 'package.json')): FoundFonts {
  const { resolve } = createRequire(from);
  const found: FoundFonts = { files: [], missing: [] };
  for (const font of SHIPPED_FONTS) {
    try {
      found.files.push(resolve(font.module));
    } catch {
      found.missing.push(font);
    }
  }
  return found;
}
