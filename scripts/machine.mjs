/** Whether this machine can run Tributary at all. Looks, and changes nothing. */
import { existsSync, readdirSync } from "node:fs";

import { findOnPath, SetUpError } from "./command.mjs";

const NEEDED_NODE_MAJOR = 20;
const GNU_LOADERS = ["/lib64/ld-linux-x86-64.so.2", "/lib/ld-linux-aarch64.so.1"];

/**
 * @param {string} again the command to run again, for the sentence
 * @returns {string} what was found
 */
export function checkMachine(again) {
  const node = process.versions.node;
  if (Number.parseInt(node, 10) < NEEDED_NODE_MAJOR) {
    throw new SetUpError(
      `Node ${NEEDED_NODE_MAJOR} or later is needed and this is Node ${node}: install a newer Node and run \`${again}\` again.`,
    );
  }
  checkPlatform();
  if (findOnPath("npx") === undefined) {
    throw new SetUpError(
      `npm (with npx) is needed to install the packages and was not found: install npm and run \`${again}\` again.`,
    );
  }
  return `Node ${node} and npm`;
}

/** chDB, the warehouse, is a native library; its packages exist for these platforms only. */
function checkPlatform() {
  const { platform, arch } = process;
  if (platform === "win32") {
    throw new SetUpError(
      "Windows itself is not supported, because chDB has no build for it: run Tributary inside WSL 2.",
    );
  }
  if ((platform !== "linux" && platform !== "darwin") || (arch !== "x64" && arch !== "arm64")) {
    throw new SetUpError(
      `This platform (${platform} ${arch}) is not supported, because chDB has builds for Linux and macOS on x64 and arm64 only: run Tributary on one of those.`,
    );
  }
  if (platform === "linux" && isMusl()) {
    throw new SetUpError(
      "This Linux uses musl instead of glibc, for which chDB has no build: run Tributary on a Linux with glibc, such as Debian.",
    );
  }
}

function isMusl() {
  if (GNU_LOADERS.some((path) => existsSync(path))) return false;
  try {
    return readdirSync("/lib").some((name) => name.startsWith("ld-musl-"));
  } catch {
    return false;
  }
}
