/* SPDX-License-Identifier: Apache-2.0 */
#include <jansson.h>

#include "platform/doors/uplinks.h"
#include "platform/journal/test/world.h"

static world w;
static mw_store_sender sender;

static int setup(void **state) {
    (void)state;
    world_init(&w, "uplinks-test");
    uint8_t hash[32];
    int64_t number;
    mw_uplinks_token_hash(mw_slice_of_str("secret"), hash);
    MW_CHECK_OK(mw_store_begin(w.store));
    MW_CHECK_OK(mw_store_sender_put(w.store, w.tenant, "st-1", MW_SLICE_OF(hash), &number));
    MW_CHECK_OK(mw_store_commit(w.store));
    MW_CHECK_OK(mw_store_sender_by_token(w.store, MW_SLICE_OF(hash), &sender));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    world_fini(&w);
    return 0;
}

#define HEAD      "{\"sender\":\"st-1\",\"epoch\":\"00000000000000ff\",\"items\":["
#define TAIL      "]}"
#define PAYLOAD13 "000102030405060708090a0b0c"
#define NOW_S     INT64_C(1795168830) /* 30 s after the items */
#define ITEM_AS(seq, payload, level)                                                               \
    "{\"seq\":" seq ",\"kind\":\"unb\",\"received_at\":\"2026-11-20T10:00:00.000001Z\","           \
    "\"frequency_mhz\":868100123456,\"level_cdbm\":" level ",\"snr_cdb\":850,\"rate\":\"R1\","     \
    "\"size\":\"S\",\"payload\":\"" payload "\"}"
#define ITEM_OF(seq, rate, size)                                                                   \
    "{\"seq\":" seq ",\"kind\":\"unb\",\"received_at\":\"2026-11-20T10:00:00.000001Z\","           \
    "\"frequency_mhz\":868100123456,\"level_cdbm\":-12000,\"snr_cdb\":850,\"rate\":\"" rate        \
    "\",\"size\":\"" size "\",\"payload\":\"" PAYLOAD13 "\"}"
#define ITEM(seq) ITEM_AS(seq, PAYLOAD13, "-12000")

static mw_uplinks_result result;

static mw_status take(const char *body) {
    free(result.body);
    memset(&result, 0, sizeof result);
    return mw_uplinks_take(w.store, &sender, mw_slice_of_str(body), mw_utc_of_s(NOW_S), &result);
}

static void status_is(size_t at, const char *status) {
    json_error_t why;
    json_t *root = json_loads(result.body, 0, &why);
    json_t *row = json_array_get(json_object_get(root, "results"), at);
    MW_CHECK_STR(json_string_value(json_object_get(row, "status")), status);
    if (strcmp(status, "quarantined") == 0)
        MW_CHECK(json_string_length(json_object_get(row, "reason")) > 3);
    json_decref(root);
}

static mw_status journal_count(void *ctx, const mw_store_envelope *e) {
    (void)e;
    ++*(int *)ctx;
    return MW_OK;
}

static int journal_rows(void) {
    int n = 0;
    MW_CHECK_OK(mw_store_journal_scan(w.store, 0, 1000, journal_count, &n));
    return n;
}

MW_TEST(a_batch_is_stored_and_its_repetition_is_known) {
    MW_CHECK_OK(take(HEAD ITEM("1") "," ITEM("2") TAIL));
    status_is(0, "stored");
    status_is(1, "stored");
    MW_CHECK_OK(take(HEAD ITEM("2") "," ITEM("3") TAIL));
    status_is(0, "duplicate");
    status_is(1, "stored");
    MW_CHECK_EQ(journal_rows(), 3);
    mw_store_overview o;
    MW_CHECK_OK(mw_store_overview_get(w.store, w.tenant, mw_utc_of_s(NOW_S), &o));
    MW_CHECK_EQ(o.uplinks_received, 4);
    MW_CHECK_EQ(o.uplinks_duplicates, 1);
    MW_CHECK_EQ(o.uplinks_last_at.us, NOW_S * MW_US_PER_S);
    /* What a station says of itself is acknowledged, but it is no reception. */
    MW_CHECK_OK(take(HEAD "{\"seq\":9,\"kind\":\"station\",\"at\":\"2026-11-20T10:00:00Z\"}" TAIL));
    status_is(0, "stored");
    MW_CHECK_OK(mw_store_overview_get(w.store, w.tenant, mw_utc_of_s(NOW_S), &o));
    MW_CHECK_EQ(o.uplinks_received, 4);
    /* The same content written otherwise is the same content. */
    MW_CHECK_OK(
        take("{\"items\":[ {\"payload\":\"" PAYLOAD13
             "\", \"size\":\"S\",\"rate\":\"R1\",\"snr_cdb\":850,\"level_cdbm\":-12000,"
             "\"frequency_mhz\":868100123456,\"received_at\":\"2026-11-20T10:00:00.000001Z\""
             ",\"kind\":\"unb\",\"seq\":3}],\"epoch\":\"00000000000000FF\","
             "\"sender\":\"st-1\"}"));
    status_is(0, "duplicate");
    MW_CHECK_OK(
        take("{\"sender\":\"st-1\",\"epoch\":\"0000000000000100\",\"items\":[" ITEM("1") "]}"));
    status_is(0, "stored"); /* another epoch is another spool */
}

static mw_status alarm_seen(void *ctx, const mw_store_sign *a) {
    MW_CHECK_STR(a->kind, "uplink_conflict");
    *(int64_t *)ctx += a->count;
    return MW_OK;
}

static mw_status clock_alarm_seen(void *ctx, const mw_store_sign *a) {
    MW_CHECK_STR(a->kind, "station_clock");
    MW_CHECK_STR(a->subject, "st-1");
    *(int64_t *)ctx += a->count;
    return MW_OK;
}

static int64_t clock_alarms(void) {
    int64_t n = 0;
    MW_CHECK_OK(mw_store_signs(w.store, w.tenant, 0, 10, clock_alarm_seen, &n));
    return n;
}

MW_TEST(a_station_clock_ahead_is_alarmed_once) {
    char ahead[800];
    static const char *const later[] = {"10:59:00", "11:00:30", "11:00:31", "23:00:00"};
    for (int i = 0; i < 4; i++) {
        snprintf(ahead, sizeof ahead,
                 HEAD ITEM("1%d") ",{\"seq\":2%d,\"kind\":\"station\","
                                  "\"at\":\"2026-11-20T%sZ\"}" TAIL,
                 i, i, later[i]);
        MW_CHECK_OK(take(ahead));
        status_is(1, "stored"); /* what was heard is heard, whatever the station's clock says */
        MW_CHECK_EQ(clock_alarms(), i < 2 ? 0 : i - 1);
    }
    MW_CHECK_OK(take(ahead)); /* a repetition is no news */
    status_is(1, "duplicate");
    MW_CHECK_EQ(clock_alarms(), 2);
}

MW_TEST(other_content_under_a_key_is_kept_and_alarmed) {
    MW_CHECK_OK(take(HEAD ITEM("1") TAIL));
    MW_CHECK_OK(take(HEAD ITEM_AS("1", PAYLOAD13, "-11000") TAIL));
    status_is(0, "conflict");
    MW_CHECK_OK(take(HEAD ITEM_AS("1", PAYLOAD13, "-11000") TAIL));
    status_is(0, "duplicate");
    MW_CHECK_EQ(journal_rows(), 2);
    int64_t alarms = 0;
    MW_CHECK_OK(mw_store_signs(w.store, w.tenant, 0, 10, alarm_seen, &alarms));
    MW_CHECK_EQ(alarms, 1);
    for (int i = 0; i < 20; i++) { /* a sender gone mad does not fill the journal */
        char body[600];
        snprintf(body, sizeof body, HEAD ITEM_AS("1", PAYLOAD13, "-90%02d") TAIL, i);
        MW_CHECK_OK(take(body));
    }
    MW_CHECK_EQ(journal_rows(), MW_UPLINKS_VARIANTS_MAX);
    status_is(0, "quarantined");
}

MW_TEST(a_bad_item_is_quarantined_and_acknowledged) {
    const char *const bad[] = {
        ITEM_AS("5", "0001", "-12000"),                       /* wrong size */
        ITEM_AS("6", "zz0102030405060708090a0b0c", "-12000"), /* bad hex */
        ITEM_AS("7", PAYLOAD13, "\"loud\""),                  /* wrong type */
        "{\"seq\":8,\"kind\":\"unb\"}",                       /* missing fields */
        "{\"kind\":\"unb\"}",                                 /* no seq */
        "{\"seq\":-1,\"kind\":\"unb\"}",                      /* bad seq */
        "{\"seq\":9,\"kind\":\"morse\"}",                     /* unknown kind */
        ITEM("9223372036854775808"),                          /* beyond int64 */
        ITEM("-1e999"),                                       /* beyond any number */
        ITEM_AS("12", PAYLOAD13, "99999999999999999999"),
        ITEM_OF("13", "R9", "S"),
        ITEM_OF("14", "", "S"),
        ITEM_OF("15", "R1", "XL"),
        ITEM_OF("16", "R1", "s"),
        "17",                                                     /* not an object */
        "{\"seq\":10,\"kind\":\"station\",\"at\":\"yesterday\"}", /* bad time */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        char body[1200];
        snprintf(body, sizeof body, HEAD "%s," ITEM("%d") TAIL, bad[i], (int)i + 100);
        for (int again = 0; again < 2; again++) {
            MW_CHECK_OK(take(body));
            status_is(0, "quarantined");
            status_is(1, again == 0 ? "stored" : "duplicate");
        }
    }
    char *body = malloc(8000);
    memset(body, 0, 8000);
    snprintf(body, 8000,
             HEAD "{\"seq\":11,\"kind\":\"station\",\"at\":\"2026-11-20T10:00:00Z\","
                  "\"text\":\"%05000d\"}" TAIL,
             0);
    MW_CHECK_OK(take(body));
    free(body);
    status_is(0, "quarantined");
}

MW_TEST(status_records_of_stations_are_kept) {
    MW_CHECK_OK(take(HEAD "{\"seq\":1,\"kind\":\"station\",\"at\":\"2026-11-20T10:00:00Z\","
                          "\"spool_items\":4,\"clock\":\"gps\"}" TAIL));
    status_is(0, "stored");
}

MW_TEST(a_malformed_body_changes_nothing) {
    const char *const bad[] = {
        "",
        "null",
        "[]",
        "{}",
        HEAD ITEM("1"),
        HEAD ITEM("1") TAIL "x",
        "{\"sender\":\"st-1\",\"epoch\":\"ff\",\"items\":[]}",
        "{\"sender\":\"st-1\",\"epoch\":\"00000000000000ff\",\"items\":{}}",
        "{\"sender\":\"st-1\",\"sender\":\"st-1\",\"epoch\":\"00000000000000ff\",\"items\":[]}",
        HEAD "[[[[[[[[[[[[]]]]]]]]]]]]" TAIL,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(take(bad[i]), MW_SYNTAX);
    MW_CHECK_STATUS(take("{\"sender\":\"st-9\",\"epoch\":\"00000000000000ff\",\"items\":[]}"),
                    MW_FORBIDDEN);
    char *many = malloc(20000);
    size_t n = (size_t)snprintf(many, 20000, HEAD "1");
    for (int i = 0; i < MW_UPLINKS_ITEMS_MAX; i++)
        n += (size_t)snprintf(many + n, 20000 - n, ",1");
    snprintf(many + n, 20000 - n, TAIL);
    MW_CHECK_STATUS(take(many), MW_LIMIT);
    free(many);
    many = malloc(MW_UPLINKS_BODY_MAX + 2);
    memset(many, ' ', MW_UPLINKS_BODY_MAX + 1);
    many[MW_UPLINKS_BODY_MAX + 1] = 0;
    MW_CHECK_STATUS(take(many), MW_LIMIT);
    free(many);
    MW_CHECK_EQ(journal_rows(), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(CASE(a_batch_is_stored_and_its_repetition_is_known),
             CASE(other_content_under_a_key_is_kept_and_alarmed),
             CASE(a_bad_item_is_quarantined_and_acknowledged),
             CASE(a_station_clock_ahead_is_alarmed_once), CASE(status_records_of_stations_are_kept),
             CASE(a_malformed_body_changes_nothing))
