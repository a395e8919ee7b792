/* SPDX-License-Identifier: Apache-2.0 */
#include "meters/water/sensor.h"

#include "meters/water/water.h"

#define STEP_UL (MW_WATER_STEP_ML * 1000)
/* Transitions of one coil without any of the other: four turns of the wheel. */
#define ALONE_MAX 8
/* A fault of missed samples is told for so long after the last. */
#define MISSED_NS (INT64_C(3600) * MW_NS_PER_S)
/* Below this flow slow sampling is enough: 10 samples a step. */
#define SLOW_LPH 1000

static bool table_good(const mw_water_calibration *cal, unsigned position) {
    const uint32_t *flow = cal->at[position].flow_lph;
    const int16_t *correct = cal->at[position].correct_cpct;
    for (unsigned i = 0; i < MW_WATER_NODES; i++)
        if (flow[i] <= (i > 0 ? flow[i - 1] : 0) || correct[i] > MW_WATER_CORRECT_MAX ||
            correct[i] < -MW_WATER_CORRECT_MAX)
            return false;
    return true;
}

mw_status mw_water_sensor_init(mw_water_sensor *s, const mw_water_calibration *cal,
                               mw_water_position position, mw_mono now,
                               const uint16_t amplitude[2]) {
    for (unsigned i = 0; i < 2; i++)
        if (cal->high[i] < cal->low[i] || cal->high[i] - cal->low[i] < MW_COIL_SWING_MIN)
            return MW_RANGE;
    if (!table_good(cal, MW_WATER_HORIZONTAL) || !table_good(cal, MW_WATER_VERTICAL))
        return MW_RANGE;
    *s = (mw_water_sensor){.cal = cal, .position = position, .stepped = now};
    for (unsigned i = 0; i < 2; i++)
        mw_coil_init(&s->coil[i], cal->high[i], cal->low[i], amplitude[i]);
    mw_rotation_init(&s->rotation, s->coil[0].metal, s->coil[1].metal);
    return MW_OK;
}

/* ---- volume ---- */

int32_t mw_water_step_ul(const mw_water_calibration *cal, mw_water_position position,
                         uint32_t flow_lph) {
    const uint32_t *flow = cal->at[position].flow_lph;
    const int16_t *correct = cal->at[position].correct_cpct;
    unsigned i = 0;
    while (i < MW_WATER_NODES && flow[i] < flow_lph)
        i++;
    int64_t correct_cpct;
    if (i == 0 || i == MW_WATER_NODES) {
        correct_cpct = correct[i == 0 ? 0 : MW_WATER_NODES - 1];
    } else {
        int64_t from = flow[i - 1], to = flow[i];
        correct_cpct = correct[i - 1] +
                       (correct[i] - correct[i - 1]) * ((int64_t)flow_lph - from) / (to - from);
    }
    return (int32_t)(STEP_UL + STEP_UL * correct_cpct / 10000);
}

static uint32_t flow_of(int64_t ns, uint32_t steps) {
    if (ns <= 0)
        return UINT32_MAX;
    int64_t lph = (int64_t)steps * MW_WATER_STEP_ML * 3600 * (MW_NS_PER_S / 1000) / ns;
    return lph > UINT32_MAX ? UINT32_MAX : (uint32_t)lph;
}

static void volume_add(mw_water_sensor *s, unsigned way, uint32_t steps, mw_meter_inputs *in) {
    s->rest_ul[way] += (int64_t)steps * mw_water_step_ul(s->cal, s->position, s->flow_lph);
    while (s->rest_ul[way] >= MW_WATER_COUNT_UL) {
        s->rest_ul[way] -= MW_WATER_COUNT_UL;
        in->counts[way]++;
    }
}

static void steps_take(mw_water_sensor *s, mw_mono now, uint32_t forward, uint32_t reverse,
                       mw_meter_inputs *in) {
    if (forward + reverse == 0)
        return;
    /* After a rest the time since the last step says nothing about the flow: the slowest is
     * assumed, for one step. */
    bool rested = !s->moved || now.ns - s->stepped.ns >= MW_WATER_REST_NS;
    s->flow_lph = rested ? 0 : flow_of(now.ns - s->stepped.ns, forward + reverse);
    s->stepped = now;
    s->moved = true;
    volume_add(s, MW_WATER_FORWARD, forward, in);
    volume_add(s, MW_WATER_REVERSE, reverse, in);
}

/* ---- diagnosis ---- */

/* `turned`: a whole half turn of this coil has ended; trembling about an edge shows only one. */
static void coils_compare(mw_water_sensor *s, const bool turned[2]) {
    for (unsigned i = 0; i < 2; i++) {
        if (turned[i]) {
            s->alone[1 - i] = 0;
            s->alone[i] = (uint8_t)(s->alone[i] < UINT8_MAX ? s->alone[i] + 1 : UINT8_MAX);
        }
    }
    /* Coil i alone: the other one stands although the wheel turns. */
    uint32_t faults = s->faults & MW_WATER_FAULT_MISSED;
    if (!mw_coil_good(&s->coil[0]) || s->alone[1] >= ALONE_MAX)
        faults |= MW_WATER_FAULT_COIL_A;
    if (!mw_coil_good(&s->coil[1]) || s->alone[0] >= ALONE_MAX)
        faults |= MW_WATER_FAULT_COIL_B;
    s->faults = faults;
}

static void missed_follow(mw_water_sensor *s, mw_mono now) {
    if (s->rotation.missed != s->missed) {
        s->missed = s->rotation.missed;
        s->missed_at = now;
        s->faults |= MW_WATER_FAULT_MISSED;
    } else if (now.ns - s->missed_at.ns >= MISSED_NS) {
        s->faults &= ~MW_WATER_FAULT_MISSED;
    }
}

/* A field that is there in three of five samples: a spark is not a magnet. */
static bool magnet(mw_water_sensor *s, bool field) {
    s->field = (uint8_t)((s->field << 1 | field) & 0x1F);
    unsigned n = 0;
    for (unsigned i = 0; i < 5; i++)
        n += s->field >> i & 1;
    return n >= 3;
}

mw_mono mw_water_sensor_step(mw_water_sensor *s, mw_mono now, const uint16_t amplitude[2],
                             bool field, mw_meter_inputs *in) {
    bool turned[2];
    uint32_t forward = 0, reverse = 0;
    for (unsigned i = 0; i < 2; i++) {
        bool before = s->coil[i].metal;
        turned[i] = mw_coil_sample(&s->coil[i], amplitude[i]) != before && s->coil[i].whole;
    }
    mw_rotation_sample(&s->rotation, s->coil[0].metal, s->coil[1].metal, &forward, &reverse);
    steps_take(s, now, forward, reverse, in);
    coils_compare(s, turned);
    missed_follow(s, now);
    in->faults = s->faults;
    in->tamper &= ~MW_TAMPER_MAGNET;
    if (magnet(s, field))
        in->tamper |= MW_TAMPER_MAGNET;
    /* The first step after a rest already asks for fast sampling: a tap opens at once. */
    bool slow = now.ns - s->stepped.ns > MW_NS_PER_S || (s->flow_lph > 0 && s->flow_lph < SLOW_LPH);
    return mw_mono_add(now, (mw_dur){slow ? MW_WATER_SLOW_NS : MW_WATER_FAST_NS});
}

int64_t mw_water_sensor_flow(const mw_water_sensor *s, mw_mono now) {
    int64_t since = now.ns - s->stepped.ns;
    if (!s->moved || since >= MW_WATER_REST_NS)
        return 0;
    /* Slower than the last step told, when the next one is overdue. */
    uint32_t most = flow_of(since, 1);
    int64_t lph = s->flow_lph < most ? s->flow_lph : most;
    return s->rotation.reversing ? -lph : lph;
}
