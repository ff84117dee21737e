/**
 * `geometry.json`: a model's geometry as one plain object, in the words of the file. Layers are blocks, 0-based, and stand for
 * the residual stream behind them, before the final norm.
 */
import * as z from 'zod';
import { READ_POSITIONS } from './states.ts';

/** Name of the file. */
export const GEOMETRY_FILE = 'geometry.json';

const whole = z.int().min(0);
const share = z.number().min(0).max(1);
const name = z.string().min(1);

const estimate = z.object({
  n: whole,
  n_clusters: whole,
  mean: share,
  ci95: z.tuple([share, share]).optional(),
  stderr: z.number().min(0).optional(),
});

const item = z.object({
  id: name,
  language: name,
  /** The question: what probes are split by and intervals are clustered on. */
  cluster: name,
  /** The region, country or culture that it is about, where the task tells. */
  region: name.optional(),
});

const panel = z.object({
  layer: whole,
  explained_variance: z.tuple([share, share]),
  /** Of `panel_items`, in their order. */
  x: z.array(z.number()),
  y: z.array(z.number()),
});

const figures = z.object({
  cosine: z.number(),
  cosine_gap: z.number(),
  retrieval_xx_en: share,
  retrieval_en_xx: share,
  mexa: share,
  cka: z.number().nullable(),
});

const closeness = z.object({
  layer: whole,
  n: whole,
  raw: figures,
  standardized: figures.nullable(),
  anc: z.number().nullable(),
});

const probe = z.object({
  /** What is told. */
  label: z.enum(['language', 'region']),
  /** The one language that the questions are in; null for all. */
  language: name.nullable(),
  classes: z.array(name).min(2),
  chance: share,
  train: whole,
  /** Places in `items`. */
  held_out: z.array(whole).min(1),
  layers: z.array(
    z.object({
      layer: whole,
      accuracy: estimate,
      by_class: z.record(name, estimate),
      /** A digit for each of `held_out`: 1 for right. */
      correct: z.string().regex(/^[01]+$/, 'must be of the digits 0 and 1'),
    }),
  ),
});

const set = z.object({
  task: name,
  items: z.array(item).min(1),
  /** Places in `items` of those that panels show. */
  panel_items: z.array(whole).min(1),
  panels: z.array(panel),
  /** Of each language but English, against English. */
  closeness: z.array(z.object({ language: name, layers: z.array(closeness) })),
  probes: z.array(probe),
});

const figuresOfModel = z.object({
  /** Blocks of the model, and D. */
  layers: z.int().min(1),
  hidden_size: z.int().min(1),
  position: z.enum(READ_POSITIONS),
  seed: whole,
  sets: z.object({ universal: set, cultural: set.optional() }),
});

/** The whole file. */
export const geometrySchema = z.object({
  format: z.literal(1),
  /** Of isogloss. */
  version: name,
  /** SHA-256 of the key: geometries with the same are of the same model and questions. */
  identity: name,
  key: z.record(z.string(), z.unknown()),
  /** As the user wrote it. */
  model: name,
  ...figuresOfModel.shape,
});

/** Questions that are the same everywhere, and those that depend on culture. */
export type GeometryKind = 'universal' | 'cultural';
/** In the order of the file. */
export const GEOMETRY_KINDS: readonly GeometryKind[] = ['universal', 'cultural'];
export type GeometryItem = z.infer<typeof item>;
export type GeometryPanel = z.infer<typeof panel>;
export type GeometryProbe = z.infer<typeof probe>;
export type GeometryEstimate = z.infer<typeof estimate>;
/** What is found of the questions of a kind. */
export type GeometrySet = z.infer<typeof set>;
/** What is found of a model, whatever it is called. */
export type GeometryFigures = z.infer<typeof figuresOfModel>;
export type Geometry = z.infer<typeof geometrySchema>;
