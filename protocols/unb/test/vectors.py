# SPDX-License-Identifier: Apache-2.0
"""A second implementation of docs/spec/unb.md, written from its text: makes the golden vectors.

    python3 vectors.py > vectors.txt        write them
    python3 vectors.py --check vectors.txt  compare; exit status 1 when they differ

Nothing here is shared with the C code: polynomials are divided bit by bit, the polar transform is a
matrix product, the whitening sequence comes from its shift register.
"""
import sys

SIZES = {"S": (13, 8, 157), "M": (29, 9, 317), "L": (61, 10, 631)}
SYNC = 0x43E5CABC95646410
PILOTS = {"S": "D4C18", "M": "02B182280", "L": "BF32EF91CA5A79519"}
RATES = {"R0": 50, "R1": 400, "R2": 3200}
BANDS = {("eu868", 0): (865000000, 868000000), ("eu868", 1): (868000000, 868600000),
         ("eu868", 2): (869400000, 869650000), ("eu434", 0): (433050000, 434040000),
         ("demo", 0): (868000000, 868200000)}
HOPS = [((197, 80), (234, 284)), ((115, 344), (34, 372)), ((135, 448), (47, 380)),
        ((145, 324), (121, 264)), ((74, 92), (188, 320)), ((209, 464), (19, 120)),
        ((28, 348), (126, 100)), ((143, 200), (202, 488)), ((205, 452), (169, 288)),
        ((96, 72), (61, 468)), ((38, 152), (161, 164)), ((141, 396), (184, 336)),
        ((165, 232), (217, 332)), ((158, 136), (108, 64)), ((190, 244), (73, 444)),
        ((146, 292), (77, 508))]


def bits_of(data):
    return [b >> (7 - i) & 1 for b in data for i in range(8)]


def crc24(bits):
    """Remainder of bits * x^24 by x^24+x^23+x^21+x^20+x^17+x^15+x^13+x^12+x^8+x^4+x^2+x+1."""
    powers = (24, 23, 21, 20, 17, 15, 13, 12, 8, 4, 2, 1, 0)
    work = list(bits) + [0] * 24
    for i in range(len(bits)):
        if work[i]:
            for p in powers:
                work[i + 24 - p] ^= 1
    return work[-24:]


def information_set(m, k):
    weight = [sum(2 ** (j / 4) for j in range(m) if i >> j & 1) for i in range(2 ** m)]
    best = sorted(range(2 ** m), key=lambda i: weight[i], reverse=True)[:k]
    return sorted(best)


def polar(u):
    """x_j = sum over all i that contain the ones of j."""
    n = len(u)
    ones = [i for i in range(n) if u[i]]
    return [sum(1 for i in ones if i & j == j) & 1 for j in range(n)]


def whitening(count):
    state, out = [1] * 9, []
    for _ in range(count):
        out.append(state[8])
        state = [state[8] ^ state[4]] + state[:8]
    return out


def permute(i, m, step):
    for _ in range(2):
        i ^= i >> (m // 2)
        i = i * step % 2 ** m
    return i


def frame(size, payload):
    length, m, step = SIZES[size]
    assert len(payload) == length
    info = bits_of(payload)
    info += [a ^ b for a, b in zip(crc24(info), bits_of(bytes([0x55, 0x4E, 0x42])))]
    n = 2 ** m
    u = [0] * n
    for i, bit in zip(information_set(m, n // 2), info):
        u[i] = bit
    data = [0] * n
    for i, bit in enumerate(polar(u)):
        data[permute(i, m, step)] = bit
    data = [a ^ b for a, b in zip(data, whitening(n))]
    pilots = bits_of(bytes.fromhex(PILOTS[size].ljust(18, "0")))
    symbols = [SYNC >> (63 - i) & 1 for i in range(64)]
    for i, bit in enumerate(data):
        symbols.append(bit)
        if i % 15 == 14:
            symbols.append(pilots[i // 15])
    return symbols


def hex_of(symbols):
    padded = symbols + [0] * (-len(symbols) % 8)
    return "".join("%02x" % int("".join(map(str, padded[i:i + 8])), 2)
                   for i in range(0, len(padded), 8))


def mix64(x):
    mask = 2 ** 64 - 1
    x = (x ^ x >> 30) * 0xBF58476D1CE4E5B9 & mask
    x = (x ^ x >> 27) * 0x94D049BB133111EB & mask
    return x ^ x >> 31


def usable(plan, band, rate):
    low, high = BANDS[plan, band]
    guard = -(-high * 20 // 1000000) + RATES[rate]
    return low + guard, high - low - 2 * guard


def slot(plan, band, rate, size, address, counter, copy):
    low, width = usable(plan, band, rate)
    key = (counter & 0xFFF) << 32 | address
    offset = (mix64(key) >> 32) * width >> 32
    row = HOPS[counter % 16]
    symbols = 2 ** SIZES[size][1]
    symbols += 64 + symbols // 15
    start = sum(symbols + row[i][1] for i in range(copy))
    if copy > 0:
        offset = (offset + row[copy - 1][0] * width // 256) % width
    return low + offset, start


def answer(plan, band, rate, address, counter):
    low, width = usable(plan, band, rate)
    key = 1 << 63 | (counter & 0xFFF) << 32 | address
    return low + ((mix64(key) >> 32) * width >> 32)


def lines():
    yield "# SPDX-License-Identifier: Apache-2.0"
    yield "# Golden vectors of docs/spec/unb.md, made by vectors.py."
    yield "# frame SIZE PAYLOAD SYMBOLS (first symbol in the most significant bit, padded with 0)"
    for size, (length, _, _) in SIZES.items():
        for payload in (bytes(length), bytes(range(length)), b"\xff" * length,
                        bytes((i * i * 37 + 11 * i + 5) & 255 for i in range(length))):
            yield "frame %s %s %s" % (size, payload.hex(), hex_of(frame(size, payload)))
    yield "# slot PLAN BAND RATE SIZE ADDRESS COUNTER COPY CARRIER_HZ START_SYMBOL"
    for case in (("demo", 0, "R1", "M", 0x00001000, 0), ("demo", 0, "R1", "L", 0xFFFFFFFF, 4095),
                 ("eu868", 0, "R0", "S", 0x12345678, 1001), ("eu868", 1, "R2", "L", 1, 70007),
                 ("eu434", 0, "R0", "M", 0xDEADBEEF, 46)):
        for copy in range(3):
            yield "slot %s %d %s %s %08x %d %d %d %d" % (case + (copy,) + slot(*case, copy))
    yield "# answer PLAN BAND RATE ADDRESS COUNTER CARRIER_HZ"
    for case in (("eu868", 2, "R1", 0x00001000, 0), ("eu868", 2, "R0", 0x12345678, 1001)):
        yield "answer %s %d %s %08x %d %d" % (case + (answer(*case),))


if __name__ == "__main__":
    text = "".join(line + "\n" for line in lines())
    if sys.argv[1:2] == ["--check"]:
        with open(sys.argv[2]) as f:
            sys.exit(f.read() != text)
    sys.stdout.write(text)
