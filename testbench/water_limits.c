/* SPDX-License-Identifier: Apache-2.0 */
#include "testbench/water_limits.h"

#define R49    "OIML R 49-1:2013, 4.2; ISO 4064-1; class 2"
#define READ   "values read in several makers' and laboratories' pages, not in the standard"
#define UNREAD "clause known by title only; limit is ours"

const mw_water_limit mw_water_limits[MW_WATER_LIMITS] = {
    [MW_WATER_LIMIT_LOW] = {"error Q1 <= Q < Q2", 5, "%", 2.5, R49, READ},
    [MW_WATER_LIMIT_HIGH] = {"error Q2 <= Q <= Q4, <= 30 C", 2, "%", 1, R49, READ},
    [MW_WATER_LIMIT_HIGH_HOT] = {"error Q2 <= Q <= Q4, > 30 C", 3, "%", 1.5, R49, READ},
    [MW_WATER_LIMIT_START] = {"at half of Q1", 50, "%", 0, "this project",
                              "standards set no start flow; ours: it counts"},
    [MW_WATER_LIMIT_REVERSE] = {"reverse register", 5, "%", 2.5, "OIML R 49-1:2013, 4.2.7", UNREAD},
    [MW_WATER_LIMIT_OTHER] = {"other register meanwhile", 0, "counts", 0, "catalogue",
                              "reverse flow is never subtracted"},
    [MW_WATER_LIMIT_NO_FLOW] = {"counted without flow", 0, "counts", 0, "OIML R 49-1:2013, 4.2.10",
                                "read as: no flow, no change"},
    [MW_WATER_LIMIT_MISSED] = {"steps missed by sampling", 0, "steps", 0, "this project", "ours"},
};
