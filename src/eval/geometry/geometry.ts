/** A model's geometry: everything that is found of questions' hidden states, layer by layer. */
import { ENGLISH } from '../../data/parallel/index.ts';
import { UserError } from '../../errors.ts';
import type { Gemma3 } from '../../model/index.ts';
import type { Item } from '../item.ts';
import type { PreparedItem } from '../scoring/prepare.ts';
import type { Estimate } from '../statistics.ts';
import { closeness } from './closeness.ts';
import { hiddenStatesOf, readingsOf } from './collect.ts';
import { panel } from './panel.ts';
import { type Probes, probesOf } from './probes.ts';
import {
  GEOMETRY_KINDS,
  type GeometryEstimate,
  type GeometryFigures,
  type GeometryItem,
  type GeometryKind,
  type GeometryPanel,
  type GeometryProbe,
  type GeometrySet,
} from './schema.ts';
import { type HiddenStates, type ReadPosition, rowsOf, sharedIds, statesAt } from './states.ts';

/** Questions of a task, in several languages with English among them. */
export interface GeometryInput {
  task: string;
  items: readonly PreparedItem[];
}

/** Where it stands: texts that are read, or layers whose panels or probes are done. */
export interface GeometryProgress {
  kind: GeometryKind;
  stage: 'texts' | 'layers' | 'language probes' | 'region probes';
  done: number;
  total: number;
}

export interface GeometryOptions {
  position: ReadPosition;
  /** Of probes' splits and of intervals. */
  seed: number;
  tokenBudget: number;
  /** Waited for often; stops by throwing. */
  between?(at: GeometryProgress): Promise<void> | void;
}

/** Points of a language in a panel, spread evenly over its items: more cannot be told apart, and cost their cube. */
export const POINTS = 50;

/**
 * Reads the questions of each kind, and finds: a panel of each layer over all languages; how near each language is to English;
 * probes of language, and for cultural questions probes of the region they are about. The latter are of the questions in one
 * language, each language that has several regions, as language and region are one where each region is asked in its own.
 *
 * @throws UserError if English is not there, or nothing beside it, or states cannot be read
 */
export async function geometryOf(
  model: Gemma3,
  inputs: Readonly<{ universal: GeometryInput; cultural?: GeometryInput }>,
  options: GeometryOptions,
): Promise<GeometryFigures> {
  const { numHiddenLayers, hiddenSize } = model.config;
  const sets: Partial<Record<GeometryKind, GeometrySet>> = {};
  for (const kind of GEOMETRY_KINDS) {
    const input = inputs[kind];
    if (input !== undefined) sets[kind] = await setOf(model, kind, input, options);
  }
  return {
    ...{ layers: numHiddenLayers, hidden_size: hiddenSize, position: options.position, seed: options.seed },
    sets: sets as GeometryFigures['sets'],
  };
}

async function setOf(
  model: Gemma3,
  kind: GeometryKind,
  { task, items: prepared }: GeometryInput,
  { position, seed, tokenBudget, between }: GeometryOptions,
): Promise<GeometrySet> {
  requireEnglish(
    task,
    prepared.map(({ item }) => item),
  );
  const states = await hiddenStatesOf(model, readingsOf(prepared), {
    ...{ position, tokenBudget },
    between: (at) => between?.({ kind, stage: 'texts', ...at }),
  });
  const items = itemsOf(states, prepared);
  const panelItems = spread(states);
  const panels: GeometryPanel[] = [];
  const others = [...states.byLanguage.keys()].filter((language) => language !== ENGLISH);
  const near = others.map((language) => ({
    language,
    ids: sharedIds(states, language, ENGLISH),
    layers: [] as GeometrySet['closeness'][number]['layers'],
  }));
  for (let layer = 0; layer < states.layers; layer++) {
    panels.push(
      panelOf(
        states,
        layer,
        panelItems.map((at) => items[at]!),
      ),
    );
    for (const { language, ids, layers } of near) {
      const [xx, en] = [language, ENGLISH].map((side) => statesAt(states, side, layer, ids));
      layers.push({ layer, ...closeness(xx!, en!) });
    }
    await between?.({ kind, stage: 'layers', done: layer + 1, total: states.layers });
  }
  const probes: GeometryProbe[] = [];
  const add = async (label: GeometryProbe['label'], language: string | null) => {
    const some = items.filter((item) => language === null || item.language === language);
    const labelled = some.flatMap((item) => {
      const told = item[label];
      return told === undefined ? [] : [{ ...item, label: told }];
    });
    let done = 0;
    const found = await probesOf(states, labelled, {
      seed,
      between: () => between?.({ kind, stage: `${label} probes`, done: ++done, total: states.layers }),
    });
    if (found !== undefined) probes.push(probeOnDisk(found, label, language, items));
  };
  await add('language', null);
  if (kind === 'cultural') for (const language of states.byLanguage.keys()) await add('region', language);
  return {
    ...{ task, items, panel_items: panelItems, panels },
    closeness: near.map(({ language, layers }) => ({ language, layers })),
    probes,
  };
}

/** @throws UserError unless there are questions in English and in another language */
export function requireEnglish(task: string, items: readonly Pick<Item, 'language'>[]): void {
  const languages = [...new Set(items.map(({ language }) => language))];
  if (languages.includes(ENGLISH) && languages.length > 1) return;
  throw new UserError(
    `${task}: languages are compared with English, and there are questions in ${languages.join(', ') || 'none'} alone`,
  );
}

/** What a question is about, as tasks call it. */
export function regionOf({ metadata }: Item): string | undefined {
  for (const key of ['region', 'country', 'culture'])
    if (Object.hasOwn(metadata, key) && metadata[key]) return metadata[key];
  return undefined;
}

/** In the order of the states' rows, language by language. */
function itemsOf({ byLanguage }: HiddenStates, prepared: readonly PreparedItem[]): GeometryItem[] {
  const known = new Map(prepared.map(({ item }) => [`${item.language} ${item.id}`, item]));
  return [...byLanguage].flatMap(([language, { ids }]) =>
    ids.map((id): GeometryItem => {
      const item = known.get(`${language} ${id}`)!;
      const region = regionOf(item);
      return { id, language, cluster: item.cluster, ...(region === undefined ? {} : { region }) };
    }),
  );
}

/** Places of `POINTS` items of each language at most, evenly spread: a task may have its regions one after the other. */
function spread({ byLanguage }: HiddenStates): number[] {
  let start = 0;
  const chosen: number[] = [];
  for (const { ids } of byLanguage.values()) {
    const n = Math.min(POINTS, ids.length);
    for (let i = 0; i < n; i++) chosen.push(start + Math.floor((i * ids.length) / n));
    start += ids.length;
  }
  return chosen;
}

function panelOf(states: HiddenStates, layer: number, items: readonly GeometryItem[]): GeometryPanel {
  const english = items.flatMap(({ language }, row) => (language === ENGLISH ? [row] : []));
  const { x, y, explained } = panel(rowsOf(states, layer, items), english);
  const short = (values: number[]) => values.map((value) => Number(value.toPrecision(DIGITS)));
  return { layer, explained_variance: explained, x: short(x), y: short(y) };
}

/** Of coordinates on disk: what float32 states have. */
const DIGITS = 7;

function probeOnDisk(
  { classes, chance, train, heldOut, layers }: Probes,
  label: GeometryProbe['label'],
  language: string | null,
  items: readonly GeometryItem[],
): GeometryProbe {
  const places = new Map(items.map((item, at) => [`${item.language} ${item.id}`, at]));
  return {
    ...{ label, language, classes, chance, train },
    held_out: heldOut.map((item) => places.get(`${item.language} ${item.id}`)!),
    layers: layers.map(({ layer, accuracy: { mean, byClass }, correct }) => ({
      layer,
      accuracy: onDisk(mean),
      by_class: Object.fromEntries(Object.entries(byClass).map(([name, found]) => [name, onDisk(found)])),
      correct: correct.map(Number).join(''),
    })),
  };
}

function onDisk({ n, nClusters, mean, ci95, stderr }: Estimate): GeometryEstimate {
  return { n, n_clusters: nClusters, mean, ...(ci95 && { ci95 }), ...(stderr !== undefined && { stderr }) };
}
