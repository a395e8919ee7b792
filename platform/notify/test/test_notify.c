/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told when, what a webhook may reach, and what becomes of messages that do not arrive.
 */
#include "platform/notify/notify.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "platform/store/test/scratch.h"

static char path[64];
static mw_store *store;
static mw_zones *zones;
static mw_clock *the_clock;
static mw_loop *loop;
static mw_notify *notify;
static int64_t tenant;

static int setup(void **state) {
    (void)state;
    store = scratch_new("notify", path);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_tenant_put(store, "t", &tenant));
    MW_CHECK_OK(mw_store_commit(store));
    MW_CHECK_OK(mw_zones_open(NULL, &zones));
    MW_CHECK_OK(mw_clock_open("system", &the_clock));
    MW_CHECK_OK(mw_loop_new(the_clock, &loop));
    mw_notify_options n = {.loop = loop,
                           .store = store,
                           .zones = zones,
                           .courier = {.smtp_url = "",
                                       .smtp_user = "",
                                       .smtp_password = "",
                                       .smtp_from = "a@b.c",
                                       .allowed_hosts = "127.0.0.1 hook.example",
                                       .timeout = mw_dur_s(2)},
                           .key = mw_slice_of_str("0123456789abcdef"),
                           .retry = {1}};
    MW_CHECK_OK(mw_notify_new(&n, &notify));
    return 0;
}

static int teardown(void **state) {
    (void)state;
    mw_notify_free(notify);
    mw_loop_free(loop);
    mw_clock_close(the_clock);
    mw_zones_close(zones);
    mw_store_close(store);
    scratch_remove(path);
    return 0;
}

static mw_store_recipient recipient(const char *id, const char *target) {
    mw_store_recipient r = {.tenant = tenant,
                            .kind = MW_RECIPIENT_WEBHOOK,
                            .on = true,
                            .severity_min = MW_SEVERITY_MAJOR,
                            .quiet_severity = MW_SEVERITY_CRITICAL,
                            .time_zone = "Europe/Rome"};
    (void)snprintf(r.id, sizeof r.id, "%s", id);
    (void)snprintf(r.target, sizeof r.target, "%s", target);
    return r;
}

MW_TEST(quiet_hours_are_local_and_the_worst_goes_through) {
    mw_store_recipient r = recipient("a", "https://hook.example/");
    r.quiet_from = 22 * 60;
    r.quiet_to = 6 * 60;
    mw_utc night, summer_six;
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str("2026-07-01T23:30:10Z"), &night)); /* 01:30:10 */
    MW_CHECK_OK(mw_utc_parse(mw_slice_of_str("2026-07-02T04:00:00Z"), &summer_six));
    MW_CHECK_EQ(mw_notify_due(zones, &r, MW_SEVERITY_MAJOR, night).us, summer_six.us);
    MW_CHECK_EQ(mw_notify_due(zones, &r, MW_SEVERITY_CRITICAL, night).us, night.us);
    MW_CHECK_EQ(mw_notify_due(zones, &r, MW_SEVERITY_MAJOR, summer_six).us, summer_six.us);
    r.digest_s = 900;
    MW_CHECK_EQ(mw_notify_due(zones, &r, MW_SEVERITY_CRITICAL, night).us,
                night.us + 900 * MW_US_PER_S);
    r.quiet_to = r.quiet_from;
    r.digest_s = 0;
    MW_CHECK_EQ(mw_notify_due(zones, &r, MW_SEVERITY_MAJOR, night).us, night.us);
}

MW_TEST(webhooks_do_not_reach_inside) {
    static const struct {
        const char *address;
        bool open;
    } v4[] = {{"8.8.8.8", true},          {"127.0.0.1", false},      {"10.1.2.3", false},
              {"172.31.0.1", false},      {"172.32.0.1", true},      {"192.168.1.1", false},
              {"169.254.169.254", false}, {"100.64.0.1", false},     {"0.0.0.0", false},
              {"224.0.0.1", false},       {"255.255.255.255", false}};
    for (size_t i = 0; i < sizeof v4 / sizeof v4[0]; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET};
        MW_CHECK_EQ(inet_pton(AF_INET, v4[i].address, &a.sin_addr), 1);
        MW_CHECK_EQ(mw_courier_is_public((const struct sockaddr *)(const void *)&a), v4[i].open);
    }
    static const struct {
        const char *address;
        bool open;
    } v6[] = {{"2001:4860:4860::8888", true},
              {"::1", false},
              {"fe80::1", false},
              {"fd00::1", false},
              {"ff02::1", false},
              {"::ffff:10.0.0.1", false},
              {"::ffff:8.8.8.8", true},
              {"2002:7f00:1::", false},
              {"2001:db8::1", false}};
    for (size_t i = 0; i < sizeof v6 / sizeof v6[0]; i++) {
        struct sockaddr_in6 a = {.sin6_family = AF_INET6};
        MW_CHECK_EQ(inet_pton(AF_INET6, v6[i].address, &a.sin6_addr), 1);
        MW_CHECK_EQ(mw_courier_is_public((const struct sockaddr *)(const void *)&a), v6[i].open);
    }
    const char *allowed = "hook.example 127.0.0.1";
    MW_CHECK_OK(mw_courier_url_check(allowed, "https://anything.example/x"));
    MW_CHECK_OK(mw_courier_url_check(allowed, "http://hook.example:8080/x"));
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "http://other.example/"), MW_FORBIDDEN);
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "http://xhook.example/"), MW_FORBIDDEN);
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "file:///etc/passwd"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "ftp://hook.example/"), MW_FORBIDDEN);
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "https://u:p@a.example/"), MW_SYNTAX);
    MW_CHECK_STATUS(mw_courier_url_check(allowed, "not a url"), MW_SYNTAX);
    MW_CHECK_OK(mw_courier_mail_check("ops@example.org"));
    static const char *const bad[] = {"ops",     "@b.c",    "a@b",         "a@b.c\r\nBcc: x@y.z",
                                      "<a@b.c>", "a b@c.d", "a@b.c,d@e.f", ""};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        MW_CHECK_STATUS(mw_courier_mail_check(bad[i]), MW_SYNTAX);
}

static mw_status newest_take(void *ctx, const mw_store_delivery *d) {
    *(mw_store_delivery *)ctx = *d;
    return MW_OK;
}

static mw_store_delivery newest(void) {
    mw_store_delivery d = {.id = 0};
    MW_CHECK_OK(mw_store_deliveries(store, tenant, 0, 0, 1, newest_take, &d));
    return d;
}

static void put(const mw_store_recipient *r) {
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_recipient_put(store, r));
    MW_CHECK_OK(mw_store_commit(store));
}

static void turns(mw_store_delivery_state until) {
    for (int i = 0; i < 400 && newest().state != until; i++) {
        MW_CHECK_OK(mw_notify_turn(notify));
        mw_loop_run_once(loop, mw_dur_ms(10));
    }
}

MW_TEST(what_never_arrives_ends_among_the_dead_letters) {
    mw_store_recipient r = recipient("a", "http://127.0.0.1:1/"); /* nobody listens there */
    put(&r);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_STATUS(mw_notify_test(notify, tenant, "b"), MW_NOT_FOUND);
    MW_CHECK_OK(mw_notify_test(notify, tenant, "a"));
    MW_CHECK_OK(mw_store_commit(store));
    turns(MW_DELIVERY_DEAD);
    mw_store_delivery d = newest();
    MW_CHECK_EQ(d.state, MW_DELIVERY_DEAD);
    MW_CHECK_EQ(d.attempts, MW_NOTIFY_ATTEMPTS);
    MW_CHECK(d.error[0] != 0);
}

static mw_store_alarm alarm_make(const char *rule, uint8_t severity) {
    mw_store_alarm a = {.tenant = tenant,
                        .severity = severity,
                        .state = MW_ALARM_OPEN,
                        .version = 1,
                        .clearing_at = MW_UTC_NONE,
                        .closed_at = MW_UTC_NONE,
                        .acknowledged_at = MW_UTC_NONE,
                        .snoozed_until = MW_UTC_NONE};
    (void)snprintf(a.rule, sizeof a.rule, "%s", rule);
    (void)snprintf(a.subject, sizeof a.subject, "station/%s", rule);
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_alarm_add(store, &a, &a.id));
    mw_alarm_notice n = {.what = "opened", .alarm = a};
    MW_CHECK_OK(mw_notify_alarm(notify, &n));
    MW_CHECK_OK(mw_store_commit(store));
    return a;
}

static mw_status count_take(void *ctx, const mw_store_delivery *d) {
    (void)d;
    ++*(int *)ctx;
    return MW_OK;
}

static int deliveries(unsigned states) {
    int n = 0;
    MW_CHECK_OK(mw_store_deliveries(store, tenant, states, 0, 100, count_take, &n));
    return n;
}

MW_TEST(only_those_whom_it_concerns_are_told) {
    mw_store_recipient r = recipient("a", "http://127.0.0.1:1/");
    (void)snprintf(r.rules, sizeof r.rules, "leak burst");
    put(&r);
    r = recipient("boss", "http://127.0.0.1:1/");
    r.escalated_only = true;
    put(&r);
    (void)alarm_make("leak", MW_SEVERITY_MINOR);      /* not bad enough */
    (void)alarm_make("tamper", MW_SEVERITY_CRITICAL); /* not of its rules */
    MW_CHECK_EQ(deliveries(0), 0);
    (void)alarm_make("burst", MW_SEVERITY_MAJOR);
    MW_CHECK_EQ(deliveries(0), 1);
    MW_CHECK_STR(newest().recipient, "a");
}

MW_TEST(an_acknowledged_alarm_is_not_passed_on) {
    mw_store_recipient r = recipient("a", "http://127.0.0.1:1/");
    r.digest_s = 3600; /* its own message is far away */
    r.escalate_s = 1;
    (void)snprintf(r.escalate_to, sizeof r.escalate_to, "boss");
    put(&r);
    r = recipient("boss", "http://127.0.0.1:1/");
    r.escalated_only = true;
    put(&r);
    mw_store_alarm a = alarm_make("burst", MW_SEVERITY_CRITICAL);
    MW_CHECK_EQ(deliveries(0), 2);
    MW_CHECK_STR(newest().what, "escalated");
    a.state = MW_ALARM_ACKNOWLEDGED;
    MW_CHECK_OK(mw_store_begin(store));
    MW_CHECK_OK(mw_store_alarm_put(store, &a));
    MW_CHECK_OK(mw_store_commit(store));
    turns(MW_DELIVERY_DROPPED);
    MW_CHECK_EQ(newest().state, MW_DELIVERY_DROPPED);
    MW_CHECK_EQ(newest().attempts, 0);
    MW_CHECK_EQ(deliveries(1U << MW_DELIVERY_WAITING), 1);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
MW_TEST_MAIN(CASE(quiet_hours_are_local_and_the_worst_goes_through),
             CASE(webhooks_do_not_reach_inside),
             CASE(what_never_arrives_ends_among_the_dead_letters),
             CASE(only_those_whom_it_concerns_are_told),
             CASE(an_acknowledged_alarm_is_not_passed_on))
