/** The programs that check: where they are, and how to get them. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const cache = join(process.env.XDG_CACHE_HOME ?? join(homedir(), ".cache"), "tributary-deploy");
const bin = join(cache, "bin");
const tools = fileURLToPath(new URL("../tools", import.meta.url));
const jaegerTools = fileURLToPath(new URL("../tools/jaeger", import.meta.url));
const LIMIT_MS = 5 * 60_000;
/** Jaeger takes five to six minutes on two cores where nothing of it was built before. */
const JAEGER_LIMIT_MS = 12 * 60_000;

/** @returns {string | undefined} path of a program, from the cache or from PATH */
export function find(program) {
  const folders = [
    bin,
    join(cache, "venv/bin"),
    ...(process.env.PATH ?? "").split(delimiter),
    "/usr/sbin",
  ];
  return folders.map((folder) => join(folder, program)).find(existsSync);
}

/** @returns {{ ok: boolean, output: string }} */
export function run(path, args, { cwd, env, input, timeoutMs = LIMIT_MS } = {}) {
  const result = spawnSync(path, args, {
    cwd,
    input,
    encoding: "utf8",
    timeout: timeoutMs,
    maxBuffer: 1 << 26,
    env: { ...process.env, ...env },
  });
  const output = `${result.stdout ?? ""}${result.stderr ?? ""}${result.error?.message ?? ""}`;
  return { ok: result.status === 0, output };
}

// Debian's packages start servers at once: policy-rc.d forbids it, and they are switched off afterwards.
const APT = `
policy=/usr/sbin/policy-rc.d
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  printf '#!/bin/sh\\nexit 101\\n' > "$policy" && chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
set -- prometheus prometheus-alertmanager prometheus-node-exporter prometheus-blackbox-exporter haproxy
apt-get update && apt-get install --yes --no-install-recommends -o DPkg::Lock::Timeout=120 "$@" || exit 1
for service; do
  if [ -d /run/systemd/system ]; then systemctl disable --now "$service.service"
  elif command -v update-rc.d > /dev/null; then update-rc.d "$service" disable; fi
done
exit 0
`;

/** Installs what is absent: by apt (as root), Go (pinned in deploy/tools/go.mod) and Python. What fails is said, and skips later. */
export function install(say) {
  mkdirSync(bin, { recursive: true });
  const step = stepper(say);
  installDebian(step, say);
  if (find("go") === undefined) say("helm, compose-check: not installed, which takes Go");
  else {
    if (!find("helm"))
      step("helm", find("go"), ["build", "-o", join(bin, "helm"), "helm.sh/helm/v3/cmd/helm"], {
        cwd: tools,
      });
    if (!find("compose-check"))
      step(
        "compose-check",
        find("go"),
        ["build", "-o", join(bin, "compose-check"), "./compose-check"],
        { cwd: tools },
      );
  }
  if (!find("kubernetes-validate")) {
    const venv = join(cache, "venv");
    step("kubernetes-validate", "/bin/sh", [
      "-c",
      `python3 -m venv "${venv}" && "${venv}/bin/pip" install -q kubernetes-validate==1.37.0`,
    ]);
  }
}

/** What Debian has: for CI, where it is quick. */
function installDebian(step, say) {
  const programs = ["promtool", "amtool", "haproxy", "prometheus", "prometheus-node-exporter"];
  if (programs.every((name) => find(name) !== undefined)) return;
  const apt = find("apt-get");
  if (process.getuid?.() === 0 && apt !== undefined) {
    step("Prometheus, Alertmanager, HAProxy", "/bin/sh", ["-c", APT]);
  } else {
    say("Prometheus, Alertmanager, HAProxy: not installed, which takes root and apt-get");
  }
}

function stepper(say) {
  return (what, path, args, options) => {
    const { ok, output } = run(path, args, options);
    const why = output.trim().split("\n").slice(-2).join(" ");
    say(`${what}: ${ok ? "installed" : `failed: ${why}`}`);
  };
}

/** Jaeger, for the test that follows a conversion's trace in one. */
function installJaeger(step, say) {
  if (find("jaeger") !== undefined) return;
  const go = find("go");
  if (go === undefined) {
    say("Jaeger: not installed, which takes Go");
    return;
  }
  mkdirSync(bin, { recursive: true });
  const module = "github.com/jaegertracing/jaeger/cmd/jaeger";
  step("Jaeger", go, ["build", "-o", join(bin, "jaeger"), module], {
    cwd: jaegerTools,
    timeoutMs: JAEGER_LIMIT_MS,
  });
}

// `node deploy/verify/programs.mjs`: what tests use, without what checks deploy/ alone.
if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const say = (line) => console.log(line);
  const step = stepper(say);
  installDebian(step, say);
  installJaeger(step, say);
}
