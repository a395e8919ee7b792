/* SPDX-License-Identifier: Apache-2.0
 *
 * A meter as a step function over its state:
 *
 *     (state, now, inputs) -> (state, outputs)
 *
 * The caller (a board's main loop, or a simulator) owns time, sensors and radio. It calls
 * mw_meter_step whenever counts came in or `next_wake` is reached, whichever is first, and sends
 * what the step asks for. Between steps the processor sleeps: nothing happens per second.
 *
 * Order inside one step at `now`:
 *   1. hours that ended strictly before `now` are closed,
 *   2. counts are added to the registers,
 *   3. an hour that ends exactly at `now` is closed, then reports that are due are built.
 * So counts may be collected and given at the hour's end at the latest; an edge at the very
 * boundary belongs to the ending hour, unless the boundary was stepped without counts before.
 *
 * No heap, no globals: thousands of meters live in one process. A meter is used by one thread at a
 * time. State is a few hundred bytes of RAM; everything that must survive is in flash.
 */
#ifndef MW_METERS_KIT_METER_H
#define MW_METERS_KIT_METER_H

#include "base/units.h"
#include "meters/kit/board.h"
#include "meters/kit/config.h"
#include "meters/kit/downlink.h"
#include "meters/kit/rtc.h"
#include "meters/kit/seal.h"
#include "protocols/carriers/carrier.h"

/* Conditions the board sees; levels, not edges. The kit logs each change as an event. */
#define MW_TAMPER_MAGNET 0x01u /* field above the limit */
#define MW_TAMPER_COVER  0x02u /* housing open */
#define MW_TAMPER_LOOP   0x04u /* cable of a pulse input cut or shorted */
/* Value of the event that the service state raises; not an input (meters/kit/seal.h). */
#define MW_TAMPER_SERVICE 0x08u

typedef struct mw_meter_inputs {
    /* Counts of each register since the last step: sensor steps, already debounced or decoded
     * (meters/pulse/input.h, meters/water/rotation.h). Water: [0] forward, [1] reverse. */
    uint32_t counts[MW_METER_REGISTERS_MAX];
    uint32_t tamper;     /* MW_TAMPER_* */
    uint32_t faults;     /* what the sensor suffers from, by the model's own bits; 0: nothing */
    uint16_t battery_mv; /* 0: battery and temperature were not measured in this step */
    mw_temp temperature; /* of the electronics */
} mw_meter_inputs;

/* One frame to send. Over UNB: a burst of `size` with its bit-identical copies. Over a carrier of
 * others (protocols/carriers): `messages` that the board's module gets one by one from
 * mw_meter_message; copies is 1, and copy[0].start .. + airtime spans them all. */
typedef struct mw_meter_transmission {
    uint8_t payload[MW_CARRIER_FRAME_MAX]; /* UNB: for mw_unb_frame_encode */
    uint8_t payload_bytes;                 /* UNB: exactly what the size carries */
    mw_carrier medium;
    uint8_t messages;
    bool parity; /* one of the messages makes up for a lost one */
    mw_unb_size size;
    mw_unb_rate rate; /* as configured; on other carriers 0 far, 1 usual, 2 near */
    uint8_t copies;   /* 1..MW_UNB_COPIES_MAX */
    struct {
        mw_mono start;   /* of the first symbol, by the meter's own ticks */
        mw_freq carrier; /* as commanded; the crystal adds its error */
    } copy[MW_UNB_COPIES_MAX];
    mw_dur airtime;   /* of one copy; other carriers: of all messages with their pauses */
    uint32_t counter; /* whole frame counter, for a simulator's book of truth; not sent as such */
} mw_meter_transmission;

typedef struct mw_meter_outputs {
    mw_mono next_wake; /* step again at this tick at the latest; always later than `now` */
    bool transmit;     /* tx is to be sent */
    mw_meter_transmission tx;
    /* When to listen for a downlink: the window that follows tx. Comes with `transmit`; without it
     * when the meter wants to hear a beacon. A new one replaces one that has not begun. */
    mw_meter_listen listen;
    /* Commanded: the board saves with mw_meter_last_gasp and starts again (MW_RESET_ORDERLY). */
    bool restart;
    /* Where the relay or valve of a model with one is to stand; until a command said so, as it is.
     */
    bool relay_known, relay_closed;
} mw_meter_outputs;

/* mw_meter: complete type in meters/kit/meter_state.h, included below. */

/* Mounts the logs and starts. Flash may be blank (a new meter), or hold whatever a cut left.
 * `model` and `board->flash.context` must outlive the meter; provision is copied.
 * MW_RANGE: the model's defaults are invalid. MW_SPACE: flash too small for the layout
 * (mw_meter_flash_sectors). MW_IO: flash fails. */
MW_NODISCARD mw_status mw_meter_boot(mw_meter *m, const mw_meter_model *model,
                                     const mw_meter_provision *provision, const mw_board *board,
                                     mw_mono now);
/* Sectors of 4096 bytes that a meter needs. */
#define MW_METER_FLASH_SECTORS 128

/* One step; see above. `now` must not be less than that of the last call. MW_IO when flash failed:
 * the outputs are valid all the same, registers in RAM go on. */
MW_NODISCARD mw_status mw_meter_step(mw_meter *m, mw_mono now, const mw_meter_inputs *in,
                                     mw_meter_outputs *out);

/* Message i of a transmission over a carrier of others. MW_RANGE past the last one and for UNB;
 * MW_SPACE (MW_CARRIER_MESSAGE_MAX bytes always suffice). */
MW_NODISCARD mw_status mw_meter_message(const mw_meter_transmission *tx, unsigned i, mw_span out,
                                        size_t *out_size);

/* The supply is failing: writes the registers at once (one program operation of 32 bytes). */
MW_NODISCARD mw_status mw_meter_last_gasp(mw_meter *m);

/* Sets the clock (downlink, service port, production). A correction of up to MW_CLOCK_STEP_US marks
 * nothing; a larger one marks every hour it touches, and a running hour that the clock leaves is
 * closed early. Call mw_meter_step at the same `now` next. MW_RANGE before 2020 or after 2139. */
MW_NODISCARD mw_status mw_meter_clock_set(mw_meter *m, mw_mono now, mw_utc utc);
mw_utc mw_meter_clock(const mw_meter *m, mw_mono now);
mw_rtc_state mw_meter_clock_state(const mw_meter *m, mw_mono now);

/* Checks, stores and activates a configuration, all or nothing. MW_RANGE, MW_IO; MW_FORBIDDEN,
 * MW_SPACE: it touches sealed parameters (mw_seal_change). */
MW_NODISCARD mw_status mw_meter_configure(mw_meter *m, mw_mono now, const mw_meter_config *c);
const mw_meter_config *mw_meter_config_of(const mw_meter *m);

/* Of a meter with logs of its own: reports an event of one of them (mw_smp_event_code from
 * MW_SMP_EVENT_LOG on). False: the same was told lately and is only counted. `ends`: it ends what was
 * told, and is told always. One that belongs to security leaves at once, as an alarm. */
bool mw_meter_tell(mw_meter *m, mw_mono now, mw_utc at, uint8_t log, uint8_t number, int64_t value,
                   bool ends);
/* What holds the radio up runs down: what was told leaves within MW_GASP_WINDOW_MS, if the duty cycle
 * allows, else once power is back. Step the meter until it has sent. */
void mw_meter_hurry(mw_meter *m, mw_mono now);

/* Register in sensor counts, and as reported (model's unit). */
int64_t mw_meter_counts(const mw_meter *m, unsigned index);
int64_t mw_meter_value(const mw_meter *m, unsigned index);

/* SMP hour number (protocols/smp/day.h) of the hour of the meter's grid that contains t. */
uint32_t mw_meter_hour_of(const mw_meter_config *c, mw_utc t);
/* The hour that is running, by the meter's clock. */
uint32_t mw_meter_hour(const mw_meter *m);

#include "meters/kit/meter_state.h"

#endif
