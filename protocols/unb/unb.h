/* SPDX-License-Identifier: Apache-2.0
 *
 * The Meterworks UNB air interface: from payload bytes to symbols, and where everything is in a
 * frame. docs/spec/unb.md is the specification; this folder ends at soft bits (no samples of a
 * channel, no clock, no heap).
 *
 *   frame  | sync 64 | 15 data | P | 15 data | P | ...  | 15 data | P | 1, 2 or 4 data |
 *
 *            payload  coded bits  pilots  symbols   50 Bd     400 Bd   3200 Bd
 *   size S   13 bytes     256       17      337     6.74 s   0.843 s   0.105 s
 *   size M   29 bytes     512       34      610    12.20 s   1.525 s   0.191 s
 *   size L   61 bytes    1024       68     1156    not used  2.890 s   0.361 s
 *
 * All sizes begin with the same sync word; the size is told by which of three pilot sequences
 * follows. Symbol bit 0 is carrier phase 0 (amplitude +1), bit 1 is phase 180 degrees (-1).
 */
#ifndef MW_PROTOCOLS_UNB_UNB_H
#define MW_PROTOCOLS_UNB_UNB_H

#include "base/bytes.h"
#include "base/time.h"
#include "base/units.h"

/* Symbol rates, 8 times apart. */
typedef enum mw_unb_rate {
    MW_UNB_R0, /*   50 Bd */
    MW_UNB_R1, /*  400 Bd */
    MW_UNB_R2, /* 3200 Bd */
    MW_UNB_RATE_COUNT
} mw_unb_rate;

typedef enum mw_unb_size { MW_UNB_S, MW_UNB_M, MW_UNB_L, MW_UNB_SIZE_COUNT } mw_unb_size;

#define MW_UNB_SYNC_SYMBOLS           64
#define MW_UNB_PILOT_STEP             16 /* the last symbol of each 16 after the sync word is a pilot */
#define MW_UNB_GROUP_DATA             15 /* data symbols before each pilot */
#define MW_UNB_CRC_BYTES              3
#define MW_UNB_PAYLOAD_S              13
#define MW_UNB_PAYLOAD_M              29
#define MW_UNB_PAYLOAD_L              61
#define MW_UNB_PAYLOAD_MAX            61
#define MW_UNB_INFO_BITS_MAX          512
#define MW_UNB_CODE_BITS_MAX          1024
#define MW_UNB_PILOTS_MIN             17 /* every size has these first ones: enough to tell the size */
#define MW_UNB_PILOTS_MAX             68
#define MW_UNB_SYMBOLS_MAX            1156
#define MW_UNB_COPIES_MAX             3 /* bit-identical transmissions of one frame */
#define MW_UNB_SYMBOLS_TO_LAST_COMMON (MW_UNB_SYNC_SYMBOLS + MW_UNB_PILOT_STEP * MW_UNB_PILOTS_MIN)

/* Symbols per second. */
uint32_t mw_unb_rate_bd(mw_unb_rate rate);
/* "R0", "R1", "R2" and "S", "M", "L": names on every interface. */
const char *mw_unb_rate_name(mw_unb_rate rate);
const char *mw_unb_size_name(mw_unb_size size);
/* MW_NOT_FOUND for another text. */
MW_NODISCARD mw_status mw_unb_rate_of_name(mw_slice text, mw_unb_rate *out_rate);
MW_NODISCARD mw_status mw_unb_size_of_name(mw_slice text, mw_unb_size *out_size);
/* Size L is not sent at R0: it would last 23 s. */
bool mw_unb_allowed(mw_unb_rate rate, mw_unb_size size);
/* The smallest size whose payload holds n bytes; MW_RANGE above 61. */
MW_NODISCARD mw_status mw_unb_size_for(size_t n, mw_unb_size *out_size);

typedef struct mw_unb_layout {
    uint16_t payload_bytes; /* 13, 29, 61                                    */
    uint16_t info_bits;     /* payload and CRC24: 128, 256, 512              */
    uint16_t code_bits;     /* after the polar code: 256, 512, 1024          */
    uint16_t pilots;        /* 17, 34, 68                                    */
    uint16_t symbols;       /* of the whole frame: 337, 610, 1156            */
} mw_unb_layout;

const mw_unb_layout *mw_unb_layout_of(mw_unb_size size);

/* The sync word; the most significant bit is sent first. */
uint64_t mw_unb_sync_word(void);
/* Bit of sync symbol i, 0 <= i < 64. */
unsigned mw_unb_sync_bit(unsigned i);
/* Bit of pilot i of a size, 0 <= i < layout.pilots. */
unsigned mw_unb_pilot_bit(mw_unb_size size, unsigned i);
/* Index in the frame of pilot i: 79 + 16 i, the same for all sizes. */
unsigned mw_unb_pilot_at(unsigned i);
/* Index in the frame of data symbol i (in order of sending), 0 <= i < layout.code_bits. */
unsigned mw_unb_data_at(unsigned i);
/* A code bit's place on the air: index in the frame of the symbol that carries bit i of the polar
 * codeword (permutation and pilots included), and the whitening bit that was XORed to it. */
unsigned mw_unb_code_at(mw_unb_size size, unsigned i);
unsigned mw_unb_code_whitening(mw_unb_size size, unsigned i);

/* One frame as symbols, packed, the first symbol in the most significant bit of bits[0]. */
typedef struct mw_unb_frame {
    uint16_t symbols; /* layout.symbols of its size */
    mw_unb_size size;
    uint8_t bits[(MW_UNB_SYMBOLS_MAX + 7) / 8];
} mw_unb_frame;

/* Builds the frame of a payload of exactly layout.payload_bytes; MW_RANGE for another length. The
 * padding of a shorter message is the upper protocol's. Copies of a frame are bit-identical. */
MW_NODISCARD mw_status mw_unb_frame_encode(mw_unb_size size, mw_slice payload,
                                           mw_unb_frame *out_frame);
/* Symbol bit i of a frame, 0 <= i < symbols. Amplitude is 1 - 2 * bit. */
static inline unsigned mw_unb_frame_bit(const mw_unb_frame *f, unsigned i) {
    return (unsigned)(f->bits[i / 8] >> (7 - i % 8)) & 1;
}
/* What a modulator that turns the phase on each 1 (DBPSK) must be given for symbol i: the phase
 * before the first symbol is taken as 0. */
static inline unsigned mw_unb_frame_turn(const mw_unb_frame *f, unsigned i) {
    return mw_unb_frame_bit(f, i) ^ (i > 0 ? mw_unb_frame_bit(f, i - 1) : 0);
}

/* Airtime of one copy, pulse tails included: (symbols + MW_UNB_PULSE_SPAN - 1) / rate. */
mw_dur mw_unb_airtime(mw_unb_rate rate, mw_unb_size size);

#endif
