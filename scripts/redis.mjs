/** A Redis or Valkey server program on this machine: looks for one, and installs one if there is none. */
import { findOnPath, runToEnd, SetUpError } from "./command.mjs";
import { looksDiskFull } from "./packages.mjs";

const NEEDED_MAJOR = 7;
const SERVERS = ["redis-server", "valkey-server"];
const VERSION_TIMEOUT_MS = 10_000;
const INSTALL_TIMEOUT_MS = 15 * 60_000;
const TOO_OLD_TO_INSTALL = 3;

/** What a person types where set-up cannot install it. Some systems have replaced Redis by Valkey. */
const BY_HAND = [
  ["apt-get", "sudo apt-get install redis-server"],
  ["dnf", "sudo dnf install valkey"],
  ["yum", "sudo yum install redis"],
  ["pacman", "sudo pacman -S valkey"],
  ["zypper", "sudo zypper install redis"],
  ["brew", "brew install redis"],
];

/**
 * Debian's package starts a server at once and at every boot. Tributary starts its own on its own
 * folder, so none is wanted: while the package is installed policy-rc.d forbids the start (a policy
 * that is there already is left as it is), and afterwards the service is switched off.
 * Every server that meets this script is new: it runs only where none was installed.
 */
const APT_SCRIPT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 1' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
apt-get update
chosen=
for package in redis-server valkey-server; do
  major=$(apt-cache policy "$package" | sed -n 's/^ *Candidate: *\\([0-9]*:\\)\\{0,1\\}\\([0-9]*\\).*/\\2/p')
  if [ -n "$major" ] && [ "$major" -ge ${NEEDED_MAJOR} ]; then chosen=$package; break; fi
done
if [ -z "$chosen" ]; then
  echo "No package redis-server or valkey-server of version ${NEEDED_MAJOR} or later is to be had here."
  exit ${TOO_OLD_TO_INSTALL}
fi
apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$chosen" || exit 1
if [ -d /run/systemd/system ]; then
  systemctl disable --now "$chosen.service"
elif command -v update-rc.d > /dev/null; then
  update-rc.d "$chosen" disable
fi
exit 0
`;

/**
 * @returns {Promise<{ path: string, version: string, recent: boolean } | undefined>} the first server
 *   that is recent enough, else one that is too old, else nothing
 */
export async function findRedis() {
  let tooOld;
  for (const name of SERVERS) {
    const path = findOnPath(name);
    if (path === undefined) continue;
    const { ok, output } = await runToEnd(path, ["--version"], { timeoutMs: VERSION_TIMEOUT_MS });
    const version = /\bv=(\d+\.\d+(?:\.\d+)?)/.exec(output)?.[1];
    if (!ok || version === undefined) continue;
    if (Number.parseInt(version, 10) >= NEEDED_MAJOR) return { path, version, recent: true };
    tooOld ??= { path, version, recent: false };
  }
  return tooOld;
}

/**
 * @param {{ path: string, version: string, recent: boolean } | undefined} found
 * @param {string} again the command to run again, for the sentence
 * @returns {Promise<{ path: string, version: string }>}
 */
export async function installRedis(found, again) {
  if (found !== undefined) {
    throw new SetUpError(
      `Redis ${NEEDED_MAJOR} or later is needed and ${found.path} is version ${found.version}: install a newer Redis or Valkey and run \`${again}\` again.`,
    );
  }
  const installer = await chooseInstaller();
  if (installer === undefined) throw new SetUpError(byHand(again));

  const result = await runToEnd(installer[0], installer.slice(1), {
    timeoutMs: INSTALL_TIMEOUT_MS,
  });
  const installed = await findRedis();
  if (installed?.recent === true) return installed;
  if (looksDiskFull(result.output)) {
    throw new SetUpError(
      `The disk is full: free some space for Redis and run \`${again}\` again.`,
      result.output,
    );
  }
  if (result.code === TOO_OLD_TO_INSTALL) {
    throw new SetUpError(
      `Redis ${NEEDED_MAJOR} or later is needed and this system's packages have none: install Redis or Valkey from another source and run \`${again}\` again.`,
      result.output,
    );
  }
  throw new SetUpError(byHand(again, "could not be installed"), result.output);
}

/** @returns {Promise<string[] | undefined>} the command that installs Redis without asking anything */
async function chooseInstaller() {
  if (process.platform === "darwin") {
    const brew = findOnPath("brew");
    return brew === undefined ? undefined : [brew, "install", "redis"];
  }
  if (findOnPath("apt-get") === undefined) return undefined;
  if (process.getuid?.() === 0) return ["/bin/sh", "-c", APT_SCRIPT];
  const sudo = findOnPath("sudo");
  if (sudo === undefined) return undefined;
  const { ok } = await runToEnd(sudo, ["-n", "true"], { timeoutMs: VERSION_TIMEOUT_MS });
  return ok ? [sudo, "-n", "/bin/sh", "-c", APT_SCRIPT] : undefined;
}

function byHand(again, what = "was not found") {
  const command = BY_HAND.find(([manager]) => findOnPath(manager) !== undefined)?.[1];
  const how =
    command === undefined
      ? "install it (or Valkey) with the system's package manager"
      : `install it with \`${command}\``;
  return `Redis ${NEEDED_MAJOR} or later is needed and ${what}: ${how} and run \`${again}\` again.`;
}
