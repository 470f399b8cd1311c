/**
 * A small repository with the real scripts and a PATH of its own, whose programs are shell scripts
 * that log how they were called. So set-up runs as a real process on any kind of machine.
 */
import { type ChildProcess, spawn } from "node:child_process";
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const repository = resolve(import.meta.dirname, "../../..");

export interface Ended {
  code: number | null;
  stdout: string;
  stderr: string;
  elapsedMs: number;
}

export interface RunOptions {
  args?: string[];
  env?: NodeJS.ProcessEnv;
  /** JavaScript that runs before the script, to make its Node look like another machine's. */
  before?: string;
}

export class Sandbox {
  readonly folder = mkdtempSync(join(tmpdir(), "tributary-toolchain-"));
  readonly root = join(this.folder, "repository");
  readonly bin = join(this.folder, "bin");
  readonly #log = join(this.folder, "calls.log");

  constructor() {
    mkdirSync(this.bin);
    mkdirSync(this.root);
    cpSync(join(repository, "scripts"), join(this.root, "scripts"), { recursive: true });
    this.write("package.json", JSON.stringify({ type: "module", packageManager: "pnpm@1.2.3" }));
    this.write("pnpm-lock.yaml", "lockfileVersion: '9.0'\n");
    this.write("pnpm-workspace.yaml", "packages:\n  - packages/*\n");
  }

  write(path: string, text: string): void {
    const full = join(this.root, path);
    mkdirSync(resolve(full, ".."), { recursive: true });
    writeFileSync(full, text);
  }

  /** Puts a program on the PATH; the body is shell, and calls other programs by their full path. */
  program(name: string, body: string, folder = this.bin): void {
    mkdirSync(folder, { recursive: true });
    const path = join(folder, name);
    writeFileSync(path, `#!/bin/sh\necho "${name} $*" >> "${this.#log}"\n${body}\n`);
    chmodSync(path, 0o755);
  }

  /** An npx that "installs" as pnpm does: afterwards there is a Node in node_modules. */
  installingNpx(): void {
    const modules = join(this.root, "node_modules/.bin");
    const node = `printf '#!/bin/sh\\necho v24.0.0\\n' > "${modules}/node"`;
    this.program("npx", `/bin/mkdir -p "${modules}"\n${node}\n/bin/chmod +x "${modules}/node"`);
  }

  redis(version = "7.0.15", name = "redis-server"): void {
    this.program(name, `echo "Redis server v=${version} sha=00000000:0 malloc=libc bits=64"`);
  }

  /** The calls of the fake programs, in order. */
  get calls(): string[] {
    if (!existsSync(this.#log)) return [];
    return readFileSync(this.#log, "utf8").trimEnd().split("\n");
  }

  start(script: string, { args = [], env = {}, before }: RunOptions = {}): ChildProcess {
    const preload =
      before === undefined
        ? []
        : ["--import", `data:text/javascript,${encodeURIComponent(before)}`];
    return spawn(process.execPath, [...preload, join(this.root, "scripts", script), ...args], {
      cwd: this.root,
      env: { PATH: this.bin, HOME: this.folder, ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
  }

  run(script: string, options?: RunOptions): Promise<Ended> {
    return ended(this.start(script, options));
  }

  remove(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

export function ended(child: ChildProcess): Promise<Ended> {
  const startedAtMs = performance.now();
  const text = { stdout: "", stderr: "" };
  child.stdout?.on("data", (chunk: Buffer) => (text.stdout += chunk.toString()));
  child.stderr?.on("data", (chunk: Buffer) => (text.stderr += chunk.toString()));
  return new Promise((done, failed) => {
    child.on("error", failed);
    child.on("close", (code) =>
      done({ code, ...text, elapsedMs: performance.now() - startedAtMs }),
    );
  });
}
