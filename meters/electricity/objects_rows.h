/* SPDX-License-Identifier: Apache-2.0
 *
 * Words of the object tables: a row of a table is one line.
 *
 *   O(class, rights, which, A, B, C, D, E)   an object; F is 255
 *   N(class, number, i, A .. E), TEXT(...), CLOCK   a column of a profile
 *   PROFILE(profile, columns, entries, period number, seconds)
 */
#ifndef MW_METERS_ELECTRICITY_OBJECTS_ROWS_H
#define MW_METERS_ELECTRICITY_OBJECTS_ROWS_H

#include "meters/electricity/objects_priv.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* class, version, attributes, methods | selective attributes | functions */
#define HEAD_DATA         1, 0, 2, 0
#define HEAD_REGISTER     3, 0, 3, 1
#define HEAD_EXTENDED     4, 0, 5, 1
#define HEAD_DEMAND       5, 0, 9, 2
#define HEAD_PROFILE      7, 1, 8, 2
#define HEAD_CLOCK        8, 0, 9, 6
#define HEAD_SCRIPT       9, 0, 2, 1
#define HEAD_SPECIALS     11, 0, 2, 2
#define HEAD_SAP          17, 0, 2, 1
#define HEAD_IMAGE        18, 0, 7, 4
#define HEAD_LOCAL_PORT   19, 1, 9, 0
#define HEAD_ACTIVITY     20, 0, 10, 1
#define HEAD_MONITOR      21, 0, 4, 0
#define HEAD_SCHEDULE     22, 0, 4, 0
#define HEAD_HDLC         23, 1, 9, 0
#define HEAD_PUSH         40, 0, 7, 1
#define HEAD_TCP          41, 0, 6, 0
#define HEAD_SECURITY     64, 0, 5, 2
#define HEAD_DISCONNECT   70, 0, 4, 2
#define HEAD_LIMITER      71, 0, 11, 0

#define DO_DATA           mw_electric_data
#define DO_REGISTER       mw_electric_register
#define DO_EXTENDED       mw_electric_extended
#define DO_DEMAND         mw_electric_demand
#define DO_PROFILE        mw_electric_rows
#define DO_CLOCK          mw_electric_clock
#define DO_SCRIPT         mw_electric_script
#define DO_SPECIALS       mw_electric_specials
#define DO_SAP            mw_electric_sap
#define DO_IMAGE          mw_electric_image_transfer
#define DO_LOCAL_PORT     mw_electric_local_port
#define DO_ACTIVITY       mw_electric_activity
#define DO_MONITOR        mw_electric_monitoring
#define DO_SCHEDULE       mw_electric_single_action
#define DO_HDLC           mw_electric_hdlc
#define DO_PUSH           mw_electric_push_setup
#define DO_TCP            mw_electric_tcp
#define DO_SECURITY       mw_electric_security
#define DO_DISCONNECT     mw_electric_disconnect
#define DO_LIMITER        mw_electric_limiter

#define SELECT_DATA       0
#define SELECT_REGISTER   0
#define SELECT_EXTENDED   0
#define SELECT_DEMAND     0
#define SELECT_PROFILE    1u << 2
#define SELECT_CLOCK      0
#define SELECT_SCRIPT     0
#define SELECT_SPECIALS   0
#define SELECT_SAP        0
#define SELECT_IMAGE      0
#define SELECT_LOCAL_PORT 0
#define SELECT_ACTIVITY   0
#define SELECT_MONITOR    0
#define SELECT_SCHEDULE   0
#define SELECT_HDLC       0
#define SELECT_PUSH       0
#define SELECT_TCP        0
#define SELECT_SECURITY   0
#define SELECT_DISCONNECT 0
#define SELECT_LIMITER    0

#define O(class_, rights_, which, a, b, c, d, e)                                                   \
    {                                                                                              \
        HEAD_##class_, {{a, b, c, d, e, 255}}, (uint16_t)(which), SELECT_##class_, &DO_##class_,   \
            may_##rights_                                                                          \
    }

#define CLOCK                                                                                      \
    {                                                                                              \
        .kind = MW_ELECTRIC_COLUMN_CLOCK, .class_id = 8, .attribute = 2, .name = {                 \
            {0, 0, 1, 0, 0, 255}                                                                   \
        }                                                                                          \
    }
#define N(class_, number, i, a, b, c, d, e)                                                        \
    {                                                                                              \
        .kind = MW_ELECTRIC_COLUMN_NUMBER, .class_id = class_, .attribute = 2,                     \
        .name = {{a, b, c, d, e, 255}}, .which = (uint16_t)(MW_ELECTRIC_N_##number + (i))          \
    }
#define TEXT(text, a, b, c, d, e)                                                                  \
    {                                                                                              \
        .kind = MW_ELECTRIC_COLUMN_TEXT, .class_id = 1, .attribute = 2,                            \
        .name = {{a, b, c, d, e, 255}}, .which = MW_ELECTRIC_T_##text                              \
    }
#define PROFILE(which, columns_, rows, minutes, seconds)                                           \
    {                                                                                              \
        .profile = (which), .columns = COUNT(columns_), .column = columns_, .entries = rows,       \
        .period = (uint16_t)(minutes), .period_s = seconds                                         \
    }

/* Rights of public, reader, configurator. */
#define ANY 0xffeu
#define MAY(name, reader_act, writer_set, writer_act)                                              \
    static const mw_cosem_rights may_##name[MW_COSEM_ROLES] = {                                    \
        {0}, {.get = ANY, .act = reader_act}, {.get = ANY, .set = writer_set, .act = writer_act}};

#define ONE_TWO 6u
MAY(read, 0, 0, 0)
MAY(set_2, 0, 1u << 2, 0)
MAY(profile, 0, 1u << 4, ONE_TWO)
MAY(log, 0, 0, 1u << 1)
MAY(snapshot, 1u << 2, 0, ONE_TWO)
MAY(security, 0, 0, ONE_TWO)
MAY(activity, 0, 0x7c0u, 1u << 1)
MAY(specials, 0, 1u << 2, ONE_TWO)
MAY(script, 0, 0, 1u << 1)
MAY(schedule, 0, 1u << 4, 0)
MAY(disconnect, 0, 1u << 4, ONE_TWO)
MAY(limiter, 0, 0xbf4u, 0)
MAY(monitor, 0, 0x1cu, 0)
MAY(push, 0, 0xf8u, 1u << 1)
MAY(hdlc, 0, 0x384u, 0)
MAY(image, 0, 1u << 5, 0x1eu)
static const mw_cosem_rights may_all[MW_COSEM_ROLES] = {{.get = ANY}, {.get = ANY}, {.get = ANY}};
static const mw_cosem_rights may_clock[MW_COSEM_ROLES] = {
    {.get = ANY}, {.get = ANY, .act = 1u << 6}, {.get = ANY, .set = 0x1ecu, .act = 0x4eu}};

#define CAN(bit)  MW_COSEM_CONFORMANCE(MW_COSEM_CAN_##bit)
#define CAN_READ  (CAN(GET) | CAN(GET_BLOCK) | CAN(GENERAL_BLOCK) | CAN(LIST) | CAN(SELECT))
#define CAN_ACT   (CAN(ACTION) | CAN(ACTION_BLOCK))
#define CAN_WRITE (CAN(SET) | CAN(SET_BLOCK) | CAN(NOTIFY) | CAN(EVENT))

#endif
