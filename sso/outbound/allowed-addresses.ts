// Which addresses a request to a company's identity provider may connect to: public ones, and those of networks that
// the operator allows. An admin names the host, so without this an organization could make us read our own network,
// a cloud's metadata service (169.254.169.254) or a database's port. RFC 6890 and its registries.
import { BlockList, isIP, isIPv4 } from 'node:net';

/** IPv4 that leads anywhere but to the public internet. */
const NOT_PUBLIC_V4 = [
  '0.0.0.0/8', // this network
  '10.0.0.0/8',
  '100.64.0.0/10', // carrier-grade NAT; a cloud's metadata service too (100.100.100.200)
  '127.0.0.0/8',
  '168.63.129.16/32', // a cloud's own service under a public address
  '169.254.0.0/16', // link-local; metadata services
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24', // documentation
  '192.88.99.0/24', // 6to4 relays
  '192.168.0.0/16',
  '198.18.0.0/15', // benchmarks
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/4', // multicast
  '240.0.0.0/4', // reserved, and broadcast
];

/**
 * IPv6 hands out 2000::/3 to the public and keeps the rest: loopback, IPv4-mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96),
 * unique local (fc00::/7), link-local, multicast. Inside it, what carries an IPv4 address or leads nowhere.
 */
const PUBLIC_V6 = '2000::/3';
const NOT_PUBLIC_V6 = [
  '2001::/23', // Teredo, ORCHID and other protocols' own
  '2001:db8::/32', // documentation
  '2002::/16', // 6to4
  '3fff::/20',
];

const LOOPBACK = blockList(['127.0.0.0/8', '::1/128']);
const HIDDEN_V4 = blockList(NOT_PUBLIC_V4);
const HIDDEN_V6 = blockList(NOT_PUBLIC_V6);
const GIVEN_OUT_V6 = blockList([PUBLIC_V6]);

export type AllowedAddresses = {
  /** Networks that the operator allows beyond the public internet, as CIDR. */
  readonly networks: readonly string[];
  /** Hosts that name this machine literally (`isLoopbackHost`), for development only. */
  readonly loopback: boolean;
};

/**
 * Answers whether a host's address may be connected to.
 *
 * @returns (address, host): `address` as DNS gave it, `host` as it stands in the URL
 */
export function createAddressCheck(allowed: AllowedAddresses): (address: string, host: string) => boolean {
  const byOperator = blockList(allowed.networks);
  return (address, host) => {
    // an address with a zone (fe80::1%eth0) is local by its nature
    if (isIP(address) === 0 || address.includes('%')) return false;
    const family = isIPv4(address) ? 'ipv4' : 'ipv6';
    if (byOperator.check(address, family)) return true;
    // a name that somebody else's DNS points at this machine is no loopback host
    if (allowed.loopback && isLoopbackHost(host)) return LOOPBACK.check(address, family);
    if (family === 'ipv4') return !HIDDEN_V4.check(address, family);
    return GIVEN_OUT_V6.check(address, family) && !HIDDEN_V6.check(address, family);
  };
}

/** Whether a URL's hostname names this machine by itself, without DNS having a say. */
export function isLoopbackHost(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && LOOPBACK.check(hostname, 'ipv4');
}

/** Whether an address is https, or http to this machine where that is allowed (development). */
export function isSecureAddress(address: string, loopback: boolean): boolean {
  const url = URL.parse(address);
  return url?.protocol === 'https:' || (url?.protocol === 'http:' && loopback && isLoopbackHost(url.hostname));
}

function blockList(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks) {
    const [address = '', bits = ''] = network.split('/');
    list.addSubnet(address, Number(bits), isIPv4(address) ? 'ipv4' : 'ipv6');
  }
  return list;
}
