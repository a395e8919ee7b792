/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/alarms/rules.h"

#include <string.h>

#define WATER       (1U << MW_VEE_WATER)
#define GAS         (1U << MW_VEE_GAS)
#define ELECTRICITY (1U << MW_VEE_ELECTRICITY)

#define HOUR_S      3600
#define DAY_S       86400
#define YEAR_S      (366 * DAY_S)

/* The four that each rule has. */
#define FIRST(severity, hold, clear)                                                               \
    {"on", "", 0, 1, {1, 1}, false},                                                               \
        {"severity", "", MW_SEVERITY_INFO, MW_SEVERITY_CRITICAL, {severity, severity}, false},     \
        {"hold", "s", 0, YEAR_S, {hold, hold}, false}, {                                           \
        "clear", "s", 0, YEAR_S, {clear, clear}, false                                             \
    }

const mw_alarm_rule mw_alarm_rules[MW_ALARM_RULES] = {
    /* A gallon an hour for a day (Badger AquaCUE); 10 an hour for a week for firms
     * (Athens-Clarke). */
    [MW_ALARM_LEAK] = {"leak",
                       WATER | GAS,
                       false,
                       false,
                       true,
                       {FIRST(MW_SEVERITY_MAJOR, 0, 0),
                        {"floor", "L/h", 1, 100000, {4, 38}, true},
                        {"gas_floor", "L/h", 1, 1000000, {2, 20}, true},
                        {"hours", "h", 2, 336, {24, 168}, true},
                        {"clear_percent", "%", 1, 100, {90, 90}, false}}},
    [MW_ALARM_BURST] = {"burst",
                        WATER | GAS,
                        false,
                        false,
                        true,
                        {FIRST(MW_SEVERITY_CRITICAL, 0, 0),
                         {"times", "x", 1, 100, {3, 3}, false},
                         {"q_max", "L/h", 10, 10000000, {2500, 16000}, false},
                         {"percent", "%", 1, 100, {30, 30}, false},
                         {"hours", "h", 1, 24, {2, 2}, false}}},
    [MW_ALARM_BACKFLOW] = {"backflow",
                           WATER | GAS,
                           false,
                           false,
                           true,
                           {FIRST(MW_SEVERITY_MAJOR, 0, 0),
                            {"day", "L/d", 0, 1000000, {10, 10}, false}}},
    [MW_ALARM_FROST] = {"frost",
                        0,
                        false,
                        false,
                        true,
                        {FIRST(MW_SEVERITY_MAJOR, 0, 0),
                         {"below", "0.1 C", -400, 200, {30, 30}, false},
                         {"above", "0.1 C", -400, 300, {50, 50}, false}}},
    [MW_ALARM_DRY] = {"dry", 0, false, false, false, {FIRST(MW_SEVERITY_MINOR, 0, 0)}},
    [MW_ALARM_STOPPED] = {"stopped",
                          WATER | GAS | ELECTRICITY,
                          false,
                          false,
                          false,
                          {FIRST(MW_SEVERITY_MINOR, 0, 0),
                           {"hours", "h", 12, 720, {72, 48}, false},
                           {"day_use", "L/d, Wh/d", 1, 100000000, {50, 200}, false}}},
    [MW_ALARM_NO_FLOW] = {"no_flow",
                          WATER | GAS | ELECTRICITY,
                          false,
                          false,
                          true,
                          {FIRST(MW_SEVERITY_INFO, 0, 0), {"days", "d", 1, 34, {30, 30}, false}}},
    [MW_ALARM_OVER_LIMIT] = {"over_limit",
                             WATER | GAS | ELECTRICITY,
                             false,
                             false,
                             true,
                             {FIRST(MW_SEVERITY_MINOR, 0, 0),
                              {"water", "L/h", 0, 100000000, {2500, 16000}, true},
                              {"gas", "L/h", 0, 100000000, {6000, 40000}, true},
                              {"electricity", "Wh/h", 0, 100000000, {15000, 100000}, true},
                              {"clear_percent", "%", 1, 100, {90, 90}, false}}},
    [MW_ALARM_DEVIATION] = {"deviation",
                            WATER | GAS | ELECTRICITY,
                            false,
                            false,
                            true,
                            {FIRST(MW_SEVERITY_INFO, 0, 0),
                             {"up", "%", 10, 10000, {150, 150}, true},
                             {"down", "%", 0, 100, {80, 80}, false},
                             {"day_use", "L/d, Wh/d", 1, 100000000, {50, 500}, false}}},
    [MW_ALARM_TAMPER] = {"tamper", 0, true, false, false, {FIRST(MW_SEVERITY_CRITICAL, 0, 0)}},
    [MW_ALARM_BATTERY] = {"battery",
                          0,
                          false,
                          false,
                          false,
                          {FIRST(MW_SEVERITY_MINOR, 0, 0),
                           {"below", "mV", 500, 5000, {3100, 3100}, false},
                           {"above", "mV", 500, 5000, {3200, 3200}, false}}},
    [MW_ALARM_CLOCK] = {"clock",
                        0,
                        false,
                        false,
                        false,
                        {FIRST(MW_SEVERITY_MINOR, 0, 2 * DAY_S),
                         {"off", "s", 2, DAY_S, {300, 300}, false},
                         {"good", "s", 1, DAY_S, {120, 120}, false}}},
    [MW_ALARM_SILENT] = {"silent",
                         0,
                         false,
                         false,
                         false,
                         {FIRST(MW_SEVERITY_MINOR, 0, 0),
                          {"hours", "h", 1, 2160, {24, 24}, false}}},
    [MW_ALARM_OUT_OF_ORDER] =
        {"out_of_order", 0, false, false, true, {FIRST(MW_SEVERITY_MAJOR, 0, 0)}},
    [MW_ALARM_SECURITY] =
        {"security", 0, false, true, false, {FIRST(MW_SEVERITY_MAJOR, 0, 7 * DAY_S)}},
    [MW_ALARM_CONFLICT] =
        {"conflict", 0, false, true, false, {FIRST(MW_SEVERITY_INFO, 0, 7 * DAY_S)}},
    [MW_ALARM_STATION_DOWN] =
        {"station_down", 0, false, false, false, {FIRST(MW_SEVERITY_CRITICAL, 0, 0)}},
    [MW_ALARM_STATION_TROUBLE] =
        {"station_trouble", 0, false, false, false, {FIRST(MW_SEVERITY_MAJOR, 0, HOUR_S)}},
    [MW_ALARM_BACKHAUL] = {"backhaul",
                           0,
                           false,
                           false,
                           false,
                           {FIRST(MW_SEVERITY_MAJOR, 0, 0),
                            {"items", "frames", 1, 100000000, {5000, 5000}, false},
                            {"good", "frames", 0, 100000000, {500, 500}, false}}},
    [MW_ALARM_SUPPLY] = {"supply", 0, false, false, true, {FIRST(MW_SEVERITY_MAJOR, 0, 0)}},
    [MW_ALARM_AWAY] = {"away", 0, false, true, true, {FIRST(MW_SEVERITY_MAJOR, 0, 3 * DAY_S)}},
};

mw_status mw_alarm_rule_of(const char *name, mw_alarm_rule_id *out_rule) {
    for (unsigned i = 0; i < MW_ALARM_RULES; i++) {
        if (strcmp(mw_alarm_rules[i].name, name) == 0) {
            *out_rule = (mw_alarm_rule_id)i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

unsigned mw_alarm_params(mw_alarm_rule_id rule) {
    unsigned n = 0;
    while (n < MW_ALARM_PARAMS_MAX && mw_alarm_rules[rule].param[n].name != NULL)
        n++;
    return n;
}

mw_status mw_alarm_param_of(mw_alarm_rule_id rule, const char *name, unsigned *out_param) {
    for (unsigned i = 0; i < mw_alarm_params(rule); i++) {
        if (strcmp(mw_alarm_rules[rule].param[i].name, name) == 0) {
            *out_param = i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}

void mw_alarm_preset(mw_alarm_rule_id rule, mw_vee_class c, mw_alarm_values *out) {
    *out = (mw_alarm_values){.version = 1};
    for (unsigned i = 0; i < mw_alarm_params(rule); i++)
        out->v[i] = mw_alarm_rules[rule].param[i].preset[c < MW_VEE_CLASSES ? c : 0];
}

mw_status mw_alarm_values_check(mw_alarm_rule_id rule, const mw_alarm_values *v) {
    for (unsigned i = 0; i < mw_alarm_params(rule); i++)
        if (v->v[i] < mw_alarm_rules[rule].param[i].min ||
            v->v[i] > mw_alarm_rules[rule].param[i].max)
            return MW_RANGE;
    bool good = true;
    if (rule == MW_ALARM_FROST)
        good = v->v[MW_FROST_ABOVE] >= v->v[MW_FROST_BELOW];
    if (rule == MW_ALARM_BATTERY)
        good = v->v[MW_BATTERY_ABOVE] >= v->v[MW_BATTERY_BELOW];
    if (rule == MW_ALARM_CLOCK)
        good = v->v[MW_CLOCK_GOOD] <= v->v[MW_CLOCK_OFF];
    if (rule == MW_ALARM_BACKHAUL)
        good = v->v[MW_BACKHAUL_GOOD] <= v->v[MW_BACKHAUL_ITEMS];
    return good ? MW_OK : MW_RANGE;
}

static const char *const severities[] = {"", "info", "minor", "major", "critical"};

const char *mw_alarm_severity_name(unsigned severity) {
    return severity <= MW_SEVERITY_CRITICAL ? severities[severity] : "";
}

mw_status mw_alarm_severity_of(const char *name, uint8_t *out_severity) {
    for (uint8_t i = MW_SEVERITY_INFO; i <= MW_SEVERITY_CRITICAL; i++) {
        if (strcmp(severities[i], name) == 0) {
            *out_severity = i;
            return MW_OK;
        }
    }
    return MW_NOT_FOUND;
}
