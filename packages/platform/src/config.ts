/** What a platform's processes inherit where its caller gives no environment: this process's. */
export function inheritedEnvironment(): Readonly<Record<string, string | undefined>> {
  return process.env;
}
