/* SPDX-License-Identifier: Apache-2.0 */
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/registry/registry.h"
#include "platform/store/test/scratch.h"

static char path[64], key_path[64];
static mw_store *store;
static mw_registry *registry;

#define LINE(id, address, point)                                                                   \
    "{\"tenant\":\"demo\",\"device_id\":\"" id "\",\"serial\":\"MW-1\",\"model\":\"water-r160\","  \
    "\"network_address\":" address ",\"master_key\":\"000102030405060708090a0b0c0d0e0f\","         \
    "\"channels\":[{\"number\":0,\"medium\":\"water\",\"obis\":\"8-0:1.0.0*255\",\"unit\":\"L\","  \
    "\"scale\":0,\"register_digits\":9,\"label\":\"Cold water\",\"usage_point\":{\"id\":\"" point  \
    "\",\"address\":\"Via Roma 1\",\"time_zone\":\"Europe/Rome\",\"customer\":{\"id\":\"cu-1\","   \
    "\"name\":\"Anna Rossi\",\"login\":\"anna\"}}}]}\n"

static void remove_files(void) {
    scratch_remove(path);
    (void)unlink(key_path);
}

static int setup(void **state) {
    (void)state;
    snprintf(path, sizeof path, "registry-test-%d.db", (int)getpid());
    snprintf(key_path, sizeof key_path, "registry-test-%d.key", (int)getpid());
    remove_files();
    MW_CHECK_OK(mw_store_sqlite_open(&(mw_store_sqlite_options){.path = path}, &store));
    MW_CHECK_OK(mw_registry_open(store, key_path, &registry));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_registry_close(registry);
    mw_store_close(store);
    remove_files();
    return 0;
}

static mw_status import(const char *text, mw_registry_import_report *report) {
    return mw_registry_import(registry, mw_slice_of_str(text), mw_utc_of_s(1000), report);
}

MW_TEST(import_is_idempotent) {
    mw_registry_import_report report;
    const char *text =
        LINE("00000000000000a1", "4096", "up-1") "\n" LINE("00000000000000a2", "4097", "up-2");
    for (int i = 0; i < 2; i++) {
        MW_CHECK_OK(import(text, &report));
        MW_CHECK_EQ(report.devices, 2);
        MW_CHECK_EQ(report.channels, 2);
    }
    const mw_registry_entry *entries = NULL;
    size_t n = 0;
    int64_t tenant = 0;
    MW_CHECK_OK(mw_store_tenant_find(store, "demo", &tenant));
    MW_CHECK_OK(mw_registry_at(registry, tenant, 4097, &entries, &n));
    MW_CHECK_EQ(n, 1);
    MW_CHECK_EQ(entries[0].device.identity, 0xa2);
    MW_CHECK_EQ(entries[0].channels, 1);
    MW_CHECK_STR(entries[0].channel[0].usage_point, "up-2");
    MW_CHECK_OK(mw_registry_at(registry, tenant, 5, &entries, &n));
    MW_CHECK_EQ(n, 0);
    MW_CHECK_OK(mw_registry_at(registry, tenant + 1, 4097, &entries, &n));
    MW_CHECK_EQ(n, 0);
}

MW_TEST(keys_are_wrapped_under_a_file_of_their_own) {
    mw_registry_import_report report;
    MW_CHECK_OK(import(LINE("00000000000000a1", "4096", "up-1"), &report));
    struct stat st;
    MW_CHECK_EQ(stat(key_path, &st), 0);
    MW_CHECK_EQ(st.st_mode & 0777, 0600);
    int64_t tenant = 0;
    mw_store_device d;
    MW_CHECK_OK(mw_store_tenant_find(store, "demo", &tenant));
    MW_CHECK_OK(mw_store_device_get(store, tenant, 0xa1, &d));
    uint8_t key[16], wrapped[64];
    size_t n = 0;
    MW_CHECK_OK(mw_registry_key(registry, tenant, &d, key));
    for (unsigned i = 0; i < 16; i++)
        MW_CHECK_EQ(key[i], i);
    MW_CHECK_OK(mw_store_device_key_get(store, tenant, d.device, 0, MW_SPAN_OF(wrapped), &n));
    MW_CHECK(memmem(wrapped, n, key, 8) == NULL);
    /* The same master key after a restart; another one does not open it. */
    mw_registry_close(registry);
    MW_CHECK_OK(mw_registry_open(store, key_path, &registry));
    MW_CHECK_OK(mw_registry_key(registry, tenant, &d, key));
    mw_registry_close(registry);
    (void)unlink(key_path);
    MW_CHECK_OK(mw_registry_open(store, key_path, &registry));
    MW_CHECK_STATUS(mw_registry_key(registry, tenant, &d, key), MW_AUTH);
    mw_registry_close(registry);
    registry = NULL;
    MW_CHECK_EQ(chmod(key_path, 0644), 0);
    MW_CHECK_STATUS(mw_registry_open(store, key_path, &registry), MW_FORBIDDEN);
    registry = NULL;
}

MW_TEST(a_bad_line_undoes_all_and_is_named) {
    static const struct {
        const char *text;
        unsigned line;
        const char *word;
    } bad[] = {
        {LINE("00000000000000a1", "4096", "up-1") "{\"tenant\":\"demo\"}\n", 2, "device_id"},
        {LINE("00000000000000a1", "4278190080", "up-1"), 1, "network_address"},
        {LINE("00a1", "4096", "up-1"), 1, "device_id"},
        {LINE("00000000000000a1", "4096", "up-1") "\n\nnonsense\n", 4, "line 4"},
        {"[1,2]\n", 1, "object"},
        {LINE("00000000000000a1", "4096", ""), 1, "id"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        mw_registry_import_report report;
        int64_t tenant = 0;
        MW_CHECK(import(bad[i].text, &report) != MW_OK);
        MW_CHECK_EQ(report.bad_line, bad[i].line);
        assert_non_null(strstr(report.error, bad[i].word));
        MW_CHECK_STATUS(mw_store_tenant_find(store, "demo", &tenant), MW_NOT_FOUND);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(CASE(import_is_idempotent), CASE(keys_are_wrapped_under_a_file_of_their_own),
             CASE(a_bad_line_undoes_all_and_is_named))
