/* SPDX-License-Identifier: Apache-2.0
 *
 * Frames out of a byte stream that starts anywhere, is noisy and arrives in pieces of any size.
 *
 *   mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
 *   taken = mw_hdlc_deframer_push(&d, bytes);
 *   while (mw_hdlc_deframer_pull(&d, &frame) == MW_OK) ...
 *
 * A frame is taken only with two flags, a good HCS and a good FCS. What looks like a frame and is
 * not costs one byte: the search goes on behind its first flag, so a good frame inside damaged
 * bytes is still found. One flag may close a frame and open the next.
 */
#ifndef MW_PROTOCOLS_HDLC_DEFRAMER_H
#define MW_PROTOCOLS_HDLC_DEFRAMER_H

#include "protocols/hdlc/frame.h"

typedef struct mw_hdlc_deframer {
    mw_span memory; /* the caller's; the longest frame taken has memory.n - 2 bytes */
    size_t start;   /* first byte not yet judged */
    size_t end;
    /* What went by, for diagnosis: these tell a dead line from a wrong speed or a noisy one. */
    uint32_t frames;
    uint32_t bad_checksum; /* candidates with a bad HCS or FCS */
    uint32_t bad_format; /* candidates with another format, address or length, or no closing flag */
    uint32_t too_long;   /* candidates longer than the memory */
    uint32_t noise_bytes; /* bytes outside any frame, flags excluded */
} mw_hdlc_deframer;

/* memory: at least 9 bytes (asserted); MW_HDLC_FRAME_MAX takes every frame. */
void mw_hdlc_deframer_init(mw_hdlc_deframer *d, mw_span memory);
/* Takes as many bytes as there is room for and returns how many. After pull has said MW_AGAIN there
 * is always room. Views of a frame pulled before become invalid. */
size_t mw_hdlc_deframer_push(mw_hdlc_deframer *d, mw_slice bytes);
/* The next good frame; its information is a view that holds until the next push. MW_AGAIN: needs
 * more bytes. */
MW_NODISCARD mw_status mw_hdlc_deframer_pull(mw_hdlc_deframer *d, mw_hdlc_frame *out_frame);
/* Nothing came for the inter-octet time-out: an unfinished frame will not be finished. Complete
 * frames behind it can be pulled afterwards. */
void mw_hdlc_deframer_silence(mw_hdlc_deframer *d);

#endif
