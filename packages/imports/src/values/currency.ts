import { isCurrency } from "@tributary/protocol";

/** A currency as a file has it. */
export type Currency =
  | { readonly kind: "currency"; readonly code: string }
  /** A sign or word of several currencies: a mapping must choose. */
  | { readonly kind: "ambiguous"; readonly candidates: readonly string[] };

/** Signs and short forms, after Unicode CLDR's currency symbols of each country's own language. */
const SIGNS = {
  "€": "EUR",
  "£": "GBP",
  "₹": "INR",
  "₩": "KRW",
  "₽": "RUB",
  "₺": "TRY",
  "₴": "UAH",
  "₪": "ILS",
  "฿": "THB",
  "₫": "VND",
  "₦": "NGN",
  "₱": "PHP",
  "₸": "KZT",
  "₾": "GEL",
  "₡": "CRC",
  "₲": "PYG",
  us$: "USD",
  usd$: "USD",
  $us: "USD",
  ca$: "CAD",
  c$: "CAD",
  a$: "AUD",
  au$: "AUD",
  nz$: "NZD",
  hk$: "HKD",
  s$: "SGD",
  sg$: "SGD",
  nt$: "TWD",
  mx$: "MXN",
  r$: "BRL",
  "jp¥": "JPY",
  "cn¥": "CNY",
  円: "JPY",
  元: "CNY",
  zł: "PLN",
  zl: "PLN",
  kč: "CZK",
  ft: "HUF",
  lei: "RON",
  лв: "BGN",
  fr: "CHF",
  sfr: "CHF",
  franken: "CHF",
  euros: "EUR",
  rmb: "CNY",
} as const;
const SIGN_CODES = new Map<string, string>(Object.entries(SIGNS));

/** Signs and words of several currencies, the one of the most trade first. */
const AMBIGUOUS = {
  $: ["USD", "CAD", "AUD", "NZD", "SGD", "HKD", "MXN", "CLP", "COP", "ARS"],
  dollar: ["USD", "CAD", "AUD", "NZD", "SGD", "HKD"],
  dollars: ["USD", "CAD", "AUD", "NZD", "SGD", "HKD"],
  "¥": ["JPY", "CNY"],
  "￥": ["JPY", "CNY"],
  kr: ["SEK", "NOK", "DKK", "ISK"],
  krone: ["NOK", "DKK"],
  kroner: ["NOK", "DKK"],
  krona: ["SEK", "ISK"],
  kronor: ["SEK"],
  pound: ["GBP", "EGP"],
  pounds: ["GBP", "EGP"],
  franc: ["CHF", "XOF", "XAF"],
  peso: ["MXN", "ARS", "CLP", "COP", "PHP"],
  pesos: ["MXN", "ARS", "CLP", "COP", "PHP"],
  rs: ["INR", "PKR", "LKR", "NPR"],
} as const;
const CANDIDATES = new Map<string, readonly string[]>(Object.entries(AMBIGUOUS));

/** Languages whose names of currencies are known. */
const LANGUAGES = ["en", "de", "fr", "es", "it", "nl", "pt", "pl", "sv", "da", "nb"];

let names: ReadonlyMap<string, string> | undefined;

/**
 * Reads a currency: an ISO 4217 code in any case, a sign (`€`, `US$`), or a name in one of eleven languages. `$`, `¥`
 * and `kr` are of several currencies.
 * @returns undefined for anything else
 */
export function parseCurrency(text: string): Currency | undefined {
  const trimmed = text.trim();
  const code = trimmed.toUpperCase();
  if (isCurrency(code)) return { kind: "currency", code };
  const key = trimmed
    .toLowerCase()
    .replaceAll(/[.\s\u00a0]+/g, " ")
    .trim();
  const candidates = CANDIDATES.get(key);
  if (candidates !== undefined) {
    const [only] = candidates;
    return candidates.length === 1 && only !== undefined
      ? { kind: "currency", code: only }
      : { kind: "ambiguous", candidates };
  }
  names ??= currencyNames();
  const named = SIGN_CODES.get(key) ?? names.get(key);
  return named === undefined ? undefined : { kind: "currency", code: named };
}

/** Full names, from the runtime's Unicode data; a name that two currencies share is none. */
function currencyNames(): Map<string, string> {
  const found = new Map<string, string>();
  const shared = new Set<string>();
  for (const language of LANGUAGES) {
    const display = new Intl.DisplayNames(language, { type: "currency" });
    for (const code of Intl.supportedValuesOf("currency")) {
      const name = (display.of(code) ?? code).toLowerCase();
      const known = found.get(name);
      if (known !== undefined && known !== code) shared.add(name);
      found.set(name, code);
    }
  }
  for (const name of shared) found.delete(name);
  return found;
}
