/* SPDX-License-Identifier: Apache-2.0
 *
 * One run of mw-dlms: its arguments, its association, what it has read. */
#ifndef MW_TOOLS_DLMS_RUN_H
#define MW_TOOLS_DLMS_RUN_H

#include "tools/dlms_link.h"

enum { DONE = 0, USAGE = 1, NOT_REACHED = 2, REFUSED = 3, VALUE_MAX = 1 << 22, ARGUMENTS = 64 };

typedef struct dlms_run {
    dlms_address where;
    dlms_link link;
    mw_cosem_session session;
    mw_cosem_session_config config;
    mw_key key, auth;
    bool has_key, has_auth, gmac, plain;
    mw_cosem_keys keys;
    const char *counter_file, *counter_object;
    const char *secret; /* of high security 6 */
    uint32_t counter;
    const char *argument[ARGUMENTS];
    int arguments;
    const char *from, *to;
    uint32_t last, entry_from, entry_to;
    unsigned blocks; /* window of general block transfer, 0: not offered */
    uint8_t gathered[VALUE_MAX];
    uint8_t request[2048], sealed[DLMS_APDU_MAX], answer[DLMS_APDU_MAX], value[VALUE_MAX];
    size_t value_n;
    uint8_t list[VALUE_MAX];
    size_t list_n;
} dlms_run;

extern dlms_run dlms;

/* mw-dlms follow, dlms_follow.c. */
int dlms_follow(void);
/* Says why; returns the status. */
int dlms_fail(int status, const char *why);
/* The same for a fault of the meter or the line. */
int dlms_told(mw_cosem_fault fault, const char *doing);
bool dlms_hex_of(const char *text, uint8_t *out, size_t room, size_t *out_n);
/* NULL, or what is wrong. */
const char *dlms_take_arguments(int argc, char **argv);
/* Opens link and association as the arguments say. */
int dlms_prepare(void);
void dlms_close_session(void);
mw_status dlms_get(uint16_t class_id, mw_obis name, int attribute);

typedef struct dlms_listed {
    uint16_t class_id;
    uint8_t version;
    mw_obis name;
} dlms_listed;
int dlms_fetch_list(void);
/* The next object: {class, version, name, rights}. */
bool dlms_next_listed(mw_cosem_cursor *c, dlms_listed *out);
/* "[CLASS/]OBIS[:MEMBER]"; the class is looked up in the object list when it is not given. */
int dlms_target(const char *text, mw_cosem_item *out);
mw_status dlms_next_counter(void *context, uint32_t *out);
void dlms_random_of(void *context, mw_span out);

#endif
