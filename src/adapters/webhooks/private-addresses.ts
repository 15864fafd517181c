import { BlockList } from "node:net";

/**
 * Everything that is not the public internet: the special-purpose registries of IANA (RFC 6890 and its
 * updates), multicast, and the prefixes of IPv6 in which an IPv4 address is hidden. The metadata
 * addresses of clouds lie in the link-local and unique local ranges. IPv4-mapped addresses are looked up
 * as IPv4 by Node itself.
 */
const IPV4 = [
  "0.0.0.0/8",
  "10.0.0.0/8",
  "100.64.0.0/10",
  "127.0.0.0/8",
  "169.254.0.0/16",
  "172.16.0.0/12",
  "192.0.0.0/24",
  "192.0.2.0/24",
  "192.88.99.0/24",
  "192.168.0.0/16",
  "198.18.0.0/15",
  "198.51.100.0/24",
  "203.0.113.0/24",
  "224.0.0.0/4",
  "240.0.0.0/4",
  // The host address of Azure's virtual machines, public in form only.
  "168.63.129.16/32",
] as const;

const IPV6 = [
  // Unspecified, loopback and the deprecated IPv4-compatible addresses.
  "::/96",
  "64:ff9b::/96",
  "64:ff9b:1::/48",
  "100::/64",
  "2001::/23",
  "2001:db8::/32",
  "2002::/16",
  "3fff::/20",
  "5f00::/16",
  "fc00::/7",
  "fe80::/10",
  "fec0::/10",
  "ff00::/8",
] as const;

/** The addresses that a webhook may not reach. */
export function privateAddresses(): BlockList {
  const list = new BlockList();
  for (const [family, subnets] of [["ipv4", IPV4] as const, ["ipv6", IPV6] as const]) {
    for (const subnet of subnets) {
      const [net = "", prefix = ""] = subnet.split("/");
      list.addSubnet(net, Number(prefix), family);
    }
  }
  return list;
}
