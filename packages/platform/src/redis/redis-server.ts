import { execFile } from "node:child_process";
import { promisify } from "node:util";
import { PlatformError } from "../errors.ts";
import type { ProcessSpec } from "../processes/supervised-process.ts";
import { isReadyRedis } from "./redis-probe.ts";

const run = promisify(execFile);

const PROGRAMS = ["redis-server", "valkey-server"] as const;
/** Redis 7.0, from which Valkey 7.2 and later descend. */
const MIN_MAJOR = 7;

/**
 * Runs the server behind a shell that ends it two seconds after this process. The services notice at once, and write
 * their last events meanwhile. The shell also has the server ignore SIGXFSZ: a limit on the size of files then is an error
 * that the server reports and survives, as it does a full disk. `$0` is the name of the shell, `$@` the server's command
 * line.
 */
const GUARD = `
trap '' XFSZ
exec 3<&0
"$@" </dev/null >&2 3<&- &
server=$!
echo "$server"
( read -r _ <&3; sleep 2; kill -TERM "$server" ) >/dev/null 2>&1 &
watcher=$!
exec 3<&-
wait "$server"
code=$?
kill "$watcher" 2>/dev/null
exit "$code"
`;

/**
 * The Redis or Valkey server on the PATH.
 * @throws PlatformError `redis_missing` where there is none from version 7.0 on, saying how to get one
 */
export async function findRedisServer(
  env: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const tooOld: string[] = [];
  for (const program of PROGRAMS) {
    const version = await versionOf(program, env);
    if (version === undefined) continue;
    if (Number.parseInt(version, 10) >= MIN_MAJOR) return program;
    tooOld.push(`${program} is version ${version}`);
  }
  const found =
    tooOld.length === 0
      ? "neither redis-server nor valkey-server is on the PATH"
      : tooOld.join(", ");
  throw new PlatformError(
    "redis_missing",
    `Redis 7.0 or later, or Valkey, is needed: ${found}. Install it (Debian, Ubuntu: sudo apt-get install redis-server; macOS: brew install redis), or set REDIS_URL to one that runs`,
  );
}

async function versionOf(
  program: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<string | undefined> {
  try {
    const { stdout } = await run(program, ["--version"], { env, timeout: 10_000 });
    return /v=(\d+\.\d+\.\d+)/.exec(stdout)?.[1];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

const APPENDFSYNC = ["everysec", "always"] as const;

/**
 * TRIBUTARY_APPENDFSYNC: when the started Redis has its append-only file synced to disk, each second by default.
 * @throws PlatformError `usage` for anything else
 */
function appendFsync(env: Readonly<Record<string, string | undefined>>): string {
  const value = env["TRIBUTARY_APPENDFSYNC"]?.trim() || APPENDFSYNC[0];
  if (APPENDFSYNC.some((known) => known === value)) return value;
  throw new PlatformError(
    "usage",
    `TRIBUTARY_APPENDFSYNC: expected ${APPENDFSYNC.join(" or ")}, got ${JSON.stringify(value.slice(0, 64))}`,
  );
}

/**
 * How to run the server on a folder of its own: everything appended to a file, no snapshots.
 * @throws PlatformError `usage` as {@link appendFsync}
 */
export function redisSpec(options: {
  readonly program: string;
  readonly port: number;
  readonly dir: string;
  readonly logPath: string;
  readonly env: Readonly<Record<string, string | undefined>>;
}): ProcessSpec {
  const { program, port, dir, logPath, env } = options;
  const settings = {
    port: String(port),
    bind: "127.0.0.1",
    dir,
    appendonly: "yes",
    appendfsync: appendFsync(env),
    save: "",
    // A rewritten file holds the same packed blocks: compressing them would gain little for much of a core.
    rdbcompression: "no",
    // A rewrite writes all that Redis holds, and copies every page that changes meanwhile. It takes most of a core for
    // seconds, and a busy platform appends 256 MB in three.
    "auto-aof-rewrite-min-size": "4gb",
    daemonize: "no",
  };
  const flags = Object.entries(settings).flatMap(([name, value]) => [`--${name}`, value]);
  return {
    name: "redis",
    command: "/bin/sh",
    args: ["-c", GUARD, "sh", program, ...flags],
    env: () => env,
    logPath,
    lifeline: "stdin",
    isReady: async (pid) => isReadyRedis(port, pid),
  };
}
