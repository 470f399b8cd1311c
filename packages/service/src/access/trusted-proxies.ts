import { isIP } from "node:net";
import { EnvironmentError } from "../environment.ts";

/** Longest network prefix, bits, by the version of the address. */
const BITS: Readonly<Record<number, number>> = { 4: 32, 6: 128 };

/**
 * Parses addresses and networks (`10.0.0.7`, `10.0.0.0/8`, `fd00::/8`) separated by commas.
 * @throws EnvironmentError
 */
export function parseProxies(variable: string, list: string): readonly string[] {
  const proxies = list.split(",").flatMap((part) => (part.trim() === "" ? [] : [part.trim()]));
  for (const proxy of proxies) {
    const [address = "", prefix, ...rest] = proxy.split("/");
    const bits = BITS[isIP(address)];
    const fits =
      prefix === undefined || (/^\d{1,3}$/.test(prefix) && Number(prefix) <= (bits ?? 0));
    if (bits !== undefined && fits && rest.length === 0) continue;
    throw new EnvironmentError(
      variable,
      `expected addresses or networks like 10.0.0.0/8 separated by commas, got ${JSON.stringify(proxy.slice(0, 64))}`,
    );
  }
  return proxies;
}
