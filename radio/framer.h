/* SPDX-License-Identifier: Apache-2.0
 *
 * Framers: what the engine must know of a kind of frame to find and to read it. One table for the
 * networks that a station hears beside its own; all are differential BPSK with a known word at the
 * beginning, so that they share one detector, one extraction and one soft demodulator:
 *
 *   turns of the sync word -> detect -> extract -> carrier fit -> soft bits -> read
 *
 * A framer is pure and constant; what it needs while decoding lies in mw_framer_tools.
 */
#ifndef MW_RADIO_FRAMER_H
#define MW_RADIO_FRAMER_H

#include "base/units.h"
#include "protocols/nbfi/nbfi.h"
#include "protocols/openunb/openunb.h"
#include "protocols/sigfox/sigfox.h"

typedef enum mw_radio_kind {
    MW_RADIO_UNB = 0, /* our own air interface */
    MW_RADIO_SIGFOX,
    MW_RADIO_NBFI,
    MW_RADIO_OPENUNB,
    MW_RADIO_KIND_COUNT
} mw_radio_kind;

/* Which network to listen for, at one symbol rate, in which part of the band. */
typedef struct mw_radio_network {
    mw_radio_kind kind; /* not MW_RADIO_UNB */
    uint16_t baud;      /* one of the framer's */
    mw_freq low, high;  /* carriers; both 0 = wherever the receiver listens */
} mw_radio_network;

#define MW_RADIO_NETWORKS_MAX 12

#define MW_FRAMER_RATES_MAX   4
#define MW_FRAMER_SYNC        32 /* sync symbols; 31 turns between them */
#define MW_FRAMER_WORDS_MAX   16
#define MW_FRAMER_BITS_MAX    256 /* soft bits after the sync word */
#define MW_FRAMER_PAYLOAD_MAX 24

/* One of the words that a frame may begin with, and how many bits follow it. */
typedef struct mw_framer_word {
    uint32_t bits;  /* first sent in the most significant bit */
    uint16_t after; /* bits of the longest frame with this word */
} mw_framer_word;

/* What was read. */
typedef struct mw_framer_result {
    uint8_t payload[MW_FRAMER_PAYLOAD_MAX]; /* decoded bytes as the network defines them */
    uint8_t payload_bytes;
    uint8_t identity_bytes; /* 3 or 4 */
    uint32_t identity;
    int32_t counter;                       /* -1: the frame has none in clear */
    uint16_t symbols;                      /* coded bits */
    uint8_t again[MW_FRAMER_BITS_MAX / 8]; /* encoded again, to be compared with what was heard */
} mw_framer_result;

typedef struct mw_framer_tools {
    mw_nbfi_decoder decoder;
} mw_framer_tools;

typedef struct mw_framer {
    mw_radio_kind kind;
    uint16_t baud[MW_FRAMER_RATES_MAX]; /* 0 ends the list */
    /* Bits that all words have in common at their beginning. */
    uint8_t common;
    /* The network's phase change for a bit is not known for certain: look for both. */
    bool either_polarity;
    /* Lists the words; returns how many. */
    size_t (*words)(mw_framer_word out[MW_FRAMER_WORDS_MAX]);
    /* Reads soft bits (positive = bit 0, word->after of them). MW_CHECKSUM and others when there is
     * no frame, also when it agrees too little with the soft bits. */
    mw_status (*read)(mw_framer_tools *t, const mw_framer_word *word, const int16_t *soft,
                      mw_framer_result *out_result);
    /* Least agreement of the frame encoded again with the soft bits, 0..1: what makes a short check
     * honest. */
    double correlation_min;
    /* Least coherent share of the sync word's energy, where a short check needs more than detection
     * does: noise exceeds x with (1 - x)^31 a try. */
    double share_min;
} mw_framer;

/* NULL for MW_RADIO_UNB and numbers that are no kind. */
const mw_framer *mw_framer_of(mw_radio_kind kind);
bool mw_framer_has_rate(const mw_framer *f, unsigned baud);

/* Soft bits are log-likelihood ratios in 1/32 natural unit. Those larger than this speak no louder.
 */
#define MW_FRAMER_SURE 128
/* Agreement of n bits with soft bits, weighed by their trust: 0..1. Noise decoded to the nearest
 * codeword has about 0.5. */
double mw_framer_agreement(const int16_t *soft, const uint8_t *again, size_t n);
/* What to report of the content of a Sigfox message; MW_CHECKSUM and others as
 * mw_sigfox_content_decode. `again` is left empty. */
MW_NODISCARD mw_status mw_framer_sigfox_result(mw_slice content, mw_framer_result *out_result);

/* "unb", "sigfox", "nbfi", "openunb". */
const char *mw_radio_kind_name(mw_radio_kind kind);
/* MW_NOT_FOUND. */
MW_NODISCARD mw_status mw_radio_kind_of_name(const char *name, mw_radio_kind *out_kind);

#endif
