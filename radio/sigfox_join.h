/* SPDX-License-Identifier: Apache-2.0
 *
 * Joins the copies of Sigfox messages. A device sends each message up to three times, on carriers
 * chosen anew and up to two seconds apart; the copies are the three branches of one convolutional
 * code. A copy that decodes alone opens a message and gathers its other copies; copies that do not
 * are tried together with those that may belong to them, and only the CRC of the joint decoding and
 * its agreement with what was heard make a message of them. A copy alone is repaired by its framer, if at all.
 *
 *   push (each copy demodulated, in any order of frequency) -> advance (time) -> sink
 *
 * A message is reported once: when its third copy was heard, or when none can come any more. Copies
 * may come from several receivers of one band, in one thread at a time.
 */
#ifndef MW_RADIO_SIGFOX_JOIN_H
#define MW_RADIO_SIGFOX_JOIN_H

#include "radio/receiver.h"

typedef struct mw_sigfox_joiner mw_sigfox_joiner;

/* rate: samples a second. MW_NOMEM. */
MW_NODISCARD mw_status mw_sigfox_joiner_new(double rate, mw_receiver_sink sink, void *user,
                                            mw_sigfox_joiner **out_joiner);
void mw_sigfox_joiner_free(mw_sigfox_joiner *j);
void mw_sigfox_joiner_push(mw_sigfox_joiner *j, const mw_sigfox_copy *copy);
/* Every copy that began before this sample has been pushed. */
void mw_sigfox_joiner_advance(mw_sigfox_joiner *j, uint64_t index);
/* Reports what is open: the stream ends or begins anew. */
void mw_sigfox_joiner_flush(mw_sigfox_joiner *j);
/* First sample of the oldest copy that is not settled, or UINT64_MAX. */
uint64_t mw_sigfox_joiner_horizon(const mw_sigfox_joiner *j);
/* Messages that only copies together told. */
uint64_t mw_sigfox_joiner_joined(const mw_sigfox_joiner *j);
size_t mw_sigfox_joiner_memory(void);

#endif
