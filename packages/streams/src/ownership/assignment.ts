import { murmur3 } from "@tributary/protocol";

/**
 * Which member should own each partition: rendezvous hashing (D. Thaler and C. Ravishankar, 1998) with a bound on each
 * member's load of ⌈partitions / members⌉, so that the spread is even and a member that comes or goes moves little. Every
 * member computes the same from the same list.
 * @param members in any order @returns the owner of each partition; empty where there is no member
 */
export function assignPartitions(members: readonly string[], partitions: number): string[] {
  const owners: string[] = [];
  if (members.length === 0) return owners;
  const most = Math.ceil(partitions / members.length);
  const loads = new Map<string, number>();
  for (let partition = 0; partition < partitions; partition += 1) {
    const ranked = members
      .map((member) => ({ member, weight: weightOf(member, partition) }))
      .toSorted((a, b) => b.weight - a.weight || (a.member < b.member ? -1 : 1));
    const owner = ranked.find(({ member }) => (loads.get(member) ?? 0) < most)?.member ?? "";
    loads.set(owner, (loads.get(owner) ?? 0) + 1);
    owners.push(owner);
  }
  return owners;
}

function weightOf(member: string, partition: number): number {
  const bytes = Buffer.from(member, "utf8");
  return murmur3(bytes, 0, bytes.length, partition);
}
