/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <unistd.h>

#include "platform/store/sqlite.h"
#include "platform/store/store.h"
#include "tests/harness/mw_test.h"

static mw_store *store;
static int64_t tenant, device, channel;
static char folder[] = "/tmp/mw-store-files-XXXXXX";

static int setup(void **state) {
    (void)state;
    char path[64];
    snprintf(path, sizeof path, "%s/db", folder);
    mw_store_sqlite_options o = {.path = path};
    MW_CHECK_OK(mw_store_sqlite_open(&o, &store));
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "t", &tenant));
    mw_store_device d = {.identity = 77, .serial = "S-1", .model = "m", .network_address = 9};
    MW_CHECK_OK(mw_store_device_put(store, tenant, &d, &device));
    mw_store_channel c = {.device = device,
                          .medium = "water",
                          .obis = {8, 0, 1, 0, 0, 255},
                          .unit = MW_UNIT_L,
                          .grid_seconds = 3600};
    MW_CHECK_OK(mw_store_channel_put(store, tenant, &c, &channel));
    mw_store_person p = {.id = "cu-1", .name = "Anna"};
    MW_CHECK_OK(mw_store_person_put(store, tenant, &p));
    mw_store_usage_point u = {.id = "up-1", .time_zone = "UTC", .person = "cu-1"};
    MW_CHECK_OK(mw_store_usage_point_put(store, tenant, &u));
    mw_store_installation in = {
        .channel = channel, .usage_point = "up-1", .from = mw_utc_of_s(0), .to = MW_UTC_NONE};
    MW_CHECK_OK(mw_store_installation_put(store, tenant, &in));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    MW_CHECK_OK(mw_store_commit(store));
    mw_store_close(store);
    static const char *const names[] = {"db", "db-wal", "db-shm"};
    for (size_t i = 0; i < 3; i++) {
        char path[64];
        snprintf(path, sizeof path, "%s/%s", folder, names[i]);
        (void)unlink(path);
    }
    return 0;
}

static mw_status one_mapping(void *ctx, const mw_store_mapping *m) {
    MW_CHECK_STR(m->name, "half-hours");
    MW_CHECK_STR(m->who, "ops2");
    ++*(int *)ctx;
    return MW_OK;
}

MW_TEST(mappings_are_kept_by_name) {
    mw_store_mapping m = {.name = "half-hours", .at = mw_utc_of_s(5), .who = "ops"};
    uint8_t room[32];
    size_t n = 0;
    int seen = 0;
    MW_CHECK_OK(mw_store_mapping_put(store, tenant, &m, mw_slice_of_str("{\"a\":1}")));
    snprintf(m.who, sizeof m.who, "ops2");
    MW_CHECK_OK(mw_store_mapping_put(store, tenant, &m, mw_slice_of_str("{\"a\":2}")));
    MW_CHECK_OK(mw_store_mapping_get(store, tenant, "half-hours", MW_SPAN_OF(room), &n));
    MW_CHECK_BYTES(((mw_slice){room, n}), "{\"a\":2}", 7);
    MW_CHECK_STATUS(mw_store_mapping_get(store, tenant, "half-hours", (mw_span){room, 3}, &n),
                    MW_SPACE);
    MW_CHECK_STATUS(mw_store_mapping_get(store, tenant + 1, "half-hours", MW_SPAN_OF(room), &n),
                    MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_mappings(store, tenant, one_mapping, &seen));
    MW_CHECK_EQ(seen, 1);
    MW_CHECK_OK(mw_store_mapping_delete(store, tenant, "half-hours"));
    MW_CHECK_STATUS(mw_store_mapping_delete(store, tenant, "half-hours"), MW_NOT_FOUND);
}

static mw_status newest_import(void *ctx, const mw_store_import *i) {
    *(mw_store_import *)ctx = *i;
    return MW_OK;
}

static mw_status join(void *ctx, mw_store_imported_kind kind, const char *key) {
    char *text = ctx;
    snprintf(text + strlen(text), 64 - strlen(text), "%d=%s;", (int)kind, key);
    return MW_OK;
}

MW_TEST(imports_are_undone_once) {
    mw_store_import i = {.tenant = tenant,
                         .name = "half-hours",
                         .file = "a.csv",
                         .at = mw_utc_of_s(9),
                         .who = "ops",
                         .values = 3,
                         .first = mw_utc_of_s(1),
                         .last = mw_utc_of_s(2),
                         .undone_at = MW_UTC_NONE};
    int64_t id = 0;
    i.digest[31] = 7;
    MW_CHECK_OK(mw_store_import_add(store, &i, &id));
    MW_CHECK_OK(mw_store_imported_add(store, tenant, id, MW_IMPORTED_DEVICE, "004d"));
    MW_CHECK_OK(mw_store_imported_add(store, tenant, id, MW_IMPORTED_PERSON, "cu-1"));
    mw_store_import back;
    MW_CHECK_OK(mw_store_imports(store, tenant, 0, 10, newest_import, &back));
    MW_CHECK_EQ(back.id, id);
    MW_CHECK_EQ(back.digest[31], 7);
    MW_CHECK_EQ(back.values, 3);
    MW_CHECK(mw_utc_is_none(back.undone_at));
    char text[64] = "";
    MW_CHECK_OK(mw_store_imported(store, tenant, id, join, text));
    MW_CHECK_STR(text, "1=004d;3=cu-1;");
    MW_CHECK_OK(mw_store_import_undone(store, tenant, id, mw_utc_of_s(11), "boss"));
    MW_CHECK_STATUS(mw_store_import_undone(store, tenant, id, mw_utc_of_s(12), "boss"), MW_STATE);
    MW_CHECK_STATUS(mw_store_import_undone(store, tenant + 1, id, mw_utc_of_s(12), "boss"),
                    MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_import_get(store, tenant, id, &back));
    MW_CHECK_EQ(back.undone_at.us, 11000000);
    MW_CHECK_STR(back.undone_by, "boss");
}

MW_TEST(only_what_nothing_depends_on_is_removed) {
    mw_store_device d;
    MW_CHECK_OK(mw_store_device_by_serial(store, tenant, "S-1", &d));
    MW_CHECK_EQ(d.identity, 77);
    MW_CHECK_STATUS(mw_store_device_by_serial(store, tenant, "S-2", &d), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_store_usage_point_remove(store, tenant, "up-1"), MW_STATE);
    MW_CHECK_STATUS(mw_store_person_remove(store, tenant, "cu-1"), MW_STATE);
    MW_CHECK_STATUS(mw_store_device_remove(store, tenant + 1, device), MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_device_remove(store, tenant, device));
    MW_CHECK_STATUS(mw_store_device_remove(store, tenant, device), MW_NOT_FOUND);
    MW_CHECK_OK(mw_store_usage_point_remove(store, tenant, "up-1"));
    MW_CHECK_OK(mw_store_person_remove(store, tenant, "cu-1"));
    MW_CHECK_STATUS(mw_store_device_get(store, tenant, 77, &d), MW_NOT_FOUND);
}

static void read_register(int64_t at_s, int64_t value, int64_t journal) {
    mw_store_register r = {.tenant = tenant,
                           .channel = channel,
                           .obis = {8, 0, 1, 0, 0, 255},
                           .meter = mw_utc_of_s(at_s),
                           .received = mw_utc_of_s(at_s),
                           .stored = mw_utc_of_s(at_s),
                           .value = value,
                           .journal = journal};
    MW_CHECK_OK(mw_store_register_append(store, &r));
}

MW_TEST(readings_of_an_import_go_and_the_newest_is_found_again) {
    read_register(100, 10, 1);
    read_register(200, 20, 5);
    read_register(300, 30, 6);
    read_register(150, 15, 7);
    mw_store_meter m;
    MW_CHECK_OK(mw_store_meter_of_channel(store, tenant, channel, &m));
    MW_CHECK_EQ(m.reading_value, 30);
    MW_CHECK_STATUS(mw_store_device_remove(store, tenant, device), MW_STATE);
    MW_CHECK_OK(mw_store_registers_remove(store, tenant, 5, 6));
    MW_CHECK_OK(mw_store_meter_of_channel(store, tenant, channel, &m));
    MW_CHECK_EQ(m.reading_value, 15);
    MW_CHECK_EQ(m.reading_at.us, 150000000);
    MW_CHECK_OK(mw_store_registers_remove(store, tenant, 1, 7));
    MW_CHECK_OK(mw_store_meter_of_channel(store, tenant, channel, &m));
    MW_CHECK(!m.has_reading);
}

static mw_status content_of(void *ctx, const mw_store_snapshot *row) {
    char *text = ctx;
    snprintf(text + strlen(text), 64 - strlen(text), "%lld:%.*s;", (long long)row->corrects,
             (int)row->content.n, (const char *)row->content.p);
    return MW_OK;
}

MW_TEST(snapshots_are_corrected_by_others) {
    mw_store_snapshot s = {.tenant = tenant,
                           .channel = channel,
                           .from = mw_utc_of_s(0),
                           .to = mw_utc_of_s(86400),
                           .at = mw_utc_of_s(90000),
                           .who = "ops",
                           .content = mw_slice_of_str("{1}")};
    int64_t first = 0, second = 0;
    MW_CHECK_OK(mw_store_snapshot_add(store, &s, &first));
    MW_CHECK_STATUS(mw_store_snapshot_add(store, &s, &second), MW_STATE); /* there is one already */
    s.corrects = first;
    s.content = mw_slice_of_str("{2}");
    MW_CHECK_OK(mw_store_snapshot_add(store, &s, &second));
    MW_CHECK_STATUS(mw_store_snapshot_add(store, &s, &second), MW_STATE); /* not the newest */
    char text[64] = "", expected[64];
    MW_CHECK_OK(mw_store_snapshots(store, tenant, channel, 0, 10, content_of, text));
    snprintf(expected, sizeof expected, "%lld:{2};0:{1};", (long long)first);
    MW_CHECK_STR(text, expected);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    if (mkdtemp(folder) == NULL)
        return 1;
    const struct CMUnitTest cases[] = {CASE(mappings_are_kept_by_name),
                                       CASE(imports_are_undone_once),
                                       CASE(only_what_nothing_depends_on_is_removed),
                                       CASE(readings_of_an_import_go_and_the_newest_is_found_again),
                                       CASE(snapshots_are_corrected_by_others)};
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    (void)rmdir(folder);
    return failed;
}
