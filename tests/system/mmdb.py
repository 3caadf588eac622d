"""mmdb.py -- writes a small database in MaxMind's format (version 2.0):
networks, and what is said of each."""
import ipaddress
import struct

UINT16, UINT32, UINT64 = 5, 6, 9
MARK = b"\xab\xcd\xefMaxMind.com"


def encode(value):
    """Data section: text, double, unsigned numbers, maps and lists."""
    if isinstance(value, str):
        octets = value.encode()
        return control(2, len(octets)) + octets
    if isinstance(value, float):
        return control(3, 8) + struct.pack(">d", value)
    if isinstance(value, tuple):    # a kind, and a number
        octets = value[1].to_bytes(8, "big").lstrip(b"\0")
        return control(value[0], len(octets)) + octets
    if isinstance(value, dict):
        return control(7, len(value)) + b"".join(
            encode(k) + encode(v) for k, v in value.items())
    return control(11, len(value)) + b"".join(encode(v) for v in value)


def control(kind, size):
    assert size < 29
    if kind > 7:
        return bytes([size, kind - 7])
    return bytes([kind << 5 | size])


def bits_of(network):
    net = ipaddress.ip_network(network)
    bits = format(int(net.network_address), "0%db" % net.max_prefixlen)
    bits = bits[:net.prefixlen]
    return "0" * 96 + bits if net.version == 4 else bits


def build(networks, kind="Test-City"):
    """networks: {"192.0.2.0/24": {"country": {...}, "location": {...}}}"""
    nodes = [[None, None]]
    data, places = b"", {}
    for network, value in networks.items():
        at, bits = 0, bits_of(network)
        for bit in bits[:-1]:
            if nodes[at][int(bit)] is None:
                nodes.append([None, None])
                nodes[at][int(bit)] = len(nodes) - 1
            at = nodes[at][int(bit)]
        places[at, int(bits[-1])] = len(data)
        data += encode(value)
    count, tree = len(nodes), b""
    for i, node in enumerate(nodes):
        for side in (0, 1):
            if (i, side) in places:
                target = count + 16 + places[i, side]
            else:
                target = count if node[side] is None else node[side]
            tree += struct.pack(">I", target)
    return tree + b"\0" * 16 + data + MARK + encode({
        "binary_format_major_version": (UINT16, 2),
        "binary_format_minor_version": (UINT16, 0),
        "build_epoch": (UINT64, 1700000000), "database_type": kind,
        "description": {"en": "for tests"}, "ip_version": (UINT16, 6),
        "languages": ["en"], "node_count": (UINT32, count),
        "record_size": (UINT16, 32)})
