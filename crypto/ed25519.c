/* SPDX-License-Identifier: Apache-2.0
 * Small rather than fast: field elements are eight 32-bit words modulo 2^256 - 38, twice the prime
 * 2^255 - 19; one complete addition law serves for doubling too. */
#include "crypto/ed25519.h"

#include <string.h>

typedef struct field {
    uint32_t w[8]; /* little end first; any number below 2^256 stands for itself mod p */
} field;

typedef struct point {
    field x, y, z, t; /* x/z, y/z, t = xy/z */
} point;

static const field ZERO = {{0}}, ONE = {{1}};
/* d = -121665/121666, its double, and a root of -1, modulo p. */
static const field D = {{0x135978a3, 0x75eb4dca, 0x4141d8ab, 0x00700a4d, 0x7779e898, 0x8cc74079,
                         0x2b6ffe73, 0x52036cee}};
static const field ROOT = {{0x4a0ea0b0, 0xc4ee1b27, 0xad2fe478, 0x2f431806, 0x3dfbd7a7, 0x2b4d0099,
                            0x4fc1df0b, 0x2b832480}};
/* The base point: y = 4/5, x even. */
static const field BASE_X = {{0x8f25d51a, 0xc9562d60, 0x9525a7b2, 0x692cc760, 0xfdd6dc5c,
                              0xc0a4e231, 0xcd6e53fe, 0x216936d3}};
static const field BASE_Y = {{0x66666658, 0x66666666, 0x66666666, 0x66666666, 0x66666666,
                              0x66666666, 0x66666666, 0x66666666}};
/* Order of the base point, little end first. */
static const uint32_t ORDER[8] = {0x5cf5d3ed, 0x5812631a, 0xa2f79cd6, 0x14def9de,
                                  0,          0,          0,          0x10000000};

/* ---- The field ---- */

/* Adds 38 for each 2^256 that went over. */
static void fold(field *a, uint64_t over) {
    while (over != 0) {
        uint64_t c = over * 38;
        for (unsigned i = 0; i < 8; i++) {
            c += a->w[i];
            a->w[i] = (uint32_t)c;
            c >>= 32;
        }
        over = c;
    }
}

static field add(const field *a, const field *b) {
    field r;
    uint64_t c = 0;
    for (unsigned i = 0; i < 8; i++) {
        c += (uint64_t)a->w[i] + b->w[i];
        r.w[i] = (uint32_t)c;
        c >>= 32;
    }
    fold(&r, c);
    return r;
}

static field sub(const field *a, const field *b) {
    field r;
    int64_t c = 0;
    for (unsigned i = 0; i < 8; i++) {
        c += (int64_t)a->w[i] - b->w[i];
        r.w[i] = (uint32_t)c;
        c >>= 32;
    }
    while (c < 0) { /* borrowed 2^256: take 38 away */
        int64_t under = -38;
        for (unsigned i = 0; i < 8; i++) {
            under += r.w[i];
            r.w[i] = (uint32_t)under;
            under >>= 32;
        }
        c = under;
    }
    return r;
}

static field mul(const field *a, const field *b) {
    uint32_t wide[16] = {0};
    for (unsigned i = 0; i < 8; i++) {
        uint64_t c = 0;
        for (unsigned k = 0; k < 8; k++) {
            c += (uint64_t)a->w[i] * b->w[k] + wide[i + k];
            wide[i + k] = (uint32_t)c;
            c >>= 32;
        }
        wide[i + 8] = (uint32_t)c;
    }
    field r;
    uint64_t c = 0;
    for (unsigned i = 0; i < 8; i++) {
        c += (uint64_t)wide[i + 8] * 38 + wide[i];
        r.w[i] = (uint32_t)c;
        c >>= 32;
    }
    fold(&r, c);
    return r;
}

/* The number itself, 0 .. p - 1. */
static field whole(const field *a) {
    field r = *a;
    for (unsigned turn = 0; turn < 2; turn++) { /* the bit 2^255 is worth 19 */
        uint64_t c = (uint64_t)(r.w[7] >> 31) * 19;
        r.w[7] &= 0x7FFFFFFF;
        for (unsigned i = 0; i < 8; i++) {
            c += r.w[i];
            r.w[i] = (uint32_t)c;
            c >>= 32;
        }
    }
    field less; /* r - p = r + 19 - 2^255 */
    uint64_t c = 19;
    for (unsigned i = 0; i < 8; i++) {
        c += r.w[i];
        less.w[i] = (uint32_t)c;
        c >>= 32;
    }
    if (less.w[7] >> 31 == 0)
        return r;
    less.w[7] &= 0x7FFFFFFF;
    return less;
}

static bool equal(const field *a, const field *b) {
    field x = whole(a), y = whole(b);
    return memcmp(&x, &y, sizeof x) == 0;
}

/* a^(2^n - 1 over the exponent's bits): exponents here are all ones but for a low byte or so. */
static field power(const field *a, uint8_t low_byte, unsigned high_byte) {
    /* The exponent's bytes: high_byte, 30 times FF, low_byte. */
    field r = ONE;
    for (int bit = 255; bit >= 0; bit--) {
        unsigned byte = (unsigned)bit / 8;
        unsigned value = byte == 31 ? high_byte : byte == 0 ? low_byte : 0xFF;
        r = mul(&r, &r);
        if ((value >> (bit % 8) & 1) != 0)
            r = mul(&r, a);
    }
    return r;
}

/* ---- The curve ---- */

static point sum(const point *a, const point *b) {
    field u = sub(&a->y, &a->x), v = sub(&b->y, &b->x), p = mul(&u, &v);
    u = add(&a->y, &a->x);
    v = add(&b->y, &b->x);
    field q = mul(&u, &v);
    u = mul(&a->t, &b->t);
    u = mul(&u, &D);
    field c = add(&u, &u);
    u = mul(&a->z, &b->z);
    field d = add(&u, &u);
    field e = sub(&q, &p), f = sub(&d, &c), g = add(&d, &c), h = add(&q, &p);
    return (point){.x = mul(&e, &f), .y = mul(&g, &h), .z = mul(&f, &g), .t = mul(&e, &h)};
}

static field field_of(const uint8_t in[32]) {
    field r = {{0}};
    for (unsigned i = 0; i < 32; i++)
        r.w[i / 4] |= (uint32_t)in[i] << (i % 4 * 8);
    return r;
}

static void bytes_of(const field *a, uint8_t out[32]) {
    field r = whole(a);
    for (unsigned i = 0; i < 32; i++)
        out[i] = (uint8_t)(r.w[i / 4] >> (i % 4 * 8));
}

/* RFC 8032 section 5.1.3. */
static bool point_of(const uint8_t in[32], point *out) {
    field y = field_of(in);
    bool odd = y.w[7] >> 31 != 0;
    y.w[7] &= 0x7FFFFFFF;
    field same = whole(&y);
    if (memcmp(&same, &y, sizeof y) != 0)
        return false;
    field yy = mul(&y, &y), u = sub(&yy, &ONE), v = mul(&yy, &D);
    v = add(&v, &ONE);
    field v3 = mul(&v, &v);
    v3 = mul(&v3, &v);
    field uv7 = mul(&v3, &v3);
    uv7 = mul(&uv7, &v);
    uv7 = mul(&uv7, &u);
    field x = power(&uv7, 0xFD, 0x0F); /* (p - 5) / 8 = 2^252 - 3 */
    x = mul(&x, &v3);
    x = mul(&x, &u);
    field vxx = mul(&x, &x), minus = sub(&ZERO, &u);
    vxx = mul(&vxx, &v);
    if (equal(&vxx, &minus))
        x = mul(&x, &ROOT);
    else if (!equal(&vxx, &u))
        return false;
    field number = whole(&x);
    bool none = memcmp(&number, &ZERO, sizeof number) == 0;
    if (none && odd)
        return false;
    if (((number.w[0] & 1) != 0) != odd)
        x = sub(&ZERO, &x);
    *out = (point){.x = x, .y = y, .z = ONE, .t = mul(&x, &y)};
    return true;
}

static void encode(const point *a, uint8_t out[32]) {
    field inverse = power(&a->z, 0xEB, 0x7F); /* p - 2 = 2^255 - 21 */
    field x = mul(&a->x, &inverse), y = mul(&a->y, &inverse);
    bytes_of(&y, out);
    x = whole(&x);
    out[31] |= (uint8_t)((x.w[0] & 1) << 7);
}

/* ---- Scalars ---- */

static bool below_order(const uint32_t a[8]) {
    for (unsigned i = 8; i-- > 0;)
        if (a[i] != ORDER[i])
            return a[i] < ORDER[i];
    return false;
}

/* 64 bytes modulo the order, bit by bit. */
static void reduce(const uint8_t in[64], uint32_t out[8]) {
    memset(out, 0, 8 * sizeof out[0]);
    for (unsigned bit = 512; bit-- > 0;) {
        uint32_t carry = in[bit / 8] >> (bit % 8) & 1;
        for (unsigned i = 0; i < 8; i++) {
            uint32_t next = out[i] >> 31;
            out[i] = out[i] << 1 | carry;
            carry = next;
        }
        if (below_order(out))
            continue;
        int64_t c = 0;
        for (unsigned i = 0; i < 8; i++) {
            c += (int64_t)out[i] - ORDER[i];
            out[i] = (uint32_t)c;
            c >>= 32;
        }
    }
}

mw_status mw_ed25519_verify(const uint8_t key[MW_ED25519_KEY_BYTES], mw_slice message,
                            const uint8_t signature[MW_ED25519_SIGNATURE_BYTES]) {
    point a, b = {.x = BASE_X, .y = BASE_Y, .z = ONE, .t = mul(&BASE_X, &BASE_Y)};
    field s = field_of(signature + 32);
    if (!below_order(s.w) || !point_of(key, &a))
        return MW_AUTH;
    uint8_t digest[MW_SHA512_BYTES];
    uint32_t k[8];
    mw_sha512 hash;
    mw_sha512_init(&hash);
    mw_sha512_take(&hash, (mw_slice){signature, 32});
    mw_sha512_take(&hash, (mw_slice){key, MW_ED25519_KEY_BYTES});
    mw_sha512_take(&hash, message);
    mw_sha512_done(&hash, digest);
    reduce(digest, k);
    /* R = S B - k A, both products in one walk. */
    a.x = sub(&ZERO, &a.x);
    a.t = sub(&ZERO, &a.t);
    point both = sum(&a, &b), r = {.x = ZERO, .y = ONE, .z = ONE, .t = ZERO};
    for (unsigned bit = 253; bit-- > 0;) {
        bool in_s = (s.w[bit / 32] >> (bit % 32) & 1) != 0;
        bool in_k = (k[bit / 32] >> (bit % 32) & 1) != 0;
        r = sum(&r, &r);
        if (in_s || in_k)
            r = sum(&r, !in_k ? &b : !in_s ? &a : &both);
    }
    uint8_t encoded[32];
    encode(&r, encoded);
    return memcmp(encoded, signature, 32) == 0 ? MW_OK : MW_AUTH;
}
