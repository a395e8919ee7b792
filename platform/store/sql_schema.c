/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/store/sql_schema.h"

const char *const *const mw_sq_schema_steps[] = {
    mw_sq_step_released_1, /* 1: the first tables */
    mw_sq_step_released_2, /* 2: health of devices */
    mw_sq_step_released_3, /* 3: pages of meters at 100,000 of them */
    mw_sq_step_vee_1,      /* 4: settings, judgements and corrections of validation */
    mw_sq_step_values,     /* 5: layers, locks, findings, suspense */
    mw_sq_step_model,      /* 6: areas, premises, configurations, factors, contracts */
    mw_sq_step_commands,   /* 7: commands, downlinks and their counters */
    mw_sq_step_files,      /* 8: mappings, imports, snapshots of determinants */
    mw_sq_step_actions,    /* 9: revisions by action */
    mw_sq_step_foreign,    /* 10: devices of other networks and their messages */
    mw_sq_step_accounts, /* 11: tokens, second factors, shared access, audit chain, handed readings */
    mw_sq_step_vee_2,    /* 12: decisions about findings, other sources, class profiles */
    mw_sq_step_console,   /* 13: filters, notes, who hears whom */
    mw_sq_step_alarms,    /* 14: signs, alarms, their rules, collection of days */
    mw_sq_step_notify,    /* 15: recipients and deliveries */
    mw_sq_step_retention, /* 16: how long data stay, legal holds */
    mw_sq_step_vee_3,     /* 17: findings by channel */
    mw_sq_step_holds,     /* 18: hold times that run, languages of recipients */
    mw_sq_step_charge,    /* 19: charge left in batteries */
};
const int mw_sq_schema_count = sizeof mw_sq_schema_steps / sizeof mw_sq_schema_steps[0];
