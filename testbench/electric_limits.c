/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/electric_limits.h"

#define ACTIVE    "IEC 62053-21:2003 tab. 6-8; IEC 62053-22:2003 tab. 4-6"
#define REACTIVE  "IEC 62053-24:2014"
#define CATALOGUE "catalogue"
#define OURS      "this project"
#define HALF_READ "class 1 read in GOST 31819.21-2012; 0.5S from memory, to be verified"
#define MEMORY    "from memory, to be verified"
#define AS_ACTIVE "that of active energy; the standard's own could not be read"
#define GIVEN     "the catalogue's own figure"

const mw_electric_limit mw_electric_limits[MW_ELECTRIC_LIMITS] = {
    [MW_ELECTRIC_LIMIT_ACTIVE] = {"active, PF 1", {1.0, 0.5}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_ACTIVE_LOW] =
        {"active, PF 1, low current", {1.5, 1.0}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_ACTIVE_PF] = {"active, 0.5L 0.8C", {1.0, 0.6}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_ACTIVE_PF_LOW] =
        {"active, 0.5L 0.8C, low current", {1.5, 1.0}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_ACTIVE_ONE] =
        {"active, one phase loaded", {2.0, 0.6}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_REACTIVE] = {"reactive, sin 1 and 0.5", {1.0, 0.5}, "%", REACTIVE, MEMORY},
    [MW_ELECTRIC_LIMIT_REACTIVE_LOW] = {"reactive, low current", {1.5, 1.0}, "%", REACTIVE, MEMORY},
    [MW_ELECTRIC_LIMIT_REACTIVE_QUARTER] =
        {"reactive, sin 0.25", {2.0, 1.0}, "%", REACTIVE, MEMORY},
    [MW_ELECTRIC_LIMIT_VOLTAGE] = {"variation with voltage", {0.7, 0.2}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_FREQUENCY] =
        {"variation with frequency", {0.5, 0.2}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_SEQUENCE] = {"reversed sequence", {1.5, 0.1}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_UNBALANCE] = {"phases missing", {2.0, 1.0}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_HARMONICS] =
        {"5th harmonic 10 % U, 40 % I", {0.8, 0.5}, "%", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_DC] = {"half-wave current",
                              {3.0, 3.0},
                              "%",
                              ACTIVE,
                              "class 1 read; 0.5S has no such test for transformers"},
    [MW_ELECTRIC_LIMIT_ODD] = {"phase-fired current", {3.0, 1.5}, "%", ACTIVE, MEMORY},
    [MW_ELECTRIC_LIMIT_BURST] = {"bursts of two cycles", {3.0, 1.5}, "%", ACTIVE, MEMORY},
    [MW_ELECTRIC_LIMIT_TEMPERATURE] =
        {"temperature coefficient", {0.05, 0.03}, "%/K", ACTIVE, HALF_READ},
    [MW_ELECTRIC_LIMIT_REACTIVE_VOLTAGE] =
        {"reactive, with voltage", {0.7, 0.2}, "%", REACTIVE, AS_ACTIVE},
    [MW_ELECTRIC_LIMIT_REACTIVE_FREQUENCY] =
        {"reactive, with frequency", {0.5, 0.2}, "%", REACTIVE, AS_ACTIVE},
    [MW_ELECTRIC_LIMIT_REACTIVE_HARMONICS] =
        {"reactive, with 5th harmonic", {0.8, 0.5}, "%", REACTIVE, AS_ACTIVE},
    [MW_ELECTRIC_LIMIT_REACTIVE_TEMPERATURE] =
        {"reactive, temperature coefficient", {0.05, 0.03}, "%/K", REACTIVE, AS_ACTIVE},
    [MW_ELECTRIC_LIMIT_START] = {"at the starting current",
                                 {50, 50},
                                 "%",
                                 CATALOGUE,
                                 "10 and 20 mA are the catalogue's; the limit is ours: it counts"},
    [MW_ELECTRIC_LIMIT_FIRST_PULSE] = {"first pulse at the starting current",
                                       {1.5, 1.5},
                                       "times",
                                       "IEC 62053-21 cl. 8.3.3",
                                       MEMORY},
    [MW_ELECTRIC_LIMIT_NO_LOAD] = {"no load, 115 % U",
                                   {0, 0},
                                   "pulses",
                                   "IEC 62053-21 cl. 8.3.2",
                                   "one pulse is allowed, we want none"},
    [MW_ELECTRIC_LIMIT_RMS_U] = {"rms voltage", {1.0, 1.0}, "%", CATALOGUE, GIVEN},
    [MW_ELECTRIC_LIMIT_RMS_I] = {"rms current", {1.0, 1.0}, "%", CATALOGUE, GIVEN},
    [MW_ELECTRIC_LIMIT_ANGLE] =
        {"angle of U and I", {1.0, 1.0}, "deg", OURS, "the catalogue has no figure"},
    [MW_ELECTRIC_LIMIT_HERTZ] =
        {"frequency", {0.01, 0.01}, "Hz", OURS, "the catalogue has no figure"},
    [MW_ELECTRIC_LIMIT_OUTPUT] = {"pulse output",
                                  {1.0, 0.5},
                                  "%",
                                  CATALOGUE,
                                  "its constants; the limit is that of the class"},
    [MW_ELECTRIC_LIMIT_INPUT] =
        {"pulse input", {0, 0}, "pulses", CATALOGUE, "an input; that it loses none is ours"},
    [MW_ELECTRIC_LIMIT_MADE_GAIN] =
        {"gain before calibration", {20, 20}, "%", OURS, "10 % of each channel may be trimmed"},
    [MW_ELECTRIC_LIMIT_MADE_PHASE] =
        {"phase before calibration", {2.25, 2.25}, "deg", OURS, "half a sample may be trimmed"},
    [MW_ELECTRIC_LIMIT_LEFT_GAIN] =
        {"gain after calibration", {0.1, 0.1}, "%", OURS, "a fifth of class 0.5S"},
    [MW_ELECTRIC_LIMIT_LEFT_PHASE] =
        {"phase after calibration", {0.03, 0.03}, "deg", OURS, "0.1 % at power factor 0.5"},
};
