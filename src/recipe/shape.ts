/** Looks up what the schema allows at a path, by way of its JSON Schema: zod's public, stable form. */
import { z } from 'zod';
import { type Kind, SCHEMAS } from './schema.ts';

/** The part of JSON Schema that recipes use. */
export interface JsonSchema {
  title?: string;
  description?: string;
  unit?: string;
  source?: string;
  /** What an element of a list of mappings is called; a source where nothing is said. */
  each?: string;
  type?: string;
  const?: unknown;
  enum?: unknown[];
  default?: unknown;
  properties?: Record<string, JsonSchema>;
  additionalProperties?: JsonSchema | boolean;
  required?: string[];
  items?: JsonSchema | false;
  prefixItems?: JsonSchema[];
  anyOf?: JsonSchema[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
}

/** A place in a recipe: keys and list positions from the root. */
export type Path = readonly (string | number)[];

const schemas = new Map<Kind, JsonSchema>();

/** JSON Schema (draft 2020-12) of a recipe of a kind as a user writes it. */
export function jsonSchema(method: Kind): JsonSchema {
  const known = schemas.get(method);
  if (known) return known;
  const made = z.toJSONSchema(SCHEMAS[method], {
    io: 'input',
    override: ({ zodSchema, jsonSchema: json }) => {
      // zod writes its own largest safe integer where no maximum was asked for.
      if (json.maximum === Number.MAX_SAFE_INTEGER) delete json.maximum;
      const { type } = zodSchema._zod.def;
      // zod leaves defaults out where a value is transformed on its way in.
      if (zodSchema instanceof z.ZodDefault) json.default = zodSchema._zod.def.defaultValue;
      // A mapping that a name alone may stand for (`z.preprocess`): say so.
      if (type === 'pipe' && json.type === 'object') {
        const { ...object } = json;
        for (const key of Object.keys(json)) delete json[key];
        Object.assign(json, { anyOf: [{ type: 'string' }, object] });
      }
      // A list whose single element may stand alone (`z.preprocess`): say so.
      if (type === 'pipe' && json.type === 'array' && typeof json.items === 'object') {
        const { type: array, items, minItems, ...notes } = json;
        for (const key of ['type', 'items', 'minItems']) delete json[key];
        Object.assign(json, notes, {
          anyOf: [items, { type: array, items, ...(minItems === undefined ? {} : { minItems }) }],
        });
      }
    },
  }) as JsonSchema;
  schemas.set(method, made);
  return made;
}

/** JSON Schema of any recipe. */
export function recipeJsonSchema(): Record<string, unknown> {
  const methods = (Object.keys(SCHEMAS) as Kind[]).map(jsonSchema);
  const head = { $schema: 'https://json-schema.org/draft/2020-12/schema', title: 'isogloss recipe' };
  const plain = methods.map(({ ...schema }) => {
    delete (schema as Record<string, unknown>).$schema;
    return schema;
  });
  return plain.length === 1 ? { ...plain[0], ...head } : { ...head, oneOf: plain };
}

/** What is allowed at `path`, looking through `null | ...` and lists; undefined where nothing is. */
export function schemaAt(method: Kind, path: Path): JsonSchema | undefined {
  let at: JsonSchema | undefined = jsonSchema(method);
  for (const key of path) at = at && step(at, key);
  return at;
}

function step(schema: JsonSchema, key: string | number): JsonSchema | undefined {
  for (const choice of alternatives(schema)) {
    if (choice.properties && Object.hasOwn(choice.properties, key)) return choice.properties[key];
    if (typeof choice.additionalProperties === 'object') return choice.additionalProperties;
    if (typeof key === 'number') {
      if (choice.prefixItems?.[key]) return choice.prefixItems[key];
      if (choice.items) return choice.items;
    }
  }
  return undefined;
}

/** The schema itself, or what it is a choice of, flattened. */
export function alternatives(schema: JsonSchema): JsonSchema[] {
  return schema.anyOf ? schema.anyOf.flatMap(alternatives) : [schema];
}

/** Keys allowed in the object at `path`. */
export function keysAt(method: Kind, path: Path): string[] {
  const schema = schemaAt(method, path);
  if (!schema) return [];
  return [...new Set(alternatives(schema).flatMap((choice) => Object.keys(choice.properties ?? {})))];
}

/** Every field that holds a value, as dotted paths (`train.optimizer.lr`), in the order of the schema. */
export function fields(method: Kind): { path: string; schema: JsonSchema; required: boolean }[] {
  const found: { path: string; schema: JsonSchema; required: boolean }[] = [];
  const walk = (schema: JsonSchema, prefix: string): void => {
    for (const [key, child] of Object.entries(schema.properties ?? {})) {
      const path = prefix === '' ? key : `${prefix}.${key}`;
      const object = alternatives(child).find((choice) => choice.properties);
      if (object) {
        // Sources stand alone or in a list, and so are documented as a value as well as by their fields.
        if (child.anyOf) found.push({ path, schema: child, required: isRequired(schema, key) });
        walk(object, path);
      } else found.push({ path, schema: child, required: isRequired(schema, key) });
    }
  };
  walk(jsonSchema(method), '');
  return found;
}

const isRequired = (schema: JsonSchema, key: string): boolean => schema.required?.includes(key) ?? false;
