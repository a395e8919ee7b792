/* SPDX-License-Identifier: Apache-2.0
 *
 * The panoramic receiver of the UNB air interface: blocks of samples in, frames out. It finds every
 * frame in its band whatever its carrier, start time and drift (see docs/radio.md).
 *
 *   push -> detect (spectra, sync correlation) -> re-extract -> decode -> de-duplicate -> sink
 *
 * Time: a frame is emitted, from within mw_receiver_push, when the samples up to three symbols
 * after its end (its last pulse) and up to the next 1/64 s have been pushed, or at the next gap
 * longer than 16 symbols of the slowest enabled rate, or on mw_receiver_flush. With cancellation a
 * frame that lay under a stronger one comes out when that one has ended and was taken out: at most
 * one longest frame later. How the stream is
 * cut into blocks does not change the result. Shorter gaps are bridged with zeros: a frame survives
 * them.
 *
 * Memory: bounded and allocated in mw_receiver_new; mw_receiver_memory tells how much. No clock, no
 * files, no threads; one receiver must be used by one thread at a time.
 */
#ifndef MW_RADIO_RECEIVER_H
#define MW_RADIO_RECEIVER_H

#include "protocols/unb/plan.h"
#include "protocols/unb/unb.h"
#include "radio/framer.h"
#include "radio/samples.h"

#define MW_RECEIVER_PAYLOAD_MAX 61 /* an L frame */

/* Bits of mw_receiver_config.rates. */
#define MW_RECEIVER_R0 1u /*   50 Bd */
#define MW_RECEIVER_R1 2u /*  400 Bd */
#define MW_RECEIVER_R2 4u /* 3200 Bd */

typedef struct mw_receiver_frame {
    uint8_t payload[MW_RECEIVER_PAYLOAD_MAX];
    uint8_t payload_bytes;
    uint8_t rate;         /* 0..2 = R0..R2 */
    uint8_t size;         /* 0..2 = S, M, L */
    uint64_t first_index; /* sample at which the frame's first symbol begins */
    mw_utc start;         /* the same as UTC, or MW_UTC_NONE */
    uint32_t start_uncertainty_us;
    mw_freq frequency;       /* carrier at the middle of the sync word */
    int32_t drift_mhz_per_s; /* change of the carrier, millihertz a second */
    mw_level level;          /* of the carrier while a frame is sent */
    mw_ratio snr;            /* in a bandwidth equal to the symbol rate: Es/N0 */
    uint16_t symbols;        /* coded symbols of the frame */
    uint16_t symbol_errors;  /* of these, hard decisions that decoding corrected */
    uint8_t quality;         /* 0..100: re-encoded correlation in per cent */
    /* Frames of other networks; all 0 for our own, whose rate and size are not set then. */
    uint8_t kind;           /* mw_radio_kind */
    uint8_t identity_bytes; /* of the sender's identity in clear: 3 or 4 */
    uint8_t copies;         /* transmissions it was decoded from; ours: 0, or how many were added */
    uint16_t baud;
    uint32_t identity;
    int32_t counter; /* -1: none in clear */
} mw_receiver_frame;

/* A Sigfox copy as it was demodulated. */
typedef struct mw_sigfox_copy {
    mw_receiver_frame reception; /* without payload and identity */
    uint8_t rank;                /* which of the three copies */
    uint8_t content_bytes;       /* LI to CRC */
    bool alone;                  /* its own CRC is right: result is set */
    mw_framer_result result;
    double coherence;                          /* as mw_foreign_burst.coherence */
    int16_t soft[8 * MW_SIGFOX_CONTENT_MAX];   /* positive = bit 0 */
    int16_t symbol[8 * MW_SIGFOX_CONTENT_MAX]; /* as mw_sigfox_join_symbols */
} mw_sigfox_copy;

/* A reception of our own that was plausible but not decodable. */
typedef struct mw_unb_copy {
    mw_receiver_frame reception;   /* without payload, errors and quality */
    float llr[MW_UNB_SYMBOLS_MAX]; /* of all symbols, in order of sending; 0 = not received */
} mw_unb_copy;

typedef void (*mw_receiver_sink)(void *user, const mw_receiver_frame *frame);
typedef void (*mw_sigfox_copy_sink)(void *user, const mw_sigfox_copy *copy);
typedef void (*mw_unb_copy_sink)(void *user, const mw_unb_copy *copy);

typedef struct mw_receiver_config {
    uint64_t rate_mhz; /* sample rate in millihertz; blocks must agree */
    mw_freq centre;    /* blocks must agree */
    mw_freq low, high; /* carriers are looked for in [low, high]; inside centre +- 0.49 rate */
    unsigned rates;    /* MW_RECEIVER_R* */
    /* For a rate's carriers only this part of [low, high]; both 0: all of it. */
    struct {
        mw_freq low, high;
    } narrow[3];
    double full_scale_dbm; /* level of a carrier of amplitude 1.0 */
    /* Detector: false alarms per tested point (bin, half symbol) on noise. A point that passes the
     * first stage costs about 1 us; one that passes all three about 1 ms. */
    double prefilter_pfa; /* (0, 0.1]; 0 = default 6e-3 */
    double sync_pfa;      /* (0, 1e-2]; 0 = default 3e-6 */
    /* A decoded frame, encoded again, must agree with the soft bits at least this much (0..1).
     * Frames at Es/N0 = -2 dB have 0.78 and more. 0 = default 0.65. */
    double frame_correlation_min;
    /* Take each decoded frame out of the samples and look again at what it hid. Doubles the
     * history: a frame may have been hidden until one more frame's length after its own end. */
    bool cancel;
    /* History in lengths of the longest frame (of the slowest rate that has it), 1.1 to 3. 0 = 2
     * with cancellation, else 1. Less than 2 saves memory: what was hidden for longer stays hidden.
     */
    double history_frames;
    struct mw_workroom *room; /* working memory shared in one thread; NULL = its own */
    /* Other networks to listen for; none costs nothing. A network's band outside of [low, high] is
     * not looked at. */
    mw_radio_network networks[MW_RADIO_NETWORKS_MAX];
    size_t network_count;
    /* For a receiver of a wider band's part: takes Sigfox copies, which change their carrier from
     * one to the next, instead of joining them here. NULL = join here. */
    mw_sigfox_copy_sink copy_sink;
    /* Frequency plan and its band whose table of copies is used: copies of a frame that cannot be
     * decoded alone are added (see chase.h). NULL: they are not. Needed during mw_receiver_new
     * only. */
    const mw_unb_plan *plan;
    unsigned plan_band;
    /* For a receiver of a wider band's part: takes receptions that were not decoded instead of
     * pairing them here; called from where frames are emitted. NULL = pair here. */
    mw_unb_copy_sink undecoded_sink;
    /* Impulse blanker: samples louder than this many times their surroundings are silenced, see
     * blank.h. 0 = off; 5 is a good value where there is ignition or switching noise. */
    double blank;
    /* Only to measure how often noise passes: bits of the CRC that must agree; 0 = all 24. */
    unsigned check_bits;
} mw_receiver_config;

typedef struct mw_receiver_stats {
    uint64_t samples;         /* processed, gaps not counted */
    uint64_t gap_samples;     /* skipped */
    uint64_t jumps;           /* blocks that did not continue the one before */
    uint64_t not_finite;      /* sample parts replaced by 0 */
    uint64_t clipped;         /* sample parts at full scale */
    uint64_t prefilter_hits;  /* points that passed the first stage */
    uint64_t sync_hits;       /* ... and the second */
    uint64_t candidates;      /* ... after neighbours were merged and the sync word was verified */
    uint64_t candidates_lost; /* dropped because the table was full */
    uint64_t decode_attempts; /* frames given to the list decoder */
    uint64_t decode_retries;  /* of these, tried again with the longest list */
    uint64_t frames;
    uint64_t duplicates;     /* decoded again beside itself, not emitted */
    uint64_t refused;        /* CRC right but correlation too low */
    uint64_t cancelled;      /* frames taken out of the samples */
    uint64_t uncovered;      /* candidates that were found only after that */
    uint64_t retried;        /* candidates that were tried again after that */
    uint64_t blanked;        /* samples silenced by the impulse blanker */
    uint64_t undecoded;      /* plausible receptions kept or handed over for pairing ... */
    uint64_t undecoded_lost; /* ... of these, too many at once */
    uint64_t pairs;          /* sums of them given to the decoder */
    uint64_t combined;       /* frames from copies that were added */
    uint64_t foreign_bursts; /* of other networks: demodulated ... */
    uint64_t foreign_frames; /* ... and read; a Sigfox message counts once */
    uint64_t sigfox_joined;  /* of these, Sigfox messages that only copies together told */
} mw_receiver_stats;

typedef struct mw_receiver mw_receiver;

/* R0 and R1 over +-100 kHz at 250 kS/s around `centre`. */
mw_receiver_config mw_receiver_config_default(mw_freq centre);
/* Fills in defaults for numbers that are 0; MW_RANGE for a bad configuration. */
MW_NODISCARD mw_status mw_receiver_config_complete(mw_receiver_config *io_config);
/* MW_RANGE for a bad configuration, MW_NOMEM. */
MW_NODISCARD mw_status mw_receiver_new(const mw_receiver_config *config, mw_receiver_sink sink,
                                       void *user, mw_receiver **out_receiver);
void mw_receiver_free(mw_receiver *r);

/* Takes a whole block. A first_index beyond the expected one is treated as a gap; one before it
 * (a sender that started again) ends what is under way and starts anew.
 * MW_CONFLICT: rate or centre are not those of the configuration, nothing was taken. */
MW_NODISCARD mw_status mw_receiver_push(mw_receiver *r, const mw_samples_block *block);
/* End of input: emits what can still be decoded; frames that are not complete are abandoned. */
void mw_receiver_flush(mw_receiver *r);

/* Every frame that began before this absolute sample index has been emitted or abandoned: what the
 * caller may acknowledge once the emitted frames are durable. Rises only, except when the stream
 * starts anew at a smaller index. */
uint64_t mw_receiver_safe_index(const mw_receiver *r);
const mw_receiver_stats *mw_receiver_stats_of(mw_receiver *r);
/* Bytes allocated. */
size_t mw_receiver_memory(const mw_receiver *r);

#endif
