import { describe, expect, it } from 'vitest';
import { languageOf, nearestLanguage } from '../../../src/data/parallel/index.ts';

describe('languageOf', () => {
  it.each([
    ['en', ['en', 'eng', 'eng_Latn', 'English']],
    ['es', ['es', 'spa', 'spa_Latn', 'SPANISH']],
    ['id', ['id', 'ind', 'ind_Latn', 'Indonesian']],
    ['ko', ['ko', 'kor', 'kor_Hang', 'Korean']],
    ['el', ['el', 'ell', 'ell_Grek', 'Greek']],
    ['zh', ['zh', 'zho', 'zho_Hans', 'cmn_Hans', 'zho-CN', 'zh-CN', 'zh_Hans']],
    ['ar', ['ar', 'arb', 'ara', 'arb_Arab', 'Arabic']],
  ])('calls %s so in every spelling of FLORES-200, FLORES+ and NTREX', (code, spellings) => {
    expect(spellings.map(languageOf)).toEqual(spellings.map(() => code));
  });

  it('keeps other scripts and regions apart', () => {
    expect(['cmn_Hant', 'zh-TW', 'zho_Hant'].map(languageOf)).toEqual(['zho_Hant', 'zho_Hant', 'zho_Hant']);
    expect(['spa-MX', 'eng-US', 'arb_Latn'].map(languageOf)).toEqual(['es-MX', 'en-US', 'arb_Latn']);
  });

  it('calls a language without a code of two letters as FLORES does', () => {
    expect(['ceb', 'ceb_Latn', 'min_Arab', 'xyz_Latn'].map(languageOf)).toEqual([
      'ceb_Latn',
      'ceb_Latn',
      'min_Arab',
      'xyz_Latn',
    ]);
  });

  it('knows what is no language', () => {
    for (const word of ['sp', 'url', 'text', 'README', 'qq', ''])
      expect(languageOf(word), word).toBeUndefined();
  });
});

describe('nearestLanguage', () => {
  it('finds the language that was probably meant', () => {
    expect([nearestLanguage('sp'), nearestLanguage('spa_Lat'), nearestLanguage('Koraen')]).toEqual([
      'es',
      'es',
      'ko',
    ]);
    expect(nearestLanguage('spn_Latn', ['en', 'es'])).toBe('es');
    expect(nearestLanguage('nothing like it')).toBeUndefined();
  });
});
