import { partitionOf } from "@tributary/protocol";

/** Whether a user key's partition is the one that is kept for passers-by: the last of several. */
export function isPassersByPartition(tenant: string, userKey: string, partitions: number): boolean {
  return partitions > 1 && partitionOf(tenant, userKey, partitions) === partitions - 1;
}

/** A user key made of a name, in a partition that is not kept for passers-by. */
export function keyElsewhere(tenant: string, name: string, partitions: number): string {
  let key = name;
  while (isPassersByPartition(tenant, key, partitions)) key += "x";
  return key;
}
