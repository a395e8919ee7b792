/* SPDX-License-Identifier: Apache-2.0
 *
 * Walks recorded and published DLMS/COSEM bytes and compares every value with what is known of
 * them. vectors.jsonl beside this file is openly licensed (NOTICE.md). Examples of standards may
 * not be copied: they are read where the environment variable MW_DLMS_VECTORS says, else that part
 * is skipped.
 */
#include <jansson.h>
#include <math.h>
#include <stdio.h>

#include "protocols/cosem/acse.h"
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/security.h"
#include "protocols/cosem/values.h"
#include "protocols/hdlc/deframer.h"
#include "tests/harness/mw_test.h"

static const char *name; /* of the vector under test, for messages */

#define SAY_UNLESS(cond)                                                                           \
    do {                                                                                           \
        if (!(cond)) {                                                                             \
            print_error("%s: %s\n", name, #cond);                                                  \
            _fail(__FILE__, __LINE__);                                                             \
        }                                                                                          \
    } while (0)

static const char *text_of(json_t *v, const char *key) {
    const char *s = json_string_value(json_object_get(v, key));
    return s != NULL ? s : "";
}

static mw_slice bytes_of(json_t *v, const char *key) {
    return mw_test_hex(text_of(v, key));
}

/* ---- from the line to the APDU ---- */

typedef struct bench {
    uint8_t apdu[4096], part[4096], plain[4096];
    size_t n;
} bench;

static mw_slice without_llc(mw_slice info) {
    bool llc = info.n >= 3 && info.p[0] == 0xE6 && (info.p[1] & 0xFE) == 0xE6;
    return llc ? mw_slice_sub(info, 3, info.n - 3) : info;
}

static void add(bench *b, mw_slice s) {
    SAY_UNLESS(b->n + s.n <= sizeof b->apdu);
    mw_bytes_copy(b->apdu + b->n, s.p, s.n);
    b->n += s.n;
}

/* A general block holds a part of the APDU. */
static void add_unit(bench *b, mw_slice unit, mw_cosem_gather *g) {
    mw_cosem_apdu a;
    if (unit.n == 0 || unit.p[0] != 0xE0) {
        add(b, unit);
        return;
    }
    SAY_UNLESS(mw_cosem_apdu_decode(unit, 0, &a) == MW_OK);
    mw_status s = mw_cosem_gather_take(g, a.block, a.last, a.item.data);
    SAY_UNLESS(s == (a.last ? MW_OK : MW_AGAIN));
    if (s == MW_OK)
        add(b, mw_cosem_gather_done(g));
}

static mw_status unwrap_hdlc(bench *b, mw_slice line, json_t *frames) {
    static uint8_t memory[MW_HDLC_FRAME_MAX];
    uint8_t unit[4096];
    size_t fill = 0, count = 0;
    mw_hdlc_deframer d;
    mw_hdlc_frame f;
    mw_cosem_gather g;
    mw_cosem_gather_init(&g, MW_SPAN_OF(b->part));
    mw_hdlc_deframer_init(&d, MW_SPAN_OF(memory));
    SAY_UNLESS(mw_hdlc_deframer_push(&d, line) == line.n);
    for (; mw_hdlc_deframer_pull(&d, &f) == MW_OK; count++) {
        mw_slice info = fill == 0 ? without_llc(f.information) : f.information;
        json_t *expected = json_array_get(frames, count);
        SAY_UNLESS(json_is_true(json_object_get(expected, "seg")) == f.segmented);
        SAY_UNLESS(bytes_of(expected, "ctrl").p[0] == f.control);
        mw_bytes_copy(unit + fill, info.p, info.n);
        fill += info.n;
        if (f.segmented)
            continue;
        add_unit(b, (mw_slice){unit, fill}, &g);
        fill = 0;
    }
    if (count == 0)
        return d.bad_checksum != 0 ? MW_CHECKSUM : MW_SYNTAX;
    SAY_UNLESS(count == json_array_size(frames) || frames == NULL);
    return MW_OK;
}

/* EN 13757-2 long frames: 68 L L 68, L bytes (C, A, CI, two service access points, data), sum, 16.
 */
static mw_status unwrap_mbus(bench *b, mw_slice line) {
    while (line.n >= 6) {
        size_t n = line.p[1];
        SAY_UNLESS(line.p[0] == 0x68 && line.p[3] == 0x68 && n >= 5 && line.n >= n + 6);
        uint8_t sum = 0;
        for (size_t i = 0; i < n; i++)
            sum = (uint8_t)(sum + line.p[4 + i]);
        if (sum != line.p[4 + n])
            return MW_CHECKSUM;
        add(b, mw_slice_sub(line, 9, n - 5));
        line = mw_slice_sub(line, n + 6, line.n - n - 6);
    }
    return MW_OK;
}

static mw_status unwrap(bench *b, json_t *v) {
    mw_slice line = bytes_of(v, "hex");
    b->n = 0;
    if (line.p[0] == MW_HDLC_FLAG)
        return unwrap_hdlc(b, line, json_object_get(v, "hdlc"));
    if (line.p[0] == 0x68)
        return unwrap_mbus(b, line);
    add(b, without_llc(line));
    return MW_OK;
}

/* ---- ciphering ---- */

static void keys_of(json_t *v, mw_cosem_keys *k) {
    mw_key ek, ak = {{0}};
    MW_CHECK_OK(mw_key_of_bytes(bytes_of(v, "key"), &ek));
    if (json_object_get(v, "authkey") != NULL)
        MW_CHECK_OK(mw_key_of_bytes(bytes_of(v, "authkey"), &ak));
    MW_CHECK_OK(mw_cosem_keys_init(k, &mw_gcm_own, &ek, &ak));
}

static mw_cosem_title title_of(json_t *v) {
    mw_cosem_title t;
    SAY_UNLESS(bytes_of(v, "system_title").n == 8);
    mw_bytes_copy(t.b, bytes_of(v, "system_title").p, 8);
    return t;
}

static uint32_t counter_of(json_t *v) {
    return (uint32_t)strtoul(text_of(v, "ic"), NULL, 16);
}

static mw_slice decrypt(bench *b, json_t *v, mw_slice apdu) {
    mw_cosem_ciphered c;
    SAY_UNLESS(mw_cosem_ciphered_decode(apdu, &c) == MW_OK);
    SAY_UNLESS(c.counter == counter_of(v));
    SAY_UNLESS(c.control == bytes_of(v, "security_control").p[0]);
    mw_cosem_title title = title_of(v);
    SAY_UNLESS(c.title.n == 0 || mw_slice_equal(c.title, MW_SLICE_OF(title.b)));
    if (json_object_get(v, "key") == NULL)
        return (mw_slice){0};
    mw_cosem_keys k;
    keys_of(v, &k);
    mw_cosem_open_options o = {.least_counter = c.counter, .required = MW_COSEM_SC_ENCRYPTED};
    size_t n;
    SAY_UNLESS(mw_cosem_unprotect(&k, &title, &c, &o, MW_SPAN_OF(b->plain), &n) == MW_OK);
    mw_slice plain = {b->plain, n};
    SAY_UNLESS(mw_slice_equal(plain, bytes_of(v, "plaintext")));
    /* a wrong key, a changed text and an old counter are each told for what they are */
    uint8_t other[4096];
    if ((c.control & MW_COSEM_SC_AUTHENTICATED) != 0) {
        k.authentication.b[3] ^= 1;
        MW_CHECK_STATUS(mw_cosem_unprotect(&k, &title, &c, &o, MW_SPAN_OF(other), &n), MW_AUTH);
        o.unverified = true;
        MW_CHECK_OK(mw_cosem_unprotect(&k, &title, &c, &o, MW_SPAN_OF(other), &n));
        k.authentication.b[3] ^= 1;
    }
    o.least_counter = c.counter + 1;
    MW_CHECK_STATUS(mw_cosem_unprotect(&k, &title, &c, &o, MW_SPAN_OF(other), &n), MW_REPLAY);
    MW_CHECK_OK(
        mw_cosem_protect(&k, c.form, c.control, &title, c.counter, plain, MW_SPAN_OF(other), &n));
    mw_cosem_ciphered again;
    MW_CHECK_OK(mw_cosem_ciphered_decode((mw_slice){other, n}, &again));
    SAY_UNLESS(mw_slice_equal(again.text, c.text) && again.tag == c.tag);
    mw_cosem_keys_fini(&k);
    return plain;
}

/* ---- values ---- */

typedef struct entry {
    char key[40];
    bool has_value, has_scaler, has_unit;
    mw_cosem_value value;
    int64_t scaler, unit;
} entry;

enum { ENTRIES_MAX = 64 };

static void key_of(entry *e, const uint8_t *obis, int attribute) {
    int n = snprintf(e->key, sizeof e->key, "%u.%u.%u.%u.%u.%u", obis[0], obis[1], obis[2], obis[3],
                     obis[4], obis[5]);
    if (attribute >= 0)
        snprintf(e->key + n, sizeof e->key - (size_t)n, ":%d", attribute);
}

/* The common shape of pushes: an OBIS code, its value, perhaps scaler and unit. */
static size_t entries_of(mw_slice data, unsigned quirks, entry *e) {
    size_t n = 0;
    mw_cosem_cursor c = mw_cosem_cursor_of(data, quirks);
    for (mw_cosem_value v; mw_cosem_cursor_next(&c, &v) == MW_OK;) {
        entry *last = n != 0 ? &e[n - 1] : NULL;
        bool attribute = v.tag == MW_COSEM_ATTRIBUTE;
        bool code = v.tag == MW_COSEM_OCTET_STRING && v.bytes.n == 6 && v.bytes.p[0] <= 1;
        if (v.tag == MW_COSEM_ARRAY || v.tag == MW_COSEM_STRUCTURE)
            continue;
        if (attribute || (code && (last == NULL || last->has_value))) {
            SAY_UNLESS(n < ENTRIES_MAX);
            e[n] = (entry){.has_value = false};
            key_of(&e[n++], v.bytes.p + (attribute ? 2 : 0), attribute ? v.bytes.p[8] : -1);
        } else if (last != NULL && !last->has_value) {
            last->has_value = true;
            last->value = v;
        } else if (last != NULL && v.tag == MW_COSEM_INT8) {
            last->has_scaler = true;
            last->scaler = v.number;
        } else if (last != NULL && v.tag == MW_COSEM_ENUM && last->has_scaler) {
            last->has_unit = true;
            last->unit = v.number;
        }
    }
    return n;
}

static bool leaf_equal(json_t *raw, const mw_cosem_value *v) {
    if (json_is_integer(raw))
        return mw_cosem_value_is_number(v) && json_integer_value(raw) == v->number;
    if (json_is_object(raw))
        return mw_slice_equal(bytes_of(raw, "hex"), v->bytes);
    const char *s = json_string_value(raw);
    if (s == NULL)
        return json_is_null(raw) && v->tag == MW_COSEM_NULL;
    if (strncmp(s, "hex:", 4) == 0)
        return mw_slice_equal(mw_test_hex(s + 4), v->bytes);
    if (strncmp(s, "obis:", 5) == 0) {
        mw_obis o;
        return mw_obis_parse(mw_slice_of_str(s + 5), &o) == MW_OK &&
               mw_slice_equal(MW_SLICE_OF(o.b), v->bytes);
    }
    return mw_slice_equal(mw_slice_of_str(s), v->bytes);
}

static bool entry_equal(json_t *expected, const entry *e) {
    if (!e->has_value || !leaf_equal(json_object_get(expected, "raw"), &e->value))
        return false;
    json_t *scaler = json_object_get(expected, "scaler");
    if (scaler == NULL)
        return true;
    mw_quantity q;
    if (!e->has_unit || json_integer_value(scaler) != e->scaler)
        return false;
    double value = (double)e->value.number * pow(10, (double)e->scaler);
    if (fabs(value - json_number_value(json_object_get(expected, "value"))) > 1e-9)
        return false;
    const char *unit = text_of(expected, "unit");
    return mw_cosem_quantity_of(e->value.number, (int8_t)e->scaler, (uint8_t)e->unit, &q) ==
               MW_OK &&
           strcmp(mw_unit_info_of(q.unit)->symbol, strcmp(unit, "count") == 0 ? "" : unit) == 0;
}

static unsigned compare_entries(json_t *decoded, mw_slice data, unsigned quirks) {
    static entry e[ENTRIES_MAX];
    size_t n = entries_of(data, quirks, e);
    unsigned values = 0;
    const char *key;
    json_t *expected;
    json_object_foreach(decoded, key, expected) {
        bool found = false;
        for (size_t i = 0; i < n && !found; i++)
            found = strcmp(e[i].key, key) == 0 && entry_equal(expected, &e[i]);
        if (!found)
            print_error("%s: %s differs or is absent\n", name, key);
        SAY_UNLESS(found);
        values++;
    }
    return values;
}

/* The leaves of a tree in order. */
static unsigned compare_tree(json_t *tree, mw_cosem_cursor *c) {
    unsigned values = 0;
    if (json_is_array(tree)) {
        size_t i;
        json_t *part;
        json_array_foreach(tree, i, part) values += compare_tree(part, c);
        return values;
    }
    mw_cosem_value v;
    do
        SAY_UNLESS(mw_cosem_cursor_next(c, &v) == MW_OK);
    while (v.tag == MW_COSEM_ARRAY || v.tag == MW_COSEM_STRUCTURE);
    SAY_UNLESS(leaf_equal(tree, &v));
    return 1;
}

static void compare_time(json_t *expected, mw_slice time) {
    if (expected == NULL)
        return;
    mw_cosem_datetime d;
    char text[64];
    SAY_UNLESS(mw_cosem_datetime_decode(time, &d) == MW_OK);
    snprintf(text, sizeof text, "%04u-%02u-%02u", d.year, d.month, d.day);
    SAY_UNLESS(strcmp(text, text_of(expected, "date")) == 0);
    snprintf(text, sizeof text, "%02u:%02u:%02u", d.hour, d.minute, d.second);
    SAY_UNLESS(strcmp(text, text_of(expected, "time")) == 0);
    json_t *deviation = json_object_get(expected, "deviation");
    SAY_UNLESS(d.deviation ==
               (json_is_null(deviation) ? MW_COSEM_NO_DEVIATION : json_integer_value(deviation)));
    SAY_UNLESS(d.status == json_integer_value(json_object_get(expected, "status")));
}

/* ---- one vector of each kind; returns how many values were compared ---- */

static unsigned check_push(bench *b, json_t *v) {
    SAY_UNLESS(unwrap(b, v) == MW_OK);
    mw_slice apdu = {b->apdu, b->n};
    if (mw_cosem_tag_is_ciphered(apdu.p[0]))
        apdu = decrypt(b, v, apdu);
    if (apdu.n == 0)
        return 1; /* no key: its frame and header are right */
    unsigned quirks =
        strstr(text_of(v, "note"), "WITHOUT A-XDR") != NULL ? MW_COSEM_QUIRK_BARE_ATTRIBUTE : 0;
    mw_cosem_apdu a;
    SAY_UNLESS(mw_cosem_apdu_decode(apdu, quirks, &a) == MW_OK);
    SAY_UNLESS(a.kind == MW_COSEM_DATA_NOTIFICATION);
    if (json_object_get(v, "invoke") != NULL)
        SAY_UNLESS(a.invoke == (uint32_t)strtoul(text_of(v, "invoke"), NULL, 16));
    compare_time(json_object_get(v, "datetime"), a.time);
    compare_time(json_object_get(v, "inner_datetime"), a.time);
    json_t *tree = json_object_get(v, "decoded_tree");
    if (tree == NULL)
        return compare_entries(json_object_get(v, "decoded"), a.item.data, quirks);
    mw_cosem_cursor c = mw_cosem_cursor_of(a.item.data, quirks);
    unsigned n = compare_tree(tree, &c);
    mw_cosem_value more;
    SAY_UNLESS(mw_cosem_cursor_next(&c, &more) == MW_NOT_FOUND);
    return n;
}

static unsigned check_associate(mw_slice apdu) {
    mw_cosem_associate a;
    uint8_t again[512];
    size_t n;
    SAY_UNLESS(mw_cosem_associate_decode(apdu, &a) == MW_OK);
    SAY_UNLESS(mw_cosem_associate_encode(&a, MW_SPAN_OF(again), &n) == MW_OK);
    SAY_UNLESS(mw_slice_equal(apdu, (mw_slice){again, n}));
    mw_cosem_initiate i;
    mw_cosem_service_error e;
    if (a.user.p[0] == 0x0E) {
        SAY_UNLESS(mw_cosem_service_error_decode(a.user, &e) == MW_OK && e.error_class == 6);
    } else if (!mw_cosem_tag_is_ciphered(a.user.p[0])) {
        SAY_UNLESS(mw_cosem_initiate_decode(a.user, &i) == MW_OK && i.version == 6);
        SAY_UNLESS(mw_cosem_initiate_encode(&i, MW_SPAN_OF(again), &n) == MW_OK);
        SAY_UNLESS(mw_slice_equal(a.user, (mw_slice){again, n}));
    }
    return 1;
}

static unsigned check_service(json_t *decoded, mw_slice apdu) {
    mw_cosem_apdu a;
    uint8_t again[2048];
    size_t n;
    SAY_UNLESS(mw_cosem_apdu_decode(apdu, 0, &a) == MW_OK);
    SAY_UNLESS(mw_cosem_apdu_encode(&a, MW_SPAN_OF(again), &n) == MW_OK);
    SAY_UNLESS(mw_slice_equal(apdu, (mw_slice){again, n}));
    json_t *get = json_object_get(decoded, "get_request");
    if (get != NULL) {
        mw_obis o;
        MW_CHECK_OK(mw_obis_parse(mw_slice_of_str(text_of(get, "obis")), &o));
        SAY_UNLESS(mw_obis_equal(a.item.name, o));
        SAY_UNLESS(a.item.class_id == json_integer_value(json_object_get(get, "class")));
        SAY_UNLESS(a.item.member == json_integer_value(json_object_get(get, "attr")));
        SAY_UNLESS(a.item.selective == json_is_true(json_object_get(get, "selective")));
    }
    json_t *got = json_object_get(decoded, "get_response");
    if (got != NULL) {
        SAY_UNLESS(a.kind == MW_COSEM_GET_RESPONSE && a.item.has_data);
        mw_cosem_cursor c = mw_cosem_cursor_of(a.item.data, 0);
        compare_tree(got, &c);
    }
    return 1;
}

static unsigned check_frame(json_t *v) {
    mw_slice line = bytes_of(v, "hex");
    uint8_t again[MW_HDLC_FRAME_MAX];
    size_t n;
    mw_hdlc_frame f;
    json_t *expected = json_array_get(json_object_get(v, "hdlc"), 0);
    SAY_UNLESS(mw_hdlc_frame_decode(mw_slice_sub(line, 1, line.n - 2), &f) == MW_OK);
    SAY_UNLESS(mw_hdlc_frame_encode(&f, MW_SPAN_OF(again), &n) == MW_OK);
    SAY_UNLESS(mw_slice_equal(line, (mw_slice){again, n}));
    mw_slice destination = bytes_of(expected, "dst");
    SAY_UNLESS(mw_slice_equal(destination, mw_slice_sub(line, 3, destination.n)));
    SAY_UNLESS(destination.n == f.destination.bytes);
    SAY_UNLESS(f.control == bytes_of(expected, "ctrl").p[0]);
    SAY_UNLESS(f.segmented == json_is_true(json_object_get(expected, "seg")));
    SAY_UNLESS(mw_slice_equal(bytes_of(v, "apdu_hex"), f.information));
    mw_slice apdu = without_llc(f.information);
    if (f.segmented || apdu.n == f.information.n)
        return 1; /* no APDU, or only a part of one */
    return apdu.p[0] == 0x60 || apdu.p[0] == 0x61
               ? check_associate(apdu)
               : check_service(json_object_get(v, "decoded"), apdu);
}

static unsigned check_gmac(json_t *v) {
    mw_cosem_keys k;
    keys_of(v, &k);
    mw_cosem_title t = title_of(v);
    uint8_t proof[MW_COSEM_PROOF_BYTES];
    uint32_t used, ic = counter_of(v);
    mw_slice challenge = bytes_of(v, "challenge"), expected = bytes_of(v, "hex");
    SAY_UNLESS(mw_cosem_gmac_prove(&k, &t, ic, challenge, proof) == MW_OK);
    SAY_UNLESS(mw_slice_equal(expected, MW_SLICE_OF(proof)));
    SAY_UNLESS(mw_cosem_gmac_verify(&k, &t, ic, challenge, expected, &used) == MW_OK && used == ic);
    SAY_UNLESS(mw_cosem_gmac_verify(&k, &t, ic + 1, challenge, expected, &used) == MW_REPLAY);
    proof[16] ^= 1;
    SAY_UNLESS(mw_cosem_gmac_verify(&k, &t, ic, challenge, MW_SLICE_OF(proof), &used) == MW_AUTH);
    mw_cosem_keys_fini(&k);
    return 1;
}

/* Damaged captures are refused by their frame check, before anything reads them. */
static unsigned check_negative(bench *b, json_t *v) {
    SAY_UNLESS(unwrap(b, v) == MW_CHECKSUM);
    return 1;
}

static unsigned check(bench *b, json_t *v) {
    const char *kind = text_of(v, "kind");
    if (strcmp(kind, "crypto") == 0)
        return decrypt(b, v, bytes_of(v, "hex")).n != 0;
    if (strcmp(kind, "crypto-gmac") == 0)
        return check_gmac(v);
    if (strcmp(kind, "acse") == 0)
        return check_associate(bytes_of(v, "hex"));
    if (strcmp(kind, "hdlc-frame") == 0)
        return check_frame(v);
    if (strstr(kind, "negative") != NULL)
        return check_negative(b, v);
    return check_push(b, v);
}

/* Vectors of one file whose licence begins with `licence`; returns false when there is no file. */
static bool walk(const char *path, const char *licence) {
    static char line[65536];
    static bench b;
    FILE *f = fopen(path, "r");
    if (f == NULL)
        return false;
    unsigned vectors = 0, values = 0, refused = 0;
    while (fgets(line, sizeof line, f) != NULL) {
        json_t *v = json_loads(line, JSON_REJECT_DUPLICATES, NULL);
        assert_non_null(v);
        name = text_of(v, "name");
        if (strncmp(text_of(v, "license"), licence, strlen(licence)) == 0) {
            values += check(&b, v);
            vectors++;
            refused += strstr(text_of(v, "kind"), "negative") != NULL;
        }
        json_decref(v);
    }
    fclose(f);
    print_message("%u vectors hold: %u values compared, %u damaged ones refused\n", vectors, values,
                  refused);
    return vectors != 0;
}

MW_TEST(openly_licensed_vectors) {
    MW_CHECK(walk(MW_COSEM_VECTORS, ""));
}

MW_TEST(examples_of_standards) {
    const char *path = getenv("MW_DLMS_VECTORS");
    if (!walk(path != NULL ? path : MW_COSEM_SHARED_VECTORS, "standard text")) {
        print_message("SKIP: no file of standard examples here\n");
        skip();
    }
}

MW_TEST_MAIN(MW_CASE(openly_licensed_vectors), MW_CASE(examples_of_standards))
