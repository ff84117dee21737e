/**
 * Reads the pickle of a torch file without running it. A pickle is a program that may call anything; this knows the opcodes
 * that torch.save writes for dictionaries of tensors, and the calls that make a tensor, and refuses all others.
 *
 * Opcodes: Python's Lib/pickletools.py. Tensors: torch/serialization.py and torch/_utils.py.
 */
import { UserError } from '../../errors.ts';

/** A class or function by its name, such as `torch FloatStorage`. */
export class PickledName {
  readonly name: string;
  constructor(name: string) {
    this.name = name;
  }
}

/** Numbers that lie in a file of the archive. */
export class PickledStorage {
  readonly type: string;
  readonly key: string;
  constructor(type: string, key: string) {
    this.type = type;
    this.key = key;
  }
}

/** A view of a storage; nothing of it is checked. */
export class PickledTensor {
  readonly storage: PickledStorage;
  readonly offset: number;
  readonly size: readonly Pickled[];
  readonly stride: readonly Pickled[];
  constructor(storage: PickledStorage, offset: number, size: readonly Pickled[], stride: readonly Pickled[]) {
    this.storage = storage;
    this.offset = offset;
    this.size = size;
    this.stride = stride;
  }
}

/** Tuples and lists are arrays, dictionaries maps; one may hold itself. */
export type Pickled =
  | string
  | number
  | boolean
  | null
  | Pickled[]
  | Map<Pickled, Pickled>
  | PickledName
  | PickledStorage
  | PickledTensor;

/** Thrown within, and told with the place. */
class Refused extends Error {}

/**
 * @param file the path of the archive, for errors
 * @throws UserError if it ends early, or does what it need not
 */
export function unpickle(bytes: Uint8Array, file: string): Pickled {
  const machine = new Machine(bytes);
  try {
    return machine.run();
  } catch (error) {
    if (!(error instanceof Refused || error instanceof RangeError)) throw error;
    const why = error instanceof Refused ? error.message : 'it ends too early';
    throw new UserError({
      file,
      message: `holds a pickle that is not read: ${why} (byte ${machine.position})`,
    });
  }
}

type Opcode = (machine: Machine) => void;

class Machine {
  position = 0;
  readonly #bytes: Buffer;
  readonly #stack: Pickled[] = [];
  /** Heights of the stack at which a group of values begins. */
  readonly #marks: number[] = [];
  readonly #memo = new Map<number, Pickled>();

  constructor(bytes: Uint8Array) {
    this.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  }

  run(): Pickled {
    for (;;) {
      const code = this.#bytes.readUInt8(this.position++);
      const char = String.fromCharCode(code);
      if (char === '.') return this.pop();
      const run = OPCODES.get(char);
      if (run === undefined)
        throw new Refused(`opcode 0x${code.toString(16)} is none that torch.save writes for tensors`);
      run(this);
    }
  }

  push(value: Pickled): void {
    this.#stack.push(value);
  }

  pop(): Pickled {
    const value = this.#stack.pop();
    if (value === undefined || this.#stack.length < (this.#marks.at(-1) ?? 0))
      throw new Refused('it takes what it has not made');
    return value;
  }

  mark(): void {
    this.#marks.push(this.#stack.length);
  }

  popMarked(): Pickled[] {
    const from = this.#marks.pop();
    if (from === undefined) throw new Refused('a group has no beginning');
    return this.#stack.splice(from);
  }

  /** What is on top, and stays there. */
  top(): Pickled {
    const value = this.pop();
    this.push(value);
    return value;
  }

  number(read: 'readUInt8' | 'readUInt16LE' | 'readInt32LE' | 'readUInt32LE' | 'readDoubleBE'): number {
    const value = this.#bytes[read](this.position);
    this.position += WIDTHS[read];
    return value;
  }

  text(length: number): string {
    const end = this.position + length;
    if (end > this.#bytes.length) throw new Refused('a text is longer than the file');
    const value = this.#bytes.toString('utf8', this.position, end);
    this.position = end;
    return value;
  }

  line(): string {
    const end = this.#bytes.indexOf(0x0a, this.position);
    if (end < 0) throw new Refused('a name does not end');
    const value = this.#bytes.toString('utf8', this.position, end);
    this.position = end + 1;
    return value;
  }

  remember(key: number): void {
    this.#memo.set(key, this.top());
  }

  recall(key: number): void {
    const value = this.#memo.get(key);
    if (value === undefined) throw new Refused(`it recalls ${key}, which it never kept`);
    this.push(value);
  }

  setItems(items: readonly Pickled[]): void {
    const into = this.top();
    if (!(into instanceof Map) || items.length % 2 !== 0)
      throw new Refused('pairs are put into no dictionary');
    for (let i = 0; i < items.length; i += 2) into.set(items[i]!, items[i + 1]!);
  }

  append(items: readonly Pickled[]): void {
    const into = this.top();
    if (!Array.isArray(into)) throw new Refused('values are put into no list');
    for (const item of items) into.push(item);
  }
}

const WIDTHS = { readUInt8: 1, readUInt16LE: 2, readInt32LE: 4, readUInt32LE: 4, readDoubleBE: 8 };

/** Protocol of torch.save. */
const PROTOCOL = 2;

const OPCODES: ReadonlyMap<string, Opcode> = new Map<string, Opcode>([
  ['\x80', (m) => requireProtocol(m.number('readUInt8'))],
  ['}', (m) => m.push(new Map())],
  [']', (m) => m.push([])],
  [')', (m) => m.push([])],
  ['(', (m) => m.mark()],
  ['N', (m) => m.push(null)],
  ['\x88', (m) => m.push(true)],
  ['\x89', (m) => m.push(false)],
  ['K', (m) => m.push(m.number('readUInt8'))],
  ['M', (m) => m.push(m.number('readUInt16LE'))],
  ['J', (m) => m.push(m.number('readInt32LE'))],
  ['G', (m) => m.push(m.number('readDoubleBE'))],
  ['X', (m) => m.push(m.text(m.number('readUInt32LE')))],
  ['c', (m) => m.push(new PickledName(`${m.line()} ${m.line()}`))],
  ['q', (m) => m.remember(m.number('readUInt8'))],
  ['r', (m) => m.remember(m.number('readUInt32LE'))],
  ['h', (m) => m.recall(m.number('readUInt8'))],
  ['j', (m) => m.recall(m.number('readUInt32LE'))],
  ['t', (m) => m.push(m.popMarked())],
  ['\x85', (m) => m.push(last(m, 1))],
  ['\x86', (m) => m.push(last(m, 2))],
  ['\x87', (m) => m.push(last(m, 3))],
  ['s', (m) => m.setItems(last(m, 2))],
  ['u', (m) => m.setItems(m.popMarked())],
  ['a', (m) => m.append(last(m, 1))],
  ['e', (m) => m.append(m.popMarked())],
  ['Q', (m) => m.push(storage(m.pop()))],
  ['R', (m) => m.push(call(...(last(m, 2) as [Pickled, Pickled])))],
]);

function requireProtocol(protocol: number): void {
  if (protocol !== PROTOCOL)
    throw new Refused(`it is of protocol ${protocol}; torch.save writes ${PROTOCOL}`);
}

function last(machine: Machine, count: number): Pickled[] {
  return Array.from({ length: count }, () => machine.pop()).reverse();
}

/** A persistent id: ('storage', type, key, device, number of elements). */
function storage(id: Pickled): PickledStorage {
  if (Array.isArray(id)) {
    const [what, type, key] = id;
    if (what === 'storage' && type instanceof PickledName && typeof key === 'string')
      return new PickledStorage(type.name, key);
  }
  throw new Refused('it refers to what is no storage of numbers');
}

function call(called: Pickled, given: Pickled): Pickled {
  if (!(called instanceof PickledName) || !Array.isArray(given))
    throw new Refused('it calls what is no function');
  if (called.name === 'collections OrderedDict' && given.length === 0) return new Map();
  if (called.name === 'torch._utils _rebuild_tensor_v2') {
    const [from, offset, size, stride] = given;
    if (
      from instanceof PickledStorage &&
      typeof offset === 'number' &&
      Array.isArray(size) &&
      Array.isArray(stride)
    )
      return new PickledTensor(from, offset, size, stride);
  }
  // A torch.nn.Parameter: the tensor, and whether it is trained.
  if (called.name === 'torch._utils _rebuild_parameter' && given[0] instanceof PickledTensor) return given[0];
  throw new Refused(`it calls ${called.name.slice(0, 80).replace(' ', '.')}, which makes no tensor`);
}
