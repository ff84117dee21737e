/** The facts about this machine that explain how isogloss runs on it; what a bug report needs. */
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import os from 'node:os';
import { join } from 'node:path';
import { startBackend } from '../backend/index.ts';
import { addonStatus } from '../backend/setup/index.ts';
import { packageRoot, workRoot } from '../paths.ts';
import { bytes } from './format.ts';

/** CPU flags that decide which kernels are fast. */
const FEATURES = [
  'avx2',
  'fma',
  'f16c',
  'avx512f',
  'avx512_bf16',
  'avx_vnni',
  'amx_tile',
  'amx_bf16',
  'asimd',
  'bf16',
  'sve',
];

/** Labels and what stands behind them. Starts the backend, as only that shows that it works. */
export async function environment(): Promise<[label: string, text: string][]> {
  const rows: [string, string][] = [
    ['isogloss', `${version()} in ${packageRoot()}`],
    ['node', `${process.version}, npm ${npmVersion()}`],
    [
      'system',
      `${os.type()} ${os.release()} ${os.arch()}, ${bytes(os.totalmem())} memory, ${bytes(os.freemem())} free`,
    ],
    ['cpu', `${os.cpus()[0]?.model.trim() ?? 'unknown'}, ${os.availableParallelism()} cores usable`],
    ['cpu features', cpuFeatures()],
  ];
  const addon = addonStatus();
  rows.push([
    'addon',
    addon.path ?? `${addon.state}: ${addon.reason}; \`isogloss setup\` builds it in ${workRoot()}`,
  ]);
  if (addon.torch) rows.push(['torch', `${addon.torch.version} in ${addon.torch.dir}`]);
  try {
    const warnings: string[] = [];
    const info = await startBackend({}, (text) => warnings.push(text));
    if (warnings.length > 0) rows.push(['warning', warnings.join('; ')]);
    rows.push(
      ['backend', `${info.name}: ${info.reason}`],
      ['device', gpu(info.device)],
      ['threads', String(info.threads)],
      ['kernels', `${info.cpu}, matrix products by ${info.matmul}`],
      ['compute', `${info.compute}: ${info.computeReason}`],
      ['storage', `${info.storage}: ${info.storageReason}`],
    );
  } catch (error) {
    rows.push(['backend', `none starts: ${(error as Error).message}`]);
  }
  return rows;
}

function version(): string {
  return (JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8')) as { version: string })
    .version;
}

function npmVersion(): string {
  const agent = /npm\/(\S+)/.exec(process.env.npm_config_user_agent ?? '')?.[1];
  if (agent) return agent;
  const result = spawnSync('npm', ['--version'], { encoding: 'utf8', shell: process.platform === 'win32' });
  return result.status === 0 ? result.stdout.trim() : 'not found';
}

function cpuFeatures(): string {
  try {
    const flags =
      /^(?:flags|Features)\s*:\s*(.*)$/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1]?.split(' ') ?? [];
    return FEATURES.filter((name) => flags.includes(name)).join(' ') || 'none of those that matter here';
  } catch {
    return `not known on ${process.platform}`;
  }
}

function gpu(device: string): string {
  if (!existsSync('/proc/driver/nvidia/version')) return device;
  return device === 'cpu'
    ? 'cpu (there is an NVIDIA driver, but this version computes on the CPU only)'
    : device;
}
