/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/gas_limits.h"

#define MID    "MID 2014/32/EU annex IV, class 1.5"
#define READ   "text of the law read (UK SI 2016/1153 sch. 1D)"
#define UNREAD "clause known by title only; limit is ours"
#define OURS   "this project"

const mw_gas_limit mw_gas_limits[MW_GAS_LIMITS] = {
    [MW_GAS_LIMIT_LOW] = {"error Qmin <= Q < Qt", 3.0, "%", 1.5, MID, READ},
    [MW_GAS_LIMIT_HIGH] = {"error Qt <= Q <= Qmax", 1.5, "%", 0.75, MID, READ},
    [MW_GAS_LIMIT_SAME_SIGN] = {"errors of one sign", 1.0, "%", 0, "OIML R 137",
                                "from memory, to be verified"},
    [MW_GAS_LIMIT_REVERSE] = {"reverse register", 1.5, "%", 0.75, "EN 14236, 5.10", UNREAD},
    [MW_GAS_LIMIT_PULSED] = {"pulsed flow", 3.0, "%", 1.5, "EN 14236, 5.13", UNREAD},
    [MW_GAS_LIMIT_START] = {"start at 0.004 Qmax", 20.0, "%", 10, "catalogue; EN 14236, 5.11",
                            "flow is the catalogue's; limit is ours"},
    [MW_GAS_LIMIT_NO_FLOW] = {"registered without flow", 0.0, "mL", 0, "EN 14236, 5.9", UNREAD},
    [MW_GAS_LIMIT_UNRESTED] = {"aged, never rested", 6.0, "%", 0, "MID annex IV; OIML R 137",
                               "in service twice the limit: from memory"},
    [MW_GAS_LIMIT_ZERO] = {"zero left by the table", 0.5, "ns", 0.35, OURS,
                           "0.5 ns is what 3 % at Qmin can bear"},
};
