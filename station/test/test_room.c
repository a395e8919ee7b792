/* SPDX-License-Identifier: Apache-2.0
 *
 * A station that stores for longer than its disk holds: what goes first, what is told of it, and
 * what a power cut at any operation of it does. Run with a first argument, the program is the child
 * whose power is cut.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <unistd.h>

#include "runtime/json_read.h"
#include "station/notice.h"
#include "station/record.h"
#include "station/store.h"
#include "tests/faults/runner.h"
#include "tests/harness/mw_test.h"

#define BYTES_MAX 65536

static char root[64];
static char folder[96];
static char raw[96];
static char log_path[96];
static char count_path[96];
static const char *self;

/* Frame n; every third one is a repetition of the one before. */
static mw_receiver_frame frame_of(uint64_t n) {
    mw_receiver_frame f = {.rate = 1, .size = 0, .payload_bytes = 13, .start = {(int64_t)n}};
    uint64_t shown = n % 3 == 2 ? n - 1 : n;
    for (size_t i = 0; i < 8; i++)
        f.payload[i] = (uint8_t)(shown >> (8 * i));
    return f;
}

static mw_station_store *store_open(mw_metrics *m, int64_t raw_max, bool may_drop) {
    char error[160] = "";
    mw_station_store *st = NULL;
    mw_station_store_options o = {folder, BYTES_MAX, may_drop, raw, raw_max};
    if (mw_station_store_open(&o, m, &st, error) != MW_OK) {
        print_message("%s\n", error);
        return NULL;
    }
    return st;
}

typedef struct contents {
    uint64_t frames, repeats; /* in the spool */
    uint64_t frames_gone, repeats_gone;
    uint64_t gaps;
    uint64_t oldest;
    bool there[20000]; /* frame n */
} contents;

/* Each gap record tells the totals: the last one tells all. */
static void read_gap(contents *c, mw_slice record) {
    int64_t gap = 0;
    int64_t frames = 0;
    int64_t repeats = 0;
    mw_buffer text;
    json_t *root_json = NULL;
    mw_buffer_init(&text, 8192);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    MW_CHECK_OK(mw_station_notice_json(record, &j));
    mw_json_object_end(&j);
    MW_CHECK_OK(mw_json_done(&j));
    MW_CHECK_OK(mw_json_parse(mw_buffer_view(&text), (mw_json_limits){8192, 4}, &root_json, NULL));
    MW_CHECK_OK(mw_json_get_int(root_json, "gap", 0, INT64_MAX, &gap, NULL));
    MW_CHECK_OK(mw_json_get_int(root_json, "frames_total", 0, INT64_MAX, &frames, NULL));
    MW_CHECK_OK(mw_json_get_int(root_json, "repeats_total", 0, INT64_MAX, &repeats, NULL));
    c->gaps++;
    c->frames_gone = (uint64_t)frames;
    c->repeats_gone = (uint64_t)repeats;
    json_decref(root_json);
    mw_buffer_fini(&text);
}

static void read_all(mw_station_store *st, contents *c) {
    mw_buffer record;
    uint64_t sequence = 0;
    mw_buffer_init(&record, 1 << 20);
    memset(c, 0, sizeof *c);
    c->oldest = UINT64_MAX;
    while (mw_station_store_read(st, sequence + 1, &sequence, &record) == MW_OK) {
        mw_receiver_frame f;
        if (mw_station_notice_is(mw_buffer_view(&record))) {
            read_gap(c, mw_buffer_view(&record));
            continue;
        }
        MW_CHECK_OK(mw_station_record_decode(mw_buffer_view(&record), &f));
        uint64_t n = (uint64_t)f.start.us;
        MW_CHECK(n < 20000);
        c->there[n] = true;
        c->repeats += n % 3 == 2;
        c->frames++;
        if (n < c->oldest)
            c->oldest = n;
    }
    mw_buffer_fini(&record);
}

static void clean(void) {
    char command[200];
    (void)snprintf(command, sizeof command, "rm -rf %s && mkdir -p %s", root, root);
    MW_CHECK_EQ(system(command), 0);
}

static void append(mw_station_store *st, uint64_t from, uint64_t n) {
    for (uint64_t i = from; i < from + n; i++) {
        mw_receiver_frame f = frame_of(i);
        MW_CHECK_OK(mw_station_store_append(st, &f, 1, (mw_utc){1}));
    }
}

MW_TEST(repetitions_go_before_the_oldest_frames_and_all_is_told) {
    static contents c;
    mw_metrics *m = NULL;
    clean();
    MW_CHECK_OK(mw_metrics_new(64, &m));
    mw_station_store *st = store_open(m, 0, true);
    uint64_t n = 0;
    /* until the first gap: only repetitions have gone */
    while (mw_metric_value(mw_metrics_counter(m, "mw_station_gaps_total", NULL, "")) == 0)
        append(st, n++, 1);
    read_all(st, &c);
    MW_CHECK(c.repeats_gone > 0);
    MW_CHECK_EQ(c.frames_gone, 0);
    MW_CHECK_EQ(c.frames + c.repeats_gone, n);
    for (uint64_t i = 0; i < n; i++)
        MW_CHECK(c.there[i] || i % 3 == 2);
    /* ten times what the disk holds */
    append(st, n, 9000 - n);
    n = 9000;
    read_all(st, &c);
    print_message("%" PRIu64 " of %" PRIu64 " kept, %" PRIu64 " repetitions and %" PRIu64
                  " frames gone in %" PRIu64 " gaps\n",
                  c.frames, n, c.repeats_gone, c.frames_gone, c.gaps);
    MW_CHECK(c.frames_gone > 0 && c.there[n - 1]);
    for (uint64_t i = c.oldest; i < n;
         i++) /* of what is left, nothing but repetitions is missing */
        MW_CHECK(c.there[i] || i % 3 == 2);
    int64_t gone =
        mw_metric_value(mw_metrics_counter(m, "mw_station_dropped_total", "what=\"repeats\"", ""));
    gone +=
        mw_metric_value(mw_metrics_counter(m, "mw_station_dropped_total", "what=\"frames\"", ""));
    MW_CHECK_EQ(gone, n - c.frames); /* every frame is either there or counted */
    MW_CHECK_EQ(c.frames_gone + c.repeats_gone, gone);
    MW_CHECK(mw_station_store_stats(st).bytes <= BYTES_MAX);
    mw_station_store_close(st);
    mw_metrics_free(m);
}

MW_TEST(a_source_that_can_wait_is_held) {
    mw_metrics *m = NULL;
    clean();
    MW_CHECK_OK(mw_metrics_new(64, &m));
    mw_station_store *st = store_open(m, 0, false);
    mw_status status = MW_OK;
    uint64_t n = 0;
    for (; status == MW_OK; n++) {
        mw_receiver_frame f = frame_of(n);
        status = mw_station_store_append(st, &f, 1, (mw_utc){1});
    }
    MW_CHECK_EQ(status, MW_SPACE);
    static contents c;
    read_all(st, &c);
    MW_CHECK_EQ(c.frames, n - 1);
    mw_station_store_close(st);
    mw_metrics_free(m);
}

static int64_t raw_bytes(mw_metrics *m) {
    return mw_metric_value(mw_metrics_gauge(m, "mw_station_raw_bytes", NULL, ""));
}

MW_TEST(raw_samples_go_first) {
    static uint8_t samples[4000];
    static contents c;
    mw_metrics *m = NULL;
    clean();
    MW_CHECK_OK(mw_metrics_new(64, &m));
    mw_station_store *st = store_open(m, 40000, true);
    mw_samples_block b = {
        .h = {.format = MW_SAMPLES_CS16, .rate_mhz = 1000000, .count = 1000, .utc = MW_UTC_NONE},
        .payload = MW_SLICE_OF(samples)};
    for (int i = 0; i < 30; i++) {
        b.h.first_index = (uint64_t)i * 1000;
        mw_station_store_raw(st, &b, (mw_utc){1000 + i});
        MW_CHECK(raw_bytes(m) <= 40000);
    }
    MW_CHECK(raw_bytes(m) > 30000);
    uint64_t n = 0;
    while (raw_bytes(m) > 0) {
        append(st, n++, 1);
        MW_CHECK(mw_station_store_stats(st).bytes + raw_bytes(m) <= BYTES_MAX);
        MW_CHECK_EQ(mw_metric_value(mw_metrics_counter(m, "mw_station_gaps_total", NULL, "")), 0);
    }
    read_all(st, &c);
    MW_CHECK_EQ(c.frames, n); /* no frame went while there were samples */
    mw_station_store_close(st);
    /* the samples come back when there is room, and a restart knows what is there */
    clean();
    st = store_open(m, 40000, true);
    mw_station_store_raw(st, &b, (mw_utc){1});
    mw_station_store_close(st);
    st = store_open(m, 40000, true);
    MW_CHECK_EQ(raw_bytes(m), 4064);
    mw_station_store_close(st);
    mw_metrics_free(m);
}

/* ---- power cuts ---- */

#define CHILD_FRAMES 2400

/* Appends and writes down, outside the watched folder, the number of each frame that is promised.
 */
static int child(void) {
    mw_metrics *m = NULL;
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (mw_metrics_new(64, &m) != MW_OK)
        return 91;
    mw_station_store *st = store_open(m, 0, true);
    if (st == NULL)
        return 92;
    for (uint64_t i = 0; i < CHILD_FRAMES; i += 40) {
        mw_receiver_frame f[40];
        for (uint64_t k = 0; k < 40; k++)
            f[k] = frame_of(i + k);
        if (mw_station_store_append(st, f, 40, (mw_utc){1}) != MW_OK)
            return 93;
        uint64_t through = i + 40;
        if (write(log, &through, sizeof through) != sizeof through)
            return 94;
    }
    mw_station_store_close(st);
    mw_metrics_free(m);
    return 0;
}

static int run_child(int cut) {
    char at[64];
    (void)snprintf(at, sizeof at, "MW_FAULT_CUT_AFTER=%d", cut);
    mw_fault_child child = {
        .program = self, .what = "child", .root = root, .folder = folder, .count_file = count_path};
    return mw_fault_child_run(&child, cut == 0 ? NULL : at, NULL);
}

static uint64_t promised(void) {
    uint64_t n = 0;
    uint64_t last = 0;
    FILE *f = fopen(log_path, "r");
    while (f != NULL && fread(&n, sizeof n, 1, f) == 1)
        last = n;
    if (f != NULL)
        (void)fclose(f);
    return last;
}

MW_TEST(power_cuts_leave_no_gap_untold) {
    static contents c;
    clean();
    MW_CHECK_EQ(run_child(0), 0);
    long operations = mw_fault_operations(count_path);
    MW_CHECK(operations > 100);
    unsigned cuts = 0;
    unsigned with_gaps = 0;
    /* the later operations are those of a full spool */
    for (long at = operations / 3; at <= operations; at += operations / 60 + 1) {
        mw_metrics *m = NULL;
        clean();
        MW_CHECK_EQ(run_child((int)at), MW_FAULT_EXIT_CUT);
        cuts++;
        MW_CHECK_OK(mw_metrics_new(64, &m));
        mw_station_store *st = store_open(m, 0, true);
        MW_CHECK(st != NULL);
        read_all(st, &c);
        uint64_t n = promised();
        uint64_t missing = 0;
        for (uint64_t i = 0; i < n; i++)
            missing += !c.there[i];
        uint64_t told = c.repeats_gone + c.frames_gone; /* also of the batch that was cut off */
        MW_CHECK(missing <= told && told <= missing + 40);
        with_gaps += c.gaps > 0;
        mw_station_store_close(st);
        mw_metrics_free(m);
    }
    print_message("%u power cuts, %u of them with gaps, all told\n", cuts, with_gaps);
    MW_CHECK(with_gaps > 10);
}

int main(int argc, char **argv) {
    self = argv[0];
    if (argc > 2)
        (void)snprintf(root, sizeof root, "%s", argv[2]);
    else
        (void)snprintf(root, sizeof root, "/tmp/mw-room-%d", (int)getpid());
    (void)snprintf(folder, sizeof folder, "%s/spool", root);
    (void)snprintf(raw, sizeof raw, "%s/raw", root);
    (void)snprintf(log_path, sizeof log_path, "%s/log", root);
    (void)snprintf(count_path, sizeof count_path, "%s/count", root);
    if (argc > 2)
        return child();
    const struct CMUnitTest cases[] = {
        MW_CASE(repetitions_go_before_the_oldest_frames_and_all_is_told),
        MW_CASE(a_source_that_can_wait_is_held),
        MW_CASE(raw_samples_go_first),
        MW_CASE(power_cuts_leave_no_gap_untold),
    };
    int failed = cmocka_run_group_tests(cases, NULL, NULL);
    char command[200];
    (void)snprintf(command, sizeof command, "rm -rf %s", root);
    return system(command) == 0 ? failed : 1;
}
