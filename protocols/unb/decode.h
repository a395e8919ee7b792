/* SPDX-License-Identifier: Apache-2.0
 *
 * The meter's decoder: soft bits in, payload out. CRC-aided successive-cancellation list decoding
 * in 8-bit integers, deterministic, no heap; the state is the caller's and below 16 KB. The
 * station has its own, larger list decoder (radio/polar_list.h).
 */
#ifndef MW_PROTOCOLS_UNB_DECODE_H
#define MW_PROTOCOLS_UNB_DECODE_H

#include "protocols/unb/unb.h"

#define MW_UNB_DECODER_STATE_MAX 16384
#define MW_UNB_DECODER_LIST      8  /* candidates kept */
#define MW_UNB_DECODER_STAGES    10 /* of the longest code */
#define MW_UNB_DECODER_WORDS     36 /* partial sums of all stages, packed */

/* Needs no initialisation: every decode starts anew. Fields are the decoder's own. */
typedef struct mw_unb_decoder {
    int8_t channel[MW_UNB_CODE_BITS_MAX];
    int8_t llr[MW_UNB_DECODER_LIST][MW_UNB_CODE_BITS_MAX - 1];
    uint32_t left[MW_UNB_DECODER_LIST][MW_UNB_DECODER_WORDS];
    uint32_t word[MW_UNB_CODE_BITS_MAX / 32];
    int32_t metric[MW_UNB_DECODER_LIST];
    uint8_t llr_slot[MW_UNB_DECODER_LIST][MW_UNB_DECODER_STAGES];
    uint8_t left_slot[MW_UNB_DECODER_LIST][MW_UNB_DECODER_STAGES];
    uint8_t bit[MW_UNB_DECODER_LIST];
    uint8_t paths;
    uint8_t stages;
} mw_unb_decoder;

_Static_assert(sizeof(mw_unb_decoder) <= MW_UNB_DECODER_STATE_MAX, "a meter has 16 KB for this");

/* Decodes one frame. `soft` holds layout.symbols values in order of sending, sync and pilots
 * included (they are skipped); positive = bit 0, magnitude = trust on any common scale, 0 = not
 * received. MW_RANGE when n is not layout.symbols; MW_SPACE when out_payload is too small;
 * MW_CHECKSUM when no candidate satisfies the CRC. Writes layout.payload_bytes on success. */
MW_NODISCARD mw_status mw_unb_decode(mw_unb_decoder *d, mw_unb_size size, const int8_t *soft,
                                     size_t n, mw_span out_payload);

/* Which size follows the sync word: the largest correlation with the first 17 pilots of the three
 * sequences. `soft` holds at least MW_UNB_SYMBOLS_TO_LAST_COMMON coherent soft symbols from the
 * first of the sync word on. */
mw_unb_size mw_unb_size_by_pilots(const int8_t *soft);

#endif
