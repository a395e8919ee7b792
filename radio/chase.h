/* SPDX-License-Identifier: Apache-2.0
 *
 * Chase combining: copies of a frame, none of which could be decoded alone, are recognised by their
 * distance in frequency and time (docs/spec/unb.md, section 5), their soft bits added and decoded
 * together.
 *
 * A wrong pairing must not become a frame: beside CRC24 the frame, encoded again, must agree with
 * the sum and with each copy by itself.
 *
 * A frame is given once: other copies of it that are found later, or the same copies heard on both
 * sides of a seam, are dropped. Of two hearings of one reception the surer is kept.
 *
 * Memory: as many receptions as mw_chase_new was told, those whose time ran out and then the oldest
 * give way; one that is older than MW_CHASE_AGE_S is never paired. The last MW_CHASE_TOLD frames are known.
 */
#ifndef MW_RADIO_CHASE_H
#define MW_RADIO_CHASE_H

#include "protocols/unb/plan.h"

#define MW_CHASE_KEPT      192u  /* for one receiver */
#define MW_CHASE_KEPT_BAND 1024u /* for a whole band: 5 MB */
#define MW_CHASE_AGE_S     60
#define MW_CHASE_TOLD      64u

/* A reception that was not decoded. */
typedef struct mw_chase_copy {
    mw_unb_rate rate;
    mw_unb_size size;
    int64_t at_ns;     /* centre of symbol 0, since any fixed moment */
    mw_freq frequency; /* at the middle of the sync word */
    const float *llr;  /* of all symbols, in order of sending; 0 = not received */
} mw_chase_copy;

typedef struct mw_chase_frame {
    uint8_t payload[MW_UNB_PAYLOAD_MAX];
    mw_unb_size size;
    uint8_t copies;     /* 2 or 3 were added */
    uint8_t row;        /* low four bits of the counter */
    double correlation; /* of the re-encoded frame with the sum, 0..1 */
    unsigned symbol_errors;
} mw_chase_frame;

typedef struct mw_chase_stats {
    uint64_t copies; /* receptions taken */
    uint64_t pairs;  /* sums given to the decoder */
    uint64_t frames;
    uint64_t refused; /* CRC right, agreement too low */
    uint64_t again;   /* sums that gave a frame already given */
    uint64_t forgot;  /* receptions that gave way to others before their time */
} mw_chase_stats;

typedef struct mw_chase mw_chase;

/* `plan` is copied; `room`: receptions that are kept. MW_RANGE for a band that the plan lacks or no
 * room, MW_NOMEM. */
MW_NODISCARD mw_status mw_chase_new(const mw_unb_plan *plan, unsigned band, double correlation_min,
                                    size_t room, mw_chase **out_chase);
void mw_chase_free(mw_chase *c);
size_t mw_chase_memory(const mw_chase *c);
const mw_chase_stats *mw_chase_stats_of(const mw_chase *c);
/* Takes a reception, whose llr is copied; true when it and earlier ones give a frame, which are then forgotten. */
bool mw_chase_add(mw_chase *c, const mw_chase_copy *copy, mw_chase_frame *out_frame);

#endif
