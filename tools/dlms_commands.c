/* SPDX-License-Identifier: Apache-2.0 */
#include "tools/dlms_commands.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "protocols/cosem/explain.h"
#include "protocols/cosem/values.h"
#include "tools/dlms_run.h"

const char dlms_usage[] =
    "       mw-dlms scan|list|everything|read|profile|set|act|follow [WHERE] [WHO] ...\n"
    "  scan                        who is there: addresses and clients that answer\n"
    "  list                        the objects this client sees\n"
    "  everything                  each attribute of each object that may be read\n"
    "  read [CLASS/]OBIS[:ATTR]... attributes (default 2), with scaler and unit\n"
    "  profile OBIS [--last N | --entries A B | --from T --to T]   rows as CSV; T is UTC,\n"
    "                              2026-11-22T00:00:00Z\n"
    "  set CLASS/OBIS:ATTR HEX     writes a value, A-XDR in hexadecimal\n"
    "  act CLASS/OBIS:METHOD [HEX] executes a method (default parameter: integer 0)\n"
    "  follow PORT                 listens for pushes over the wrapper, TCP and UDP, shows them\n"
    "                              and confirms those that ask for it\n"
    "  follow                      with --hdlc or --serial: pushes in UI frames\n"
    "WHERE --tcp HOST:PORT (wrapper) | --udp HOST:PORT (wrapper) | --hdlc HOST:PORT |\n"
    "      --serial DEVICE [--speed BAUD]  --blocks N (general block transfer, window of N)\n"
    "      --mode-e  --server N (1)  --physical N  --address-bytes 1|2|4\n"
    "      --timeout MS (1500)  --tries N (3)  --verbose\n"
    "WHO   --client N (16)  --password TEXT | --sha256 SECRET | --gmac --key HEX --auth HEX "
    "[--title HEX]\n"
    "      [--plain]  [--counter FILE | --counter-object OBIS]\n";

static int list_command(void) {
    int status = dlms_fetch_list();
    if (status != DONE)
        return status;
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.list, dlms.list_n}, 0);
    dlms_listed o;
    while (dlms_next_listed(&c, &o)) {
        char name[MW_OBIS_TEXT_MAX], words[MW_COSEM_NAME_MAX];
        mw_obis_format(o.name, name);
        mw_cosem_object_name(o.name, words);
        printf("%u v%u %s %s\n", o.class_id, o.version, name, words);
    }
    return DONE;
}

/* A register's value with its unit, exactly. */
static bool show_quantity(const mw_cosem_item *what) {
    mw_cosem_value v, scale;
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
    int64_t number, scaler, unit;
    if (mw_cosem_cursor_next(&c, &v) != MW_OK || mw_cosem_value_int64(&v, &number) != MW_OK ||
        dlms_get(what->class_id, what->name, 3) != MW_OK)
        return false;
    c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
    if (mw_cosem_cursor_next(&c, &scale) != MW_OK || mw_cosem_cursor_next(&c, &scale) != MW_OK)
        return false;
    scaler = scale.number;
    if (mw_cosem_cursor_next(&c, &scale) != MW_OK)
        return false;
    unit = scale.number;
    mw_quantity q;
    char text[40];
    if (mw_cosem_quantity_of(number, (int8_t)scaler, (uint8_t)unit, &q) == MW_OK &&
        mw_quantity_format(q, (mw_span){(uint8_t *)text, sizeof text}) == MW_OK)
        printf("%s %s\n", text, mw_unit_info_of(q.unit)->symbol);
    else
        printf("%" PRId64 " x 10^%" PRId64 " unit %" PRId64 "\n", number, scaler, unit);
    return true;
}

static int read_command(void) {
    int status = DONE;
    for (int i = 0; i < dlms.arguments && status != NOT_REACHED; i++) {
        mw_cosem_item what;
        int code = dlms_target(dlms.argument[i], &what);
        if (code != DONE) {
            status = code;
            continue;
        }
        char name[MW_OBIS_TEXT_MAX];
        mw_obis_format(what.name, name);
        printf("%u/%s:%d ", what.class_id, name, what.member);
        if (dlms_get(what.class_id, what.name, what.member) != MW_OK) {
            printf("- %s\n", mw_cosem_result_text(dlms.session.result));
            status = dlms_told(dlms.session.fault, dlms.argument[i]);
            continue;
        }
        bool quantity = (what.class_id == 3 || what.class_id == 4) && what.member == 2;
        if (quantity && show_quantity(&what))
            continue;
        dlms_show((mw_slice){dlms.value, dlms.value_n});
        putchar('\n');
    }
    return status;
}

/* Reads the attributes that an object's access rights open: cursor stands behind its name, on
 * {[{attribute, mode, selectors}], [methods]}. */
static int read_object(mw_cosem_cursor *c, const dlms_listed *o, unsigned *read,
                       unsigned *refused) {
    mw_cosem_value v;
    char name[MW_OBIS_TEXT_MAX];
    if (mw_cosem_cursor_next(c, &v) != MW_OK || mw_cosem_cursor_next(c, &v) != MW_OK ||
        v.tag != MW_COSEM_ARRAY)
        return REFUSED;
    mw_obis_format(o->name, name);
    for (uint32_t left = v.count; left != 0; left--) {
        mw_cosem_value attribute, mode;
        if (mw_cosem_cursor_next(c, &v) != MW_OK || mw_cosem_cursor_next(c, &attribute) != MW_OK ||
            mw_cosem_cursor_next(c, &mode) != MW_OK || mw_cosem_cursor_next(c, &v) != MW_OK ||
            mw_cosem_cursor_skip(c, &v) != MW_OK)
            return REFUSED;
        if (!(mode.number & 1))
            continue;
        printf("%u/%s:%d ", o->class_id, name, (int)attribute.number);
        mw_status status = dlms_get(o->class_id, o->name, (int)attribute.number);
        if (status == MW_OK)
            dlms_show((mw_slice){dlms.value, dlms.value_n});
        else if (status == MW_NOT_FOUND)
            printf("- %s", mw_cosem_result_text(dlms.session.result));
        else if (dlms.session.fault == MW_COSEM_FAULT_PROTOCOL)
            printf("- no sense in the answer"); /* of this attribute; others may have one */
        else
            return dlms_told(dlms.session.fault, name);
        putchar('\n');
        ++*(status == MW_OK ? read : refused);
    }
    return DONE;
}

static int everything_command(void) {
    unsigned read = 0, refused = 0;
    int status = dlms_fetch_list();
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.list, dlms.list_n}, 0);
    mw_mono from = dlms_now();
    dlms_listed o;
    while (status == DONE && dlms_next_listed(&c, &o))
        status = read_object(&c, &o, &read, &refused);
    fprintf(stderr, "%u attributes read, %u refused, %u exchanges, %" PRId64 " us\n", read, refused,
            dlms.session.exchanges, mw_mono_since(dlms_now(), from).ns / 1000);
    return status;
}

/* ---- Profiles ---- */

static bool moment(const char *text, uint8_t out[12]) {
    struct tm t = {0};
    if (sscanf(text, "%d-%d-%dT%d:%d:%d", &t.tm_year, &t.tm_mon, &t.tm_mday, &t.tm_hour, &t.tm_min,
               &t.tm_sec) < 3)
        return false;
    mw_civil c = {.year = t.tm_year,
                  .month = (uint8_t)t.tm_mon,
                  .day = (uint8_t)t.tm_mday,
                  .hour = (uint8_t)t.tm_hour,
                  .minute = (uint8_t)t.tm_min,
                  .second = (uint8_t)t.tm_sec};
    mw_utc at;
    if (mw_utc_of_civil(&c, &at) != MW_OK)
        return false;
    mw_cosem_datetime dt = mw_cosem_datetime_of_utc(at, 0, 0);
    mw_cosem_datetime_encode(&dt, out);
    return true;
}

static int show_columns(mw_obis name) {
    if (dlms_get(7, name, 3) != MW_OK)
        return dlms_told(dlms.session.fault, "columns");
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
    mw_cosem_value v;
    bool first = true;
    while (mw_cosem_cursor_next(&c, &v) == MW_OK)
        if (v.tag == MW_COSEM_OCTET_STRING && v.bytes.n == MW_OBIS_BYTES) {
            char text[MW_OBIS_TEXT_MAX];
            mw_obis code;
            if (mw_obis_of_bytes(v.bytes, &code) != MW_OK)
                continue;
            mw_obis_format(code, text);
            printf("%s%s", first ? "" : ",", text);
            first = false;
        }
    putchar('\n');
    return DONE;
}

static int profile_command(void) {
    mw_cosem_item what;
    uint8_t room[96], from[12], to[12];
    if (dlms.arguments != 1)
        return dlms_fail(USAGE, "which profile?");
    int status = dlms_target(dlms.argument[0], &what);
    if (status == DONE)
        status = show_columns(what.name);
    if (status != DONE)
        return status;
    if (dlms.from != NULL) {
        if (!moment(dlms.from, from) ||
            !moment(dlms.to != NULL ? dlms.to : "2105-01-01T00:00:00", to))
            return dlms_fail(USAGE, "a time is written 2026-11-22T00:00:00Z");
        what.selector = 1;
        what.selection = mw_cosem_select_range(MW_SPAN_OF(room), from, to);
    } else if (dlms.entry_from != 0) {
        what.selector = 2;
        what.selection = mw_cosem_select_entries(MW_SPAN_OF(room), dlms.entry_from, dlms.entry_to);
    } else if (dlms.last != 0) {
        mw_cosem_value v = {.number = 0};
        if (dlms_get(7, what.name, 7) != MW_OK)
            return dlms_told(dlms.session.fault, "entries in use");
        mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
        if (mw_cosem_cursor_next(&c, &v) != MW_OK || v.number <= 0)
            return DONE;
        uint32_t all = (uint32_t)v.number;
        what.selector = 2;
        what.selection =
            mw_cosem_select_entries(MW_SPAN_OF(room), all > dlms.last ? all - dlms.last + 1 : 1, 0);
    }
    what.selective = what.selector != 0;
    if (mw_cosem_session_get(&dlms.session, &what, MW_SPAN_OF(dlms.value), &dlms.value_n) != MW_OK)
        return dlms_told(dlms.session.fault, "rows");
    mw_cosem_cursor c = mw_cosem_cursor_of((mw_slice){dlms.value, dlms.value_n}, 0);
    mw_cosem_value v;
    while (mw_cosem_cursor_next(&c, &v) == MW_OK)
        if (v.depth == 1 && v.tag == MW_COSEM_STRUCTURE) {
            size_t at = c.reader.at - 2; /* tag and count of the row */
            if (mw_cosem_cursor_skip(&c, &v) != MW_OK)
                break;
            dlms_show_row((mw_slice){dlms.value + at, c.reader.at - at});
            putchar('\n');
        }
    return DONE;
}

/* ---- Writing ---- */

static int change_command(bool act) {
    mw_cosem_item what;
    static const uint8_t zero[] = {MW_COSEM_INT8, 0};
    if (dlms.arguments < 1 || dlms.arguments > 2 || (!act && dlms.arguments != 2))
        return dlms_fail(USAGE, "what, and which value?");
    int status = dlms_target(dlms.argument[0], &what);
    if (status != DONE)
        return status;
    static uint8_t data[DLMS_APDU_MAX];
    size_t n = 0, checked = 0;
    what.has_data = true;
    what.data = MW_SLICE_OF(zero);
    if (dlms.arguments == 2) {
        if (!dlms_hex_of(dlms.argument[1], data, sizeof data, &n) ||
            mw_cosem_data_check((mw_slice){data, n}, 0, &checked) != MW_OK || checked != n)
            return dlms_fail(USAGE, "the value is no A-XDR, such as 1600 for enum 0");
        what.data = (mw_slice){data, n};
    }
    mw_status done =
        act ? mw_cosem_session_act(&dlms.session, &what, MW_SPAN_OF(dlms.value), &dlms.value_n)
            : mw_cosem_session_set(&dlms.session, &what);
    if (done != MW_OK)
        return dlms_told(dlms.session.fault, dlms.argument[0]);
    if (act && dlms.value_n != 0) {
        dlms_show((mw_slice){dlms.value, dlms.value_n});
        putchar('\n');
    }
    return DONE;
}

/* ---- Scan ---- */

static bool answers(unsigned client, unsigned physical, unsigned bytes) {
    dlms_address a = dlms.where;
    mw_cosem_fault fault;
    a.client = client;
    a.physical = physical;
    a.address_bytes = bytes;
    a.tries = 1;
    mw_status status = dlms_link_open(&dlms.link, &a, &fault);
    if (status == MW_OK) {
        mw_cosem_session_config c = dlms.config;
        c.mechanism = MW_COSEM_MECHANISM_NONE;
        c.ciphered = false;
        mw_cosem_session_init(&dlms.session, &c);
        mw_cosem_fault why = MW_COSEM_FAULT_NONE;
        if (mw_cosem_session_open(&dlms.session) != MW_OK)
            why = dlms.session.fault;
        if (!dlms_wrapped(&a))
            printf("address %u of %u bytes: ", bytes == 1 ? a.logical : physical, bytes);
        printf("client %u: %s\n", client,
               why == MW_COSEM_FAULT_NONE           ? "associates without a password"
               : why == MW_COSEM_FAULT_WRONG_METHOD ? "is known and wants a password or keys"
               : why == MW_COSEM_FAULT_WRONG_SAP    ? "not known"
                                                    : mw_cosem_fault_text(why));
        dlms_close_session();
    }
    return status == MW_OK;
}

static int scan_command(void) {
    static const unsigned clients[] = {16, 32, 48, 1, 2, 3, 17, 18, 64, 102};
    unsigned found = 0, physical = 0, bytes = 1;
    unsigned last = dlms.last != 0 ? dlms.last : 127;
    if (!dlms_wrapped(&dlms.where)) {
        static const unsigned lengths[] = {1, 4, 2};
        bool hit = false;
        for (unsigned l = 0; l < 3 && !hit; l++)
            for (unsigned p = lengths[l] == 1 ? 0 : dlms.where.physical; p <= last && !hit; p++) {
                hit = answers(16, p, lengths[l]);
                physical = p;
                bytes = lengths[l];
                if (lengths[l] == 1)
                    break;
            }
        if (!hit)
            return dlms_told(dlms.link.fd < 0 ? MW_COSEM_FAULT_NO_CARRIER
                                              : MW_COSEM_FAULT_WRONG_ADDRESS,
                             "scan");
        found++;
    }
    for (unsigned i = !dlms_wrapped(&dlms.where) ? 1 : 0; i < sizeof clients / sizeof clients[0];
         i++)
        found += answers(clients[i], physical, bytes);
    return found != 0 ? DONE : dlms_told(MW_COSEM_FAULT_NO_CARRIER, "scan");
}

int dlms_command(int argc, char **argv) {
    static const char *const names[] = {"scan", "list", "read",       "profile",
                                        "set",  "act",  "everything", "follow"};
    unsigned which = 0;
    while (which < 8 && strcmp(argv[0], names[which]) != 0)
        which++;
    if (which == 8)
        return -1;
    dlms.where =
        (dlms_address){.speed = 9600, .client = 16, .logical = 1, .timeout_ms = 1500, .tries = 3};
    dlms.config = (mw_cosem_session_config){.title = {{'M', 'W', 'D', 'L', 'M', 'S', 0, 1}},
                                            .context = &dlms.link,
                                            .exchange = dlms_link_exchange,
                                            .next_counter = dlms_next_counter,
                                            .random = dlms_random_of,
                                            .request = MW_SPAN_OF(dlms.request),
                                            .sealed = MW_SPAN_OF(dlms.sealed),
                                            .answer = MW_SPAN_OF(dlms.answer)};
    const char *why = dlms_take_arguments(argc, argv);
    if (why != NULL)
        return dlms_fail(USAGE, why);
    if (which == 7)
        return dlms_follow();
    if ((dlms.where.tcp != NULL) + (dlms.where.udp != NULL) + (dlms.where.hdlc != NULL) +
            (dlms.where.serial != NULL) !=
        1)
        return dlms_fail(USAGE, "where is the meter? One of --tcp, --udp, --hdlc, --serial");
    if (dlms.blocks != 0) {
        dlms.config.gathered = MW_SPAN_OF(dlms.gathered);
        dlms.config.window = (uint8_t)(dlms.blocks > 63 ? 63 : dlms.blocks);
        bool wrapped = dlms.where.tcp != NULL || dlms.where.udp != NULL;
        dlms.config.receive = wrapped ? dlms_link_receive : NULL;
    }
    if (which == 0)
        return scan_command();
    int status = dlms_prepare();
    if (status != DONE)
        return status;
    status = which == 1   ? list_command()
             : which == 2 ? read_command()
             : which == 3 ? profile_command()
             : which == 6 ? everything_command()
                          : change_command(which == 5);
    dlms_close_session();
    mw_key_wipe(&dlms.key);
    mw_key_wipe(&dlms.auth);
    return status;
}
