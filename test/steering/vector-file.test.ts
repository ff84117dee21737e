import { readdir, readFile, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { UserError } from '../../src/errors.ts';
import { openSafetensors } from '../../src/model/files/index.ts';
import { makeVector, vectorIdentity } from '../../src/steering/identity.ts';
import type { SteeringVector } from '../../src/steering/vector.ts';
import { readVector, vectorPaths, writeVector } from '../../src/steering/vector-file.ts';
import { temporaryFolder } from '../temporary.ts';
import { madeVector } from './made.ts';

const folder = temporaryFolder();
let count = 0;
const freshName = () => join(folder.path, `v${count++}`);

const vector = madeVector({ es: [1, 2, 2, 0, -3, 4], ko: [0.1, 0.2, 0.3, 0.4, 0.5, 0.6] });

async function saved(of: SteeringVector = vector): Promise<string> {
  const name = freshName();
  await writeVector(name, of);
  return name;
}

/** Changes the facts on disk. */
async function edit(name: string, change: (facts: Record<string, unknown>) => void): Promise<string> {
  const file = `${name}.json`;
  const facts = JSON.parse(await readFile(file, 'utf8')) as Record<string, unknown>;
  change(facts);
  await writeFile(file, JSON.stringify(facts));
  return name;
}

describe('a steering vector on disk', () => {
  it('comes back bit for bit, with its facts, by the path of either file or their name', async () => {
    const name = await saved();
    for (const path of [name, `${name}.safetensors`, `${name}.json`]) {
      const read = await readVector(path);
      expect(read).toEqual(vector);
      expect(read.identity).toBe(vector.identity);
    }
  });

  it('is one float32 tensor [L, D] a language, that any reader of safetensors opens', async () => {
    const file = await openSafetensors(`${await saved()}.safetensors`);
    const found = [...file.tensors.values()].map(({ name, dtype, shape }) => [name, dtype, shape]);
    await file.close();
    expect(found).toEqual([
      ['es', 'F32', [2, 3]],
      ['ko', 'F32', [2, 3]],
    ]);
  });

  it('leaves nothing else in the folder, and is not written over', async () => {
    const name = await saved();
    await expect(writeVector(name, vector)).rejects.toThrow('there is a vector already');
    expect((await readdir(folder.path)).filter((file) => file.startsWith('.tmp-'))).toEqual([]);
  });

  it('has an identity that the order of languages does not change, and any number does', () => {
    const [es, ko] = [vector.vectors_LD.get('es')!, vector.vectors_LD.get('ko')!];
    const of = (...list: [string, Float32Array][]) => vectorIdentity(new Map(list));
    expect(of(['ko', ko], ['es', es])).toBe(vector.identity);
    expect(of(['ko', es], ['es', ko])).not.toBe(vector.identity);
    const changed = es.slice();
    changed[0] = 1.0000001;
    expect(of(['ko', ko], ['es', changed])).not.toBe(vector.identity);
  });
});

describe('writing refuses', () => {
  it('numbers that are not finite', async () => {
    const bad = madeVector({ es: [1, 2, 2, 0, -3, Number.NaN] });
    await expect(writeVector(freshName(), bad)).rejects.toThrow('es has numbers that are not finite');
  });

  it('numbers that were changed after the vector was made', async () => {
    const changed = madeVector({ es: [1, 2, 2, 0, -3, 4] });
    // Another sign, the same norms.
    changed.vectors_LD.get('es')![5] = -4;
    await expect(writeVector(freshName(), changed)).rejects.toThrow('have been changed');
  });

  it('facts of other norms', async () => {
    const norms = { es: { vector: [3, 4], hidden: [1, 1] } };
    const bad = madeVector({ es: [1, 2, 2, 0, -3, 4] }, { facts: { norms } });
    await expect(writeVector(freshName(), bad)).rejects.toThrow('norms.es are not those of its numbers');
  });
});

describe('reading refuses', () => {
  it('what is not there, and half of a vector', async () => {
    const name = await saved();
    await expect(readVector(`${name}x`)).rejects.toThrow('there is no such steering vector');
    await writeFile(`${name}y.json`, await readFile(`${name}.json`));
    await expect(readVector(`${name}y`)).rejects.toThrow('.safetensors beside it: a vector is both files');
  });

  it('a file that is cut anywhere', async () => {
    const name = await saved();
    const { length } = await readFile(`${name}.safetensors`);
    for (const size of [length - 1, length - 24, 100, 8, 3, 0]) {
      await truncate(`${name}.safetensors`, size);
      await expect(readVector(name)).rejects.toThrow(UserError);
    }
  });

  it('facts that are cut', async () => {
    const name = await saved();
    await truncate(`${name}.json`, 200);
    await expect(readVector(name)).rejects.toThrow('is not JSON');
  });

  it('the numbers of another vector', async () => {
    const [a, b] = [
      await saved(),
      await saved(madeVector({ es: [1, 2, 2, 0, -3, 5], ko: [1, 1, 1, 1, 1, 1] })),
    ];
    await writeFile(`${a}.safetensors`, await readFile(`${b}.safetensors`));
    await expect(readVector(a)).rejects.toThrow('holds other numbers than those that');
  });

  it('a later format, told as that, and what is no vector', async () => {
    const later = await edit(await saved(), (facts) => {
      facts.format = 'isogloss_steering_2';
    });
    await expect(readVector(later)).rejects.toThrow('it takes a newer isogloss');
    const none = await edit(await saved(), (facts) => {
      facts.format = 1;
    });
    await expect(readVector(none)).rejects.toThrow('is no description of a steering vector');
  });

  it('facts of a model of another width or depth than the numbers have, naming both', async () => {
    const name = await edit(await saved(), (facts) => {
      (facts.model as Record<string, unknown>).hidden_size = 5;
    });
    await expect(readVector(name)).rejects.toThrow(
      'es has shape [2,3], and its facts are of a model of 2 blocks of width 5',
    );
  });

  it('fields that are damaged, by their names', async () => {
    const name = await edit(await saved(), (facts) => {
      facts.seed = -1;
      facts.kind = 'up';
    });
    const error = await readVector(name).catch((reason: UserError) => reason);
    expect((error as UserError).problems.map(({ message }) => message.split(':')[1])).toEqual([
      ' kind',
      ' seed',
    ]);
  });

  it('numbers that are not finite, also with their right hash', async () => {
    const name = await saved();
    const bytes = await readFile(`${name}.safetensors`);
    bytes.writeUInt32LE(0x7f800000, bytes.length - 4);
    await writeFile(`${name}.safetensors`, bytes);
    const es = vector.vectors_LD.get('es')!;
    const ko = new Float32Array(new Uint8Array(bytes.subarray(-24)).buffer);
    await edit(name, (facts) => {
      facts.identity = makeVector(vector.facts, new Map(Object.entries({ es, ko }))).identity;
    });
    await expect(readVector(name)).rejects.toThrow('ko has numbers that are not finite');
  });

  it('any file with flipped bytes with a reason, and never crashes', async () => {
    const [tensors, facts] = Object.values(vectorPaths(await saved()));
    const [good, text] = [await readFile(tensors!), await readFile(facts!)];
    const name = freshName();
    await fc.assert(
      fc.asyncProperty(fc.nat(good.length - 1), fc.integer({ min: 1, max: 255 }), async (place, flip) => {
        const bytes = Buffer.from(good);
        bytes[place]! ^= flip;
        await writeFile(`${name}.safetensors`, bytes);
        await writeFile(`${name}.json`, text);
        const found = await readVector(name).catch((error: unknown) => error);
        // Metadata of the safetensors header says nothing of the numbers.
        if (found instanceof Error) expect(found).toBeInstanceOf(UserError);
        else expect(found).toEqual(vector);
      }),
      { numRuns: 60 },
    );
  });
});
