/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/outlier.h"

#include <float.h>
#include <math.h>

#include "base/assert.h"

#define MOST   2048u
#define STEPS  16  /* of an octave */
#define PLACES 960 /* so many steps below the loudest; what is weaker counts as that */
/* Limit above the median in units of its height over the lower 15 %, and at least so many octaves.
 */
#define HEIGHTS 1.7f
#define OCTAVES 2.0f

/* Octaves below the loudest within which `count` of the loudest lie. */
static float depth_of(const unsigned *places, size_t count) {
    size_t sum = 0, i = 0;
    for (; i < PLACES - 1 && sum + places[i] < count; i++)
        sum += places[i];
    return ((float)i + 0.5f) / STEPS;
}

float mw_outlier_limit(const float *y, size_t n) {
    mw_assert(n <= MOST);
    float octave[MOST], top = -FLT_MAX;
    unsigned places[PLACES] = {0};
    size_t heard = 0;
    for (size_t i = 0; i < n; i++) {
        float power = y[2 * i] * y[2 * i] + y[2 * i + 1] * y[2 * i + 1];
        if (!(power > 0))
            continue;
        octave[heard] = log2f(power);
        top = octave[heard] > top ? octave[heard] : top;
        heard++;
    }
    if (heard == 0)
        return FLT_MAX;
    for (size_t i = 0; i < heard; i++) {
        float at = (top - octave[i]) * STEPS;
        places[at < PLACES - 1 ? (size_t)at : PLACES - 1]++;
    }
    float median = depth_of(places, (heard + 1) / 2),
          low = depth_of(places, heard - heard * 3 / 20);
    float above = HEIGHTS * (low - median);
    return exp2f(top - median + (above > OCTAVES ? above : OCTAVES));
}

size_t mw_outlier_erase(float *y, size_t n) {
    float limit = mw_outlier_limit(y, n);
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (y[2 * i] * y[2 * i] + y[2 * i + 1] * y[2 * i + 1] <= limit)
            continue;
        y[2 * i] = y[2 * i + 1] = 0;
        count++;
    }
    return count;
}
