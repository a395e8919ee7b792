/* SPDX-License-Identifier: Apache-2.0 */
#include "base/crc.h"

#include "base/assert.h"

uint32_t mw_crc_msb(mw_slice in, unsigned width, uint32_t polynomial, uint32_t init,
                    uint32_t xor_out) {
    mw_assert(width >= 8 && width <= 32);
    uint32_t top = UINT32_C(1) << (width - 1);
    uint32_t mask = top | (top - 1);
    uint32_t crc = init;
    for (size_t i = 0; i < in.n; i++) {
        crc ^= (uint32_t)in.p[i] << (width - 8);
        for (unsigned bit = 0; bit < 8; bit++)
            crc = (crc & top) != 0 ? crc << 1 ^ polynomial : crc << 1;
    }
    return (crc ^ xor_out) & mask;
}

uint32_t mw_crc24(mw_slice in) {
    return mw_crc_msb(in, 24, 0xB2B117, 0, 0);
}

/* A nibble at a time: 64 bytes of table for half the speed of a 1 KiB one. */
uint32_t mw_crc32_update(uint32_t crc, mw_slice in) {
    static const uint32_t table[16] = {
        0x00000000, 0x1DB71064, 0x3B6E20C8, 0x26D930AC, 0x76DC4190, 0x6B6B51F4,
        0x4DB26158, 0x5005713C, 0xEDB88320, 0xF00F9344, 0xD6D6A3E8, 0xCB61B38C,
        0x9B64C2B0, 0x86D3D2D4, 0xA00AE278, 0xBDBDF21C,
    };
    crc = ~crc;
    for (size_t i = 0; i < in.n; i++) {
        crc ^= in.p[i];
        crc = crc >> 4 ^ table[crc & 15];
        crc = crc >> 4 ^ table[crc & 15];
    }
    return ~crc;
}

uint32_t mw_crc32(mw_slice in) {
    return mw_crc32_update(0, in);
}

/* Eight steps of the polynomial at once: 0x8408 is x^16 + x^12 + x^5 + 1, so a byte of the
 * remainder spreads by shifts of 4 and 3, without a table. */
uint16_t mw_crc16_x25(mw_slice in) {
    unsigned crc = 0xFFFF;
    for (size_t i = 0; i < in.n; i++) {
        unsigned b = (crc ^ in.p[i]) & 0xFF;
        b ^= b << 4 & 0xFF;
        crc = crc >> 8 ^ b << 8 ^ b << 3 ^ b >> 4;
    }
    return (uint16_t)~crc;
}
