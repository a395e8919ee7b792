/* SPDX-License-Identifier: Apache-2.0
 *
 * Time: a gpsd that this test plays, and stamps of samples whose clock drifts and whose blocks come
 * late.
 */
#include "station/timing.h"

#include <arpa/inet.h>
#include <math.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/prng.h"
#include "radio/soapy_time.h"
#include "tests/harness/mw_test.h"

typedef struct fake_gpsd {
    int listener, peer;
    char address[32];
} fake_gpsd;

static fake_gpsd gpsd_open(void) {
    fake_gpsd g = {.peer = -1};
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof a;
    g.listener = socket(AF_INET, SOCK_STREAM, 0);
    MW_CHECK(bind(g.listener, (struct sockaddr *)&a, sizeof a) == 0 && listen(g.listener, 1) == 0);
    MW_CHECK(getsockname(g.listener, (struct sockaddr *)&a, &n) == 0);
    (void)snprintf(g.address, sizeof g.address, "127.0.0.1:%u", ntohs(a.sin_port));
    return g;
}

static void gpsd_say(fake_gpsd *g, const char *line) {
    if (g->peer < 0) {
        g->peer = accept(g->listener, NULL, NULL);
        MW_CHECK(g->peer >= 0);
    }
    MW_CHECK(send(g->peer, line, strlen(line), MSG_NOSIGNAL) == (ssize_t)strlen(line));
}

static void turn(mw_loop *loop, int ms) {
    for (int i = 0; i < ms / 10; i++)
        mw_loop_run_once(loop, mw_dur_ms(10));
}

MW_TEST(a_pulse_from_gpsd_corrects_the_clock) {
    if (!mw_station_timing_has_gps()) {
        print_message("SKIP: built without libgps\n");
        return;
    }
    mw_clock *clock;
    mw_loop *loop;
    mw_metrics *metrics;
    mw_station_timing *t;
    fake_gpsd g = gpsd_open();
    MW_CHECK_OK(mw_clock_open("system", &clock));
    MW_CHECK_OK(mw_loop_new(clock, &loop));
    MW_CHECK_OK(mw_metrics_new(64, &metrics));
    MW_CHECK_OK(mw_station_timing_new(loop, g.address, metrics, &t));
    mw_station_time s = mw_station_timing_now(t);
    MW_CHECK(strcmp(s.source, "ntp") == 0 || strcmp(s.source, "system") == 0);
    MW_CHECK_EQ(s.offset_us, 0);
    gpsd_say(&g, "{\"class\":\"VERSION\",\"release\":\"3.22\",\"rev\":\"3.22\",\"proto_major\":3,"
                 "\"proto_minor\":14}\r\n");
    /* the system clock is 1.5 ms late */
    gpsd_say(&g, "{\"class\":\"PPS\",\"device\":\"/dev/ttyS0\",\"real_sec\":1790000000,"
                 "\"real_nsec\":0,\"clock_sec\":1789999999,\"clock_nsec\":998500000,"
                 "\"precision\":-20}\r\n");
    turn(loop, 300);
    s = mw_station_timing_now(t);
    MW_CHECK_STR(s.source, "gps-pps");
    MW_CHECK_EQ(s.offset_us, 1500);
    MW_CHECK(s.uncertainty_us <= 1000);
    /* gpsd goes away: the word of the pulse ends, the station does not */
    (void)close(g.peer);
    turn(loop, 100);
    mw_station_timing_free(t);
    MW_CHECK_STATUS(mw_station_timing_new(loop, "nonsense", metrics, &t), MW_SYNTAX);
    MW_CHECK_OK(mw_station_timing_new(loop, "127.0.0.1:1", metrics, &t)); /* nobody there */
    mw_station_timing_free(t);
    (void)close(g.listener);
    mw_loop_free(loop);
    mw_metrics_free(metrics);
    mw_clock_close(clock);
}

/* Blocks of a radio whose clock is off, that come late by chance and sometimes by much: every stamp
 * is within 10 ms of the truth, and the drift becomes known. */
MW_TEST(samples_are_stamped_better_than_10_ms) {
    for (int ppm = -20; ppm <= 20; ppm += 20) {
        mw_soapy_time clock = {.rate_mhz = 250000000};
        mw_sample_drift drift = {0};
        mw_prng g = mw_prng_of_stream(3, (uint64_t)(ppm + 100));
        double rate = 250000.0 * (1 + ppm * 1e-6), worst = 0;
        uint64_t index = 0;
        for (unsigned block = 0; block < 60 * 60 * 10;
             block++) { /* an hour of tenths of a second */
            index += 25000;
            double truth = 1.79e15 + (double)index / rate * 1e6;
            double u = (double)(mw_prng_below(&g, 1000000) + 1) / 1000001;
            double late = -3000 * log(u);                    /* 3 ms on average */
            late += mw_prng_below(&g, 200) == 0 ? 60000 : 0; /* and a stall now and then */
            mw_soapy_time_arrival(&clock, index, (mw_utc){(int64_t)(truth + late)});
            mw_utc said = mw_soapy_time_of(&clock, index);
            mw_sample_drift_observe(&drift, index, said, clock.rate_mhz);
            if (block > 100 && fabs((double)said.us - truth) > worst)
                worst = fabs((double)said.us - truth);
        }
        int32_t ppb = 0;
        MW_CHECK(worst < 10000);
        MW_CHECK_OK(mw_sample_drift_of(&drift, &ppb));
        MW_CHECK(ppb > ppm * 1000 - 6000 && ppb < ppm * 1000 + 6000);
    }
}

MW_TEST_MAIN(MW_CASE(a_pulse_from_gpsd_corrects_the_clock),
             MW_CASE(samples_are_stamped_better_than_10_ms))
