/* SPDX-License-Identifier: Apache-2.0
 *
 * From transit times to volume: the measuring part of the ultrasonic gas meters.
 *
 *   up = L / (c - v cos a) + t0, dn = L / (c + v cos a) + t0
 *   v = L / (2 cos a) * dt / ((up - t0) (dn - t0)): independent of the gas and its temperature
 *   c = L / 2 * (1 / (up - t0) + 1 / (dn - t0)): tells which gas it is
 *   Q = k(Re) * A * v, V = trapezoid of Q
 *
 * Registers are exact: the flow rate is an integer number of nL/s, the volume between two
 * measurements is an exact fraction of it, and what does not make a whole microlitre is carried.
 * Forward and reverse are separate; reverse is never subtracted.
 *
 * mw_gas_flow_step is a pure step over its state. Nothing here allocates or uses floating point.
 */
#ifndef MW_METERS_GAS_FLOW_H
#define MW_METERS_GAS_FLOW_H

#include "base/time.h"
#include "base/units.h"
#include "meters/gas/transit.h"
#include "meters/gas/zero.h"

#define MW_GAS_PROFILE_POINTS 16
extern const uint16_t mw_gas_profile_re[MW_GAS_PROFILE_POINTS];
/* k(Re) of a smooth duct in units of 2^-16: laminar 3/4, turbulent after the log law, with the
 * transition between. Production multiplies it by the device's own curve. */
extern const int32_t mw_gas_profile_smooth[MW_GAS_PROFILE_POINTS];

typedef enum mw_gas_kind {
    MW_GAS_UNKNOWN, /* speed of sound fits no gas known: measured as natural gas, and flagged */
    MW_GAS_AIR,
    MW_GAS_NATURAL, /* second family, L and H */
} mw_gas_kind;

/* A size's constants. */
typedef struct mw_gas_size {
    const char *name;
    int32_t path_nm;   /* L between the transducers */
    int32_t factor_nm; /* L / (2 cos a) */
    int64_t area_mm3;  /* thousandths of a mm2 */
    int32_t bore_um;   /* hydraulic diameter, for Re */
    int32_t expansion; /* of the duct's length, 1e-9 per K; dimensions hold at 20 C */
    int64_t qmin_l_h, qt_l_h, qmax_l_h, start_l_h;
} mw_gas_size;

/* G1.6, G2.5, G4, G6: catalogue. The duct is chosen so that v(Qmax) = 10 m/s. */
#define MW_GAS_SIZES 4
extern const mw_gas_size mw_gas_size_of[MW_GAS_SIZES];

/* A device's constants: written in production, sealed. */
typedef struct mw_gas_calibration {
    int32_t delay_ps; /* t0 less the delay from pulse to window: crossing - delay = transit time */
    int32_t zero_ps[MW_GAS_ZERO_POINTS];
    int32_t profile[MW_GAS_PROFILE_POINTS]; /* k at mw_gas_profile_re, units of 2^-16 */
    int32_t level_cdb; /* echo level with air at 20 C: 20 lg(amplitude / LSB) - gain */
} mw_gas_calibration;

/* Conditions that hold; levels, not edges. */
enum {
    MW_GAS_FLAG_NO_ECHO = 0x01, /* no good measurement for MW_GAS_LOST_AFTER tries */
    MW_GAS_FLAG_LOW_SNR = 0x02, /* below MW_GAS_SNR_WARN: still measured */
    MW_GAS_FLAG_VACUUM =
        0x04,               /* echo weaker than the gas at 1 bar makes it, speed of sound right */
    MW_GAS_FLAG_AIR = 0x08, /* air in the pipe */
    MW_GAS_FLAG_UNKNOWN = 0x10,  /* speed of sound fits no known gas */
    MW_GAS_FLAG_REVERSE = 0x20,  /* flowing the wrong way */
    MW_GAS_FLAG_OVERLOAD = 0x40, /* above 1.2 Qmax */
};
#define MW_GAS_LOST_AFTER 5
#define MW_GAS_SNR_WARN   3000 /* cdB */
#define MW_GAS_VACUUM_CDB 500  /* loss of echo level: about 0.25 bar */
#define MW_GAS_IDLE_MS    2000 /* between measurements while the flow is steady */
#define MW_GAS_ACTIVE_MS  500  /* while it changes, and in test mode */

typedef struct mw_gas_flow {
    const mw_gas_size *size;
    const mw_gas_calibration *cal;
    mw_gas_zero zero;
    mw_gas_track track;
    uint8_t bad_run;   /* bad measurements since the last good one */
    uint8_t moved_run; /* measurements in which the sum of times had to be replaced */
    /* Filters. */
    uint8_t seen;      /* good measurements, stays at 3 */
    int64_t recent[2]; /* the two last flow rates before the filters, nL/s */
    int64_t rate_nl_s; /* after median: what the registers integrate */
    int64_t smooth;    /* adaptive low pass of it, 1/256 nL/s */
    int64_t spread;    /* mean deviation from it, 1/256 nL/s */
    bool flowing;
    /* Registers. */
    mw_mono last;
    bool last_known;
    int64_t last_rate; /* counted at `last`, nL/s */
    int64_t forward_ul, reverse_ul;
    int64_t rest[2]; /* 0..MW_GAS_REST-1 of a microlitre, forward and reverse */
    /* Diagnosis. */
    mw_gas_kind kind, candidate;
    uint8_t candidate_run;
    int32_t sound_mm_s;
    int32_t snr_cdb;
    int32_t level_cdb;
    uint32_t measured, rejected, recovered; /* stay at their maximum */
    uint8_t flags;
} mw_gas_flow;

/* Denominator of `rest`: half a nL/s over a microsecond, in microlitres. */
#define MW_GAS_REST INT64_C(2000000000)

typedef struct mw_gas_capture {
    const int16_t *up, *dn; /* MW_GAS_SAMPLES each */
    int32_t gain_cdb;       /* of the amplifier */
    mw_temp temperature;    /* of the gas */
    int32_t pressure_pa;    /* absolute, measured or substitute; for Re only */
} mw_gas_capture;

typedef struct mw_gas_result {
    uint8_t bad;                    /* of this measurement, MW_GAS_BAD_* */
    int32_t dt_ps;                  /* zero not subtracted */
    int64_t forward_ul, reverse_ul; /* counted by this step */
    uint32_t next_ms;               /* measure again after this */
    int32_t gain_cdb;               /* amplifier for then: echo at 70 % of full scale */
} mw_gas_result;

/* Starts with empty registers. Size and calibration must outlive it. */
void mw_gas_flow_init(mw_gas_flow *f, const mw_gas_size *size, const mw_gas_calibration *cal);
/* One measurement at tick `now`, later than the one before. Gaps of up to 1 minute are bridged
 * with the flow rates at their ends, longer ones are not counted. */
void mw_gas_flow_step(mw_gas_flow *f, mw_mono now, const mw_gas_capture *in, mw_gas_result *out);
/* Path velocity in um/s and speed of sound in mm/s of times in ps; MW_RANGE unless the times are
 * 50..1000 us and dt is within 20 us. */
MW_NODISCARD mw_status mw_gas_velocity(const mw_gas_size *s, int32_t up_ps, int32_t dn_ps,
                                       int32_t dt_ps, int64_t *out_um_s, int32_t *out_sound_mm_s);
/* Reynolds number of a path velocity, 0..10^6. */
int32_t mw_gas_reynolds(const mw_gas_size *s, mw_gas_kind kind, mw_temp t, int32_t pressure_pa,
                        int64_t um_s);
/* k at a Reynolds number, units of 2^-16, between the points linear in lg Re. */
int32_t mw_gas_profile_at(const int32_t profile[MW_GAS_PROFILE_POINTS], int32_t re);
/* Which gas has this speed of sound at this temperature. */
mw_gas_kind mw_gas_kind_of(int32_t sound_mm_s, mw_temp t);
/* Flow rate for display, mL/h, smoothed; 0 below the creep limit; negative is reverse. */
int64_t mw_gas_flow_ml_h(const mw_gas_flow *f);

#endif
