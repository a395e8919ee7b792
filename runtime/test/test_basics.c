/* SPDX-License-Identifier: Apache-2.0
 *
 * Clock, loop, log, metrics and files.
 */
#include <stdio.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "runtime/file.h"
#include "runtime/log.h"
#include "runtime/loop.h"
#include "runtime/metrics.h"
#include "runtime/pace.h"
#include "tests/harness/mw_test.h"

static char folder[64];
static char path[128];

static int setup(void **state) {
    (void)state;
    (void)snprintf(folder, sizeof folder, "/tmp/mw-basics-XXXXXX");
    MW_CHECK(mkdtemp(folder) != NULL);
    return 0;
}

static int teardown(void **state) {
    (void)state;
    char command[100];
    (void)snprintf(command, sizeof command, "rm -r %s", folder);
    return system(command);
}

MW_TEST(the_town_clock_is_shared) {
    char spec[160];
    mw_clock *reader = NULL;
    mw_town_clock *writer = NULL;
    (void)snprintf(path, sizeof path, "%s/clock", folder);
    (void)snprintf(spec, sizeof spec, "town:%s", path);
    MW_CHECK_STATUS(mw_clock_open(spec, &reader), MW_NOT_FOUND);
    MW_CHECK_STATUS(mw_clock_open("sundial", &reader), MW_SYNTAX);
    MW_CHECK_STATUS(mw_clock_open("town:", &reader), MW_SYNTAX);
    MW_CHECK_OK(mw_town_clock_create(path, (mw_utc){1000}, &writer));
    MW_CHECK_OK(mw_clock_open(spec, &reader));
    MW_CHECK_EQ(mw_clock_utc(reader).us, 1000);
    mw_town_clock_set(writer, (mw_utc){5000000});
    mw_town_clock_set_factor(writer, 60000);
    MW_CHECK_EQ(mw_clock_utc(reader).us, 5000000);
    MW_CHECK_EQ(mw_clock_factor_milli(reader), 60000);
    MW_CHECK_STR(mw_clock_source(reader), "town");
    mw_town_clock_close(writer);
    MW_CHECK_OK(mw_town_clock_create(path, (mw_utc){1}, &writer)); /* keeps its time */
    MW_CHECK_EQ(mw_town_clock_utc(writer).us, 5000000);
    MW_CHECK_EQ(mw_clock_utc(reader).us, 5000000);
    mw_clock_close(reader);
    mw_town_clock_close(writer);
    FILE *f = fopen(path, "w");
    (void)fputs("not a clock", f);
    (void)fclose(f);
    MW_CHECK_STATUS(mw_clock_open(spec, &reader), MW_CORRUPT);
}

static unsigned fired;
static mw_timer *timer;

static void fire(void *context) {
    (void)context;
    if (++fired == 3)
        mw_timer_stop(timer);
}

/* Steps that start themselves again and take longer than they wait must not keep sockets waiting. */
typedef struct busy_step {
    mw_timer *timer;
    int64_t wait_ms;
    unsigned turns;
} busy_step;

static void busy(void *context) {
    busy_step *b = context;
    b->turns++;
    usleep(3000);
    mw_timer_start(b->timer, mw_dur_ms(b->wait_ms), mw_dur_ms(0));
}

enum { WORK_NS = 2000000 };

static int64_t worked_ns(void) {
    struct timespec t;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (int64_t)t.tv_sec * MW_NS_PER_S + t.tv_nsec;
}

static void readable(void *context, unsigned events) {
    MW_CHECK((events & MW_WATCH_READ) != 0);
    for (int64_t began = worked_ns(); worked_ns() - began < WORK_NS;)
        ; /* the others only sleep */
    mw_loop_stop(context);
}

MW_TEST(busy_steps_leave_room_for_others) {
    mw_clock *c = NULL;
    mw_loop *l = NULL;
    mw_watch *w = NULL;
    int pipe_fd[2];
    busy_step step[3] = {{.wait_ms = 0}, {.wait_ms = 1}, {.wait_ms = 5}};
    MW_CHECK_OK(mw_clock_open("system", &c));
    MW_CHECK_OK(mw_loop_new(c, &l));
    MW_CHECK_EQ(pipe(pipe_fd), 0);
    MW_CHECK_OK(mw_watch_new(l, pipe_fd[0], readable, l, &w));
    mw_watch_set(w, MW_WATCH_READ);
    for (size_t i = 0; i < 3; i++) {
        MW_CHECK_OK(mw_timer_new(l, busy, &step[i], &step[i].timer));
        mw_timer_name(step[i].timer, "busy");
        mw_timer_start(step[i].timer, mw_dur_ms(0), mw_dur_ms(0));
    }
    MW_CHECK_EQ(write(pipe_fd[1], "x", 1), 1);
    (void)alarm(10); /* before, it never came to that */
    mw_loop_run(l);
    (void)alarm(0);
    MW_CHECK(step[0].turns + step[1].turns + step[2].turns <= 9);
    mw_loop_longest longest = mw_loop_longest_take(l);
    MW_CHECK_STR(longest.name, "busy");
    MW_CHECK(longest.took.ns >= 3 * MW_NS_PER_S / 1000);
    MW_CHECK(longest.worked.ns >= WORK_NS);
    longest = mw_loop_longest_take(l);
    MW_CHECK_EQ(longest.took.ns, 0);
    MW_CHECK_EQ(longest.worked.ns, 0);
    for (size_t i = 0; i < 3; i++)
        mw_timer_free(step[i].timer);
    mw_watch_free(w);
    mw_loop_free(l);
    mw_clock_close(c);
    (void)close(pipe_fd[0]);
    (void)close(pipe_fd[1]);
}

MW_TEST(a_pace_keeps_turns_short) {
    mw_pace p;
    mw_pace_init(&p, 4, 1000);
    MW_CHECK_EQ(mw_pace_begin(&p), 4);
    mw_pace_took(&p, 4, mw_dur_ms(1));
    MW_CHECK_EQ(p.n, 8);
    mw_pace_took(&p, 3, mw_dur_ms(1)); /* it had less to do: that says nothing */
    MW_CHECK_EQ(p.n, 8);
    for (int i = 0; i < 20; i++)
        mw_pace_took(&p, p.n, mw_dur_ms(1));
    MW_CHECK_EQ(p.n, 1000);
    mw_pace_took(&p, 1000, mw_dur_ms(MW_PACE_MS * 10));
    MW_CHECK_EQ(p.n, 100);
    mw_pace_took(&p, 10, mw_dur_ms(MW_PACE_MS * 2)); /* ten took too long already */
    MW_CHECK_EQ(p.n, 5);
    mw_pace_took(&p, 5, mw_dur_s(100));
    MW_CHECK_EQ(p.n, 4);
}

static unsigned woken;

static void wake(void *context) {
    woken++;
    mw_loop_stop(context);
}

static void *wake_from_thread(void *w) {
    mw_wake_send(w);
    mw_wake_send(w);
    return NULL;
}

static char watched[8];

static void on_ready(void *context, unsigned events) {
    const int *fd = context;
    MW_CHECK_EQ(events, MW_WATCH_READ);
    MW_CHECK(read(*fd, watched, sizeof watched) == 2);
}

MW_TEST(timers_watches_and_wakes) {
    mw_clock *clock = NULL;
    mw_loop *loop = NULL;
    mw_watch *watch = NULL;
    mw_wake *waker = NULL;
    pthread_t thread;
    int fds[2];
    MW_CHECK_OK(mw_clock_open("system", &clock));
    MW_CHECK_OK(mw_loop_new(clock, &loop));
    MW_CHECK_OK(mw_timer_new(loop, fire, NULL, &timer));
    mw_timer_start(timer, mw_dur_ms(1), mw_dur_ms(1));
    for (int i = 0; i < 50; i++)
        mw_loop_run_once(loop, mw_dur_ms(1));
    MW_CHECK_EQ(fired, 3);
    mw_timer_free(timer);
    MW_CHECK(pipe(fds) == 0);
    MW_CHECK_OK(mw_watch_new(loop, fds[0], on_ready, &fds[0], &watch));
    mw_watch_set(watch, MW_WATCH_READ);
    MW_CHECK(write(fds[1], "ok", 2) == 2);
    mw_loop_run_once(loop, mw_dur_ms(100));
    MW_CHECK_STR(watched, "ok");
    mw_watch_free(watch);
    MW_CHECK_OK(mw_wake_new(loop, wake, loop, &waker));
    MW_CHECK(pthread_create(&thread, NULL, wake_from_thread, waker) == 0);
    mw_loop_run(loop);
    MW_CHECK_EQ(woken, 1);
    MW_CHECK(mw_loop_stopping(loop));
    (void)pthread_join(thread, NULL);
    mw_wake_free(waker);
    mw_mono before = mw_loop_mono(loop);
    MW_CHECK_EQ(mw_loop_mono(loop).ns, before.ns); /* one now a turn */
    mw_loop_free(loop);
    mw_clock_close(clock);
    (void)close(fds[0]);
    (void)close(fds[1]);
}

static char line[4096];
static unsigned lines;

static void take_line(void *context, const char *text, size_t n) {
    (void)context;
    lines++;
    (void)snprintf(line, sizeof line, "%.*s", (int)n, text);
}

MW_TEST(log_lines_are_one_line_and_limited) {
    mw_log_redirect(take_line, NULL);
    mw_log_start("mw-test", MW_LOG_INFO);
    mw_log(MW_LOG_WARN, "it happened", MW_S("who", "a b\n\"x\""), MW_I("n", -5),
           MW_ST("status", MW_CHECKSUM), MW_X("epoch", 0xab), MW_S("none", NULL));
    MW_CHECK(strstr(line,
                    "level=warn program=mw-test msg=\"it happened\" who=\"a b\\x0a\\\"x\\\"\" "
                    "n=-5 status=CHECKSUM epoch=00000000000000ab none=\"\"\n") != NULL);
    mw_log_plain(MW_LOG_DEBUG, "too fine");
    MW_CHECK_EQ(lines, 1);
    for (int i = 0; i < 100; i++)
        mw_log_plain(MW_LOG_INFO, "again and again");
    MW_CHECK_EQ(lines, 1 + MW_LOG_BURST);
    static char big[5000];
    memset(big, 'x', sizeof big - 1);
    mw_log(MW_LOG_INFO, "large", MW_S("text", big));
    MW_CHECK(strlen(line) <= MW_LOG_LINE_MAX);
    MW_CHECK(line[strlen(line) - 1] == '\n');
    mw_log_redirect(NULL, NULL);
}

MW_TEST(metrics_are_bounded_and_grouped) {
    mw_metrics *m = NULL;
    mw_buffer out;
    mw_buffer_init(&out, 65536);
    MW_CHECK_OK(mw_metrics_new(3, &m));
    mw_metric *a = mw_metrics_counter(m, "mw_a_total", "k=\"1\"", "Things.");
    mw_metric *b = mw_metrics_gauge(m, "mw_b", NULL, "Level.");
    mw_metric *c = mw_metrics_counter(m, "mw_a_total", "k=\"2\"", "Things.");
    MW_CHECK(mw_metrics_counter(m, "mw_a_total", "k=\"1\"", "") == a);
    mw_metric_add(mw_metrics_counter(m, "mw_too_many", NULL, ""), 1);
    MW_CHECK_EQ(mw_metrics_overflow(m), 1);
    mw_metric_add(a, 2);
    mw_metric_add(c, 3);
    mw_metric_set(b, -7);
    mw_metrics_render(m, &out);
    MW_CHECK_STR(mw_buffer_text(&out),
                 "# HELP mw_a_total Things.\n# TYPE mw_a_total counter\nmw_a_total{k=\"1\"} 2\n"
                 "mw_a_total{k=\"2\"} 3\n# HELP mw_b Level.\n# TYPE mw_b gauge\nmw_b -7\n");
    mw_metrics_render_process(&out);
    MW_CHECK(strstr(mw_buffer_text(&out), "process_resident_memory_bytes ") != NULL);
    mw_metrics_free(m);
    mw_buffer_fini(&out);
}

MW_TEST(files_are_replaced_whole) {
    mw_buffer out;
    mw_buffer_init(&out, 16);
    (void)snprintf(path, sizeof path, "%s/a/b/c", folder);
    MW_CHECK_OK(mw_file_make_folders(path, 0700));
    MW_CHECK_OK(mw_file_make_folders(path, 0700));
    (void)snprintf(path, sizeof path, "%s/token", folder);
    MW_CHECK_STATUS(mw_file_read(path, &out), MW_NOT_FOUND);
    MW_CHECK_OK(mw_file_replace(path, mw_slice_of_str("one\n"), 0600));
    MW_CHECK_OK(mw_file_replace(path, mw_slice_of_str("secret \n"), 0600));
    MW_CHECK_OK(mw_file_read_secret(path, &out));
    MW_CHECK_STR(mw_buffer_text(&out), "secret");
    mw_buffer_reset(&out);
    MW_CHECK(chmod(path, 0644) == 0);
    MW_CHECK_STATUS(mw_file_read_secret(path, &out), MW_FORBIDDEN);
    MW_CHECK_OK(mw_file_replace(path, mw_slice_of_str("two\nlines\n"), 0600));
    MW_CHECK_STATUS(mw_file_read_secret(path, &out), MW_SYNTAX);
    mw_buffer_reset(&out);
    MW_CHECK_OK(mw_file_replace(path, mw_slice_of_str("longer than sixteen"), 0600));
    MW_CHECK_STATUS(mw_file_read(path, &out), MW_SPACE);
    MW_CHECK_STATUS(mw_file_replace("/nonexistent/x", mw_slice_of_str("x"), 0600), MW_NOT_FOUND);
    mw_buffer_fini(&out);
}

int main(void) {
    const struct CMUnitTest cases[] = {
        MW_CASE(the_town_clock_is_shared),           MW_CASE(timers_watches_and_wakes),
        MW_CASE(log_lines_are_one_line_and_limited), MW_CASE(metrics_are_bounded_and_grouped),
        MW_CASE(files_are_replaced_whole),           MW_CASE(busy_steps_leave_room_for_others),
        MW_CASE(a_pace_keeps_turns_short),
    };
    return cmocka_run_group_tests(cases, setup, teardown);
}
