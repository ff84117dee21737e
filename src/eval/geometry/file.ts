/** Writes and reads `geometry.json`. */
import { join } from 'node:path';
import type * as z from 'zod';
import { UserError } from '../../errors.ts';
import { asUserError, makeFolders, replaceFile } from '../../runs/index.ts';
import { readTextFile } from '../../text.ts';
import {
  GEOMETRY_FILE,
  GEOMETRY_KINDS,
  type Geometry,
  type GeometryProbe,
  type GeometrySet,
  geometrySchema,
} from './schema.ts';

/** A hundred layers of a thousand questions in fifty languages come to less. */
const MAX_BYTES = 256 << 20;

/**
 * Writes it whole or not at all, and returns its path. @param shown the folder as the user wrote it
 * @throws UserError if the disk does not take it
 */
export async function writeGeometry(dir: string, geometry: Geometry, shown = dir): Promise<string> {
  const path = join(dir, GEOMETRY_FILE);
  try {
    await makeFolders(dir);
    await replaceFile(path, `${JSON.stringify(geometry)}\n`);
  } catch (error) {
    throw asUserError(error, join(shown, GEOMETRY_FILE), 'cannot be written');
  }
  return path;
}

/**
 * The geometry of a folder. Equal to what was written.
 * @throws UserError if there is none, or it is damaged, with the place
 */
export function readGeometry(dir: string, shown = dir): Geometry {
  const file = join(shown, GEOMETRY_FILE);
  const refuse = (message: string): never => {
    throw new UserError({ file, message });
  };
  let value: unknown;
  try {
    value = JSON.parse(readTextFile(join(dir, GEOMETRY_FILE), file, MAX_BYTES));
  } catch (error) {
    if (error instanceof UserError) throw error;
    return refuse(`is damaged: ${(error as Error).message}`);
  }
  const format = typeof value === 'object' && value !== null && 'format' in value ? value.format : undefined;
  if (format !== 1)
    return refuse(`is no geometry of this version: format must be 1, found ${shownValue(format)}`);
  const read = geometrySchema.safeParse(value);
  if (!read.success) return refuse(`is damaged: ${inWords(read.error.issues[0]!)}`);
  for (const kind of GEOMETRY_KINDS) {
    const set = read.data.sets[kind];
    const wrong = set && wrongIn(set, read.data.layers);
    if (wrong) return refuse(`is damaged: sets.${kind}.${wrong}`);
  }
  return read.data;
}

function inWords({ path, message }: z.core.$ZodIssue): string {
  return `${path.join('.') || 'the file'}: ${message}`;
}

function shownValue(value: unknown): string {
  return value === undefined ? 'none' : (JSON.stringify(value)?.slice(0, 40) ?? 'none');
}

/** What does not fit together in a set, and where; undefined where all does. */
function wrongIn(set: GeometrySet, layers: number): string | undefined {
  const { items, panel_items, panels, closeness, probes } = set;
  const areLayers = (of: readonly { layer: number }[]) =>
    of.length === layers && of.every(({ layer }, at) => layer === at);
  const every = `must have the layers 0 to ${layers - 1} in order`;
  const outside = (places: readonly number[]) => places.some((at) => at >= items.length);
  const keys = new Set(items.map(({ language, id }) => `${language} ${id}`));
  if (keys.size < items.length) return 'items: each must be there once in a language';
  if (outside(panel_items)) return `panel_items: must be places in items, 0 to ${items.length - 1}`;
  if (!areLayers(panels)) return `panels: ${every}`;
  const odd = panels.findIndex(
    ({ x, y }) => x.length !== panel_items.length || y.length !== panel_items.length,
  );
  if (odd >= 0) return `panels.${odd}: x and y must have ${panel_items.length} numbers each`;
  const languages = new Set(items.map(({ language }) => language));
  for (const [at, { language, layers: own }] of closeness.entries()) {
    if (!languages.has(language)) return `closeness.${at}: no item is in ${language}`;
    if (!areLayers(own)) return `closeness.${at}.layers: ${every}`;
  }
  for (const [at, probe] of probes.entries()) {
    const wrong = wrongInProbe(probe, set);
    if (wrong) return `probes.${at}.${wrong}`;
    if (!areLayers(probe.layers)) return `probes.${at}.layers: ${every}`;
  }
  return undefined;
}

function wrongInProbe(
  { label, classes, held_out, layers }: GeometryProbe,
  { items }: GeometrySet,
): string | undefined {
  const seen = new Set(held_out);
  if (seen.size < held_out.length || held_out.some((at) => at >= items.length))
    return 'held_out: must be places in items, each once';
  const of = held_out.map((at) => items[at]![label]);
  const [told, known] = [new Set(of), new Set(classes)];
  if (!of.every((one) => one !== undefined && known.has(one)))
    return `held_out: must be of items whose ${label} is among classes`;
  if (known.size < classes.length || !classes.every((name) => told.has(name)))
    return 'classes: must be different, and each held out once at least';
  const short = layers.findIndex(({ correct }) => correct.length !== held_out.length);
  return short < 0 ? undefined : `layers.${short}.correct: must have ${held_out.length} digits`;
}
