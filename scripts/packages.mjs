/** The npm packages, and with them the Node that everything runs on, through the pinned pnpm. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync, readdirSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";

import { runToEnd, SetUpError } from "./command.mjs";

const RETRIES = {
  npm_config_fetch_retries: "3",
  npm_config_fetch_retry_mintimeout: "1000",
  npm_config_fetch_retry_maxtimeout: "4000",
};
const OFFLINE_AFTER_MS = 15_000;
const OFFLINE_FAILURES = 10;
const INSTALL_TIMEOUT_MS = 20 * 60_000;
/** Roughly what a first installation takes: the packages and pnpm's store of them. */
const NEEDED_DISK_GB = 2;
const DISK_FULL_BYTES = 64 * 1024 * 1024;

/**
 * What an installation depends on, as one hash: equal hashes need no second installation.
 *
 * @param {string} root of the repository
 */
function packagesFingerprint(root) {
  const hash = createHash("sha256");
  // Not the version of this Node: npm puts the one among the packages first on the PATH, so a second
  // run has another. And nothing that is installed depends on it.
  hash.update(`${process.platform} ${process.arch}\n`);
  const files = ["pnpm-lock.yaml", "pnpm-workspace.yaml", "package.json"];
  for (const name of workspaceFolders(root)) files.push(join("packages", name, "package.json"));
  for (const file of files) {
    const path = join(root, file);
    if (!existsSync(path)) continue;
    const content = readFileSync(path);
    hash.update(`${file} ${content.length}\n`).update(content);
  }
  return hash.digest("hex");
}

/** @param {string} root */
export function packagesAreUpToDate(root) {
  try {
    const stamp = JSON.parse(readFileSync(stampPath(root), "utf8"));
    return stamp.fingerprint === packagesFingerprint(root) && installedFoldersExist(root);
  } catch {
    return false;
  }
}

/**
 * Installs what pnpm-lock.yaml names, no more and no less.
 *
 * @param {string} root
 * @param {{ again: string, note: (text: string) => void }} options
 * @returns {Promise<string>} what was done
 */
export async function installPackages(root, { again, note }) {
  const pnpm = pinnedPnpm(root);
  // Offline, npm would try for more than a minute.
  const env = { ...RETRIES, ...process.env };
  // With NODE_ENV=production pnpm would leave out Node itself, a development dependency.
  delete env.NODE_ENV;
  const result = await runToEnd(
    "npx",
    [
      "--yes",
      pnpm,
      "install",
      "--frozen-lockfile",
      "--reporter=append-only",
      "--config.confirmModulesPurge=false",
    ],
    {
      cwd: root,
      env,
      // npx does not pass on a signal to pnpm.
      ownGroup: true,
      timeoutMs: INSTALL_TIMEOUT_MS,
      isHopeless: followInstall(note),
    },
  );
  if (!result.ok) throw new SetUpError(whyInstallFailed(result, root, pnpm, again), result.output);

  const version = await runToEnd(join(root, "node_modules", ".bin", "node"), ["--version"], {
    timeoutMs: 10_000,
  });
  if (!version.ok) {
    throw new SetUpError(
      `The packages are installed, but the Node among them does not run on this machine: delete node_modules and run \`${again}\` again.`,
      version.output,
    );
  }
  const stamp = { fingerprint: packagesFingerprint(root) };
  writeFileSync(stampPath(root), `${JSON.stringify(stamp, null, 2)}\n`);
  return `Packages installed, with Node ${version.output.trim().replace(/^v/, "")}`;
}

/** @param {string} output of npm or pnpm */
function looksOffline(output) {
  return /ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH|EHOSTUNREACH|ENETDOWN|ERR_SOCKET_TIMEOUT|META_FETCH_FAIL|dns error|error sending request|tcp connect error|network (?:is )?(?:unreachable|request|connectivity)|fetch failed/i.test(
    output,
  );
}

/** @param {string} output of any program */
export function looksDiskFull(output) {
  return /ENOSPC|no space left on device|not enough free space|disk quota exceeded|EDQUOT/i.test(
    output,
  );
}

function stampPath(root) {
  return join(root, "node_modules", ".tributary-setup.json");
}

function workspaceFolders(root) {
  const folder = join(root, "packages");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => existsSync(join(folder, name, "package.json")))
    .sort();
}

/** A deleted node_modules, the root's or a package's, is found by looking; it is a handful of calls. */
function installedFoldersExist(root) {
  if (!existsSync(join(root, "node_modules", ".bin", "node"))) return false;
  return workspaceFolders(root).every((name) => {
    const folder = join(root, "packages", name);
    const manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
    const needs = Object.keys({ ...manifest.dependencies, ...manifest.devDependencies });
    return needs.every((dependency) => existsSync(join(folder, "node_modules", dependency)));
  });
}

function pinnedPnpm(root) {
  return JSON.parse(readFileSync(join(root, "package.json"), "utf8")).packageManager;
}

/**
 * Follows what pnpm prints: shows how far it is, and finds it hopeless when many connections have
 * failed and nothing has come since. By itself pnpm would go on for many minutes.
 */
function followInstall(note) {
  let had = "";
  let failures = 0;
  let failingSinceMs = 0;
  return (text) => {
    const counts = [
      ...text.matchAll(/Progress: resolved (\d+), reused (\d+), downloaded (\d+)/g),
    ].at(-1);
    if (counts !== undefined && counts[0] !== had) {
      const [all, resolved, reused, downloaded] = counts;
      had = all;
      failures = 0;
      note(`${Number(reused) + Number(downloaded)} of ${resolved} packages`);
    }
    const failed = text.split("\n").filter(looksOffline).length;
    if (failures === 0) failingSinceMs = performance.now();
    failures += failed;
    const failingMs = performance.now() - failingSinceMs;
    return failures >= OFFLINE_FAILURES && failingMs > OFFLINE_AFTER_MS;
  };
}

function whyInstallFailed({ output, timedOut }, root, pnpm, again) {
  if (looksDiskFull(output) || diskIsFull(root)) {
    return `The disk is full: free about ${NEEDED_DISK_GB} GB for the packages and run \`${again}\` again.`;
  }
  if (timedOut) {
    return `Installing the packages took longer than ${INSTALL_TIMEOUT_MS / 60_000} minutes: check the network connection and run \`${again}\` again.`;
  }
  if (looksOffline(output)) {
    return `The npm registry could not be reached: check the network connection and npm's registry and proxy settings, and run \`${again}\` again.`;
  }
  if (/OUTDATED_LOCKFILE|LOCKFILE_CONFIG_MISMATCH|NO_LOCKFILE/.test(output)) {
    return `pnpm-lock.yaml does not match the package.json files: run \`npx ${pnpm} install\` to bring it up to date and run \`${again}\` again.`;
  }
  if (/EACCES|EPERM|EROFS|permission denied|read-only file system/i.test(output)) {
    return `A folder that npm or pnpm must write to belongs to someone else: give it back to this user (its path is below) and run \`${again}\` again.`;
  }
  return `The packages could not be installed: mend what npm or pnpm says below and run \`${again}\` again.`;
}

function diskIsFull(root) {
  const { bavail, bsize } = statfsSync(root);
  return bavail * bsize < DISK_FULL_BYTES;
}
