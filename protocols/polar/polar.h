/* SPDX-License-Identifier: Apache-2.0
 *
 * Polar codes of up to 256 bits as other networks use them: the transform, plain and systematic
 * encoding, and a list decoder. The code is given by which inputs carry information; the others are
 * 0. Natural order (no bit reversal), bits packed most significant first.
 *
 * The decoder is successive cancellation with a list (Tal and Vardy 2015), integer inside, the same
 * result on every machine, no heap. It ranks candidates; the caller's check chooses among them:
 *
 *   MW_TRY(mw_polar_decode(&d, &code, 8, soft, 256));
 *   while (mw_polar_next(&d, inputs))
 *       if (check_ok(inputs)) ...
 *
 * Our own air interface has decoders of its own for longer codes: protocols/unb and radio/.
 */
#ifndef MW_PROTOCOLS_POLAR_POLAR_H
#define MW_PROTOCOLS_POLAR_POLAR_H

#include "base/bytes.h"

#define MW_POLAR_STAGES_MAX 8
#define MW_POLAR_BITS_MAX   256
#define MW_POLAR_LIST_MAX   32
/* A soft value this large is a bit that is known, such as one that was shortened away. */
#define MW_POLAR_KNOWN INT16_MAX

typedef struct mw_polar_code {
    uint8_t stages;                      /* 3..8: 2^stages bits */
    uint8_t info[MW_POLAR_BITS_MAX / 8]; /* bit i, most significant first: input i is free */
} mw_polar_code;

/* x = u * F^(x stages), F = [1 0; 1 1], in place; its own inverse. n bytes, a power of two. */
void mw_polar_transform(uint8_t *bits, size_t n);
/* Whether input i carries information. */
bool mw_polar_is_info(const mw_polar_code *code, unsigned i);
/* Puts the first bits of `message` at the information positions, zeros elsewhere and when the
 * message is used up. out holds 2^stages bits. */
void mw_polar_spread(const mw_polar_code *code, mw_slice message, uint8_t *out);
/* The reverse: takes the bits at the information positions, as many as fit whole into `message`. */
void mw_polar_gather(const mw_polar_code *code, const uint8_t *bits, mw_span message);
/* Given information bits at their positions, computes the codeword that shows them there: the
 * frozen inputs are 0 and the other code bits follow. In place, 2^stages bits. Works for any set
 * of information positions. */
void mw_polar_complete(const mw_polar_code *code, uint8_t *bits);

/* Needs no initialisation: every decode starts anew. Fields are the decoder's own; about 34 KB. */
typedef struct mw_polar_decoder {
    int16_t ratio[MW_POLAR_LIST_MAX][2 * MW_POLAR_BITS_MAX]; /* stage s begins at 2^s */
    uint8_t left[MW_POLAR_LIST_MAX][MW_POLAR_BITS_MAX];      /* left halves, decided; as ratio */
    uint8_t bits[MW_POLAR_LIST_MAX][MW_POLAR_BITS_MAX / 8];  /* inputs decided so far */
    uint8_t ratio_slot[MW_POLAR_LIST_MAX][MW_POLAR_STAGES_MAX + 1];
    uint8_t left_slot[MW_POLAR_LIST_MAX][MW_POLAR_STAGES_MAX];
    uint8_t word[MW_POLAR_LIST_MAX][MW_POLAR_BITS_MAX]; /* the subtree just finished */
    int32_t metric[MW_POLAR_LIST_MAX];
    uint32_t given; /* candidates already given out */
    uint8_t paths;
    uint8_t list;
    const mw_polar_code *code;
} mw_polar_decoder;

/* Decodes 2^stages soft bits in code order: positive = bit 0, magnitude = trust on any scale common
 * to the word, 0 = not received, +-MW_POLAR_KNOWN = known. `list` is 1..MW_POLAR_LIST_MAX; the code
 * must outlive the calls of mw_polar_next. MW_RANGE for a wrong n or list, MW_CHECKSUM when nothing
 * was received at all. */
MW_NODISCARD mw_status mw_polar_decode(mw_polar_decoder *d, const mw_polar_code *code,
                                       unsigned list, const int16_t *soft, size_t n);
/* The next candidate, most likely first: the inputs of the transform, 2^stages bits packed. False
 * when there are no more. */
bool mw_polar_next(mw_polar_decoder *d, uint8_t *out_inputs);

#endif
