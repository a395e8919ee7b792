/* SPDX-License-Identifier: Apache-2.0 */
#ifndef MW_METERS_ELECTRICITY_OBJECTS_PRIV_H
#define MW_METERS_ELECTRICITY_OBJECTS_PRIV_H

#include "meters/electricity/objects.h"

/* Item of a Data object: a number, or this plus a text. */
#define MW_ELECTRIC_TEXT_ITEM 0x4000u

extern const mw_cosem_functions mw_electric_data, mw_electric_register, mw_electric_extended,
    mw_electric_demand, mw_electric_rows, mw_electric_clock, mw_electric_script,
    mw_electric_specials, mw_electric_sap, mw_electric_image_transfer, mw_electric_local_port,
    mw_electric_activity, mw_electric_monitoring, mw_electric_single_action, mw_electric_hdlc,
    mw_electric_tcp, mw_electric_push_setup, mw_electric_security, mw_electric_disconnect,
    mw_electric_limiter;

/* Values read in order; the first that is not as expected spoils the rest. */
typedef struct mw_electric_take {
    mw_cosem_cursor c;
    bool bad;
} mw_electric_take;

mw_electric_take mw_electric_take_of(const mw_cosem_item *what);
mw_electric_take mw_electric_take_bytes(mw_slice bytes);
/* Elements, or 0 when it is spoiled. */
uint32_t mw_electric_take_array(mw_electric_take *t, uint32_t most);
void mw_electric_take_structure(mw_electric_take *t, uint32_t count);
int64_t mw_electric_take_number(mw_electric_take *t, mw_cosem_tag tag);
/* Any integer type. */
int64_t mw_electric_take_any(mw_electric_take *t);
mw_slice mw_electric_take_octets(mw_electric_take *t, size_t least, size_t most);
/* A moment in 12 octets, tagged or not; local time when it names no deviation. */
mw_utc mw_electric_take_moment(mw_electric_take *t, const mw_electric_objects *o);

void mw_electric_put_moment(mw_cosem_out *out, const mw_electric_objects *o, mw_utc t,
                            uint8_t status);
void mw_electric_put_number(mw_cosem_out *out, uint16_t which, int64_t value);
/* A register's value, or a result. */
uint8_t mw_electric_put_current(const mw_electric_objects *o, uint16_t which, mw_cosem_out *out);
uint8_t mw_electric_number_take(const mw_electric_objects *o, uint16_t which,
                                const mw_cosem_item *what);
/* The object of a table that shows a number: class and name. */
const mw_cosem_object *mw_electric_object_of_number(const mw_electric_objects *o, uint16_t which);
/* The number that an attribute descriptor names; MW_ELECTRIC_NUMBERS: none. */
uint16_t mw_electric_number_of(const mw_electric_objects *o, uint16_t class_id, mw_slice name);
void mw_electric_put_script(mw_cosem_out *out, uint8_t table, uint16_t script);

#endif
