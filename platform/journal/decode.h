/* SPDX-License-Identifier: Apache-2.0
 *
 * From the journal to readings: a cursor that walks the journal in order, opens sealed frames and
 * stores what they say. The cursor moves in the transaction of its results, so a crash resumes
 * exactly; decoding again from zero gives the same result, because every decision depends on the
 * journal alone (its order, t_received and t_stored), never on a clock or on chance.
 *
 * A frame is accepted once: (device, key epoch, counter) belongs to the first journal record that
 * brought it. The same payload again is a further reception; counters older than the window below
 * the newest one are replays and counted.
 *
 * Forged frames cost work and must not silence a meter. After MW_DECODE_FAILURES_MAX failed tags of
 * an address in an hour a frame is tried only under a counter that its meter could well send now:
 * near the newest accepted one, near zero under the next key, or any full one of a meter that was
 * never heard. A frame that fails then writes nothing but .limited: one question to the store and
 * one tag check for each device of the address, less than reading its record took.
 *
 * Frames of devices that are not imported yet stay in the
 * journal; decoding again finds them.
 */
#ifndef MW_PLATFORM_JOURNAL_DECODE_H
#define MW_PLATFORM_JOURNAL_DECODE_H

#include "platform/registry/registry.h"
#include "platform/store/store.h"

/* Cursors: how far decoding came; not 0 when retention let go of something that a rewind would need. */
#define MW_DECODE_CURSOR    "decode"
#define MW_DECODE_FORGOTTEN "retention/forgotten"

enum {
    MW_DECODE_TURN_MAX = 1024,     /* journal records per turn */
    MW_DECODE_BEHIND_MAX = 1024,   /* a counter this far or more behind the newest is a replay */
    MW_DECODE_LATE_S = 3600,       /* the same frame heard again later than this is a replay */
    MW_DECODE_AHEAD_S = 3600,      /* an hour that ends this far after t_received: clock is wrong */
    MW_DECODE_FAILURES_ALARM = 20, /* failed tags of one address in an hour: alarm */
    MW_DECODE_FAILURES_MAX = 1000, /* ... beyond which only likely counters are tried */
    MW_DECODE_FOREIGN_UNKNOWN = 10000, /* messages of unknown foreign devices kept, the newest */
    MW_DECODE_FOREIGN_FIRST = 20, /* failed checks an hour beyond which no first epoch is sought */
    MW_DECODE_NEAR = 256,         /* likely: this far or less from the newest, either way */
};

/* Counters in the store: decode.frames, .duplicates, .replays, .values, .readings, .malformed,
 * .unknown_address, .unknown_channel, .auth_failed, .limited, .counter_reused, .clock_unset,
 * .objects_unknown, .station, .foreign, .foreign_duplicates, .foreign_replays, .foreign_unknown,
 * .foreign_failed, .foreign_limited, .pushes. */

typedef struct mw_decoder mw_decoder;

/* The decoder borrows both; they outlive it. Free with mw_decoder_free. */
MW_NODISCARD mw_status mw_decoder_new(mw_store *store, mw_registry *registry,
                                      mw_decoder **out_decoder);
void mw_decoder_free(mw_decoder *d);
/* Decodes up to max_records (<= MW_DECODE_TURN_MAX) after the cursor in one transaction.
 * *out_records = how many were read, 0 = nothing left. */
MW_NODISCARD mw_status mw_decoder_turn(mw_decoder *d, uint32_t max_records, uint32_t *out_records);
/* Forgets everything decoding made and puts the cursor at zero, in one transaction. */
MW_NODISCARD mw_status mw_decoder_rewind(mw_decoder *d);

#endif
