/* SPDX-License-Identifier: Apache-2.0 */
#include "station/decode.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/arena.h"
#include "protocols/unb/unb.h"
#include "radio/quality.h"
#include "runtime/clock.h"
#include "station/config.h"
#include "station/listen.h"
#include "station/networks.h"
#include "station/record.h"
#include "station/source.h"

#define ARGUMENTS_MAX 40

/* "--rate 250kHz" and "--rate=250kHz" become "rate=250kHz"; the one other word is the file. */
static bool decode_arguments(int argc, char **argv, char *out[ARGUMENTS_MAX], mw_arena *texts,
                             int *out_n, const char **out_file) {
    int n = 0;
    out[n++] = argv[0];
    for (int i = 1; i < argc; i++) {
        bool option = strncmp(argv[i], "--", 2) == 0 && argv[i][2] != 0;
        bool known = option && (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "--config") == 0);
        if (n + 2 >= ARGUMENTS_MAX)
            return false;
        if (!option && strchr(argv[i], '=') == NULL) {
            if (*out_file != NULL)
                return false;
            *out_file = argv[i];
        } else if (known || !option) {
            out[n++] = argv[i];
        } else if (strchr(argv[i], '=') != NULL) {
            out[n++] = argv[i] + 2;
        } else if (i + 1 == argc) {
            return false;
        } else {
            size_t room = strlen(argv[i]) + strlen(argv[i + 1]);
            char *text = mw_arena_take(texts, room);
            if (text == NULL)
                return false;
            (void)snprintf(text, room, "%s=%s", argv[i] + 2, argv[i + 1]);
            out[n++] = text;
            i++;
        }
    }
    *out_n = n;
    return true;
}

/* What is read, what was found, and how the file was. */
typedef struct decode_job {
    const mw_station_config *config;
    const char *file;
    mw_station_source *source;
    mw_band *receiver;
    mw_samples_header last; /* of the blocks so far */
    uint64_t samples;
    unsigned frames;
    mw_quality quality;
    mw_receiver_stats stats;
} decode_job;

static void decode_print_json(const mw_receiver_frame *f) {
    mw_buffer text;
    mw_buffer_init(&text, 4096);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_station_record_json(f, &j);
    mw_json_put_uint(&j, "first_index", f->first_index);
    mw_json_put_int(&j, "drift_mhz_per_s", f->drift_mhz_per_s);
    mw_json_put_int(&j, "symbols", f->symbols);
    mw_json_put_int(&j, "symbol_errors", f->symbol_errors);
    mw_json_put_int(&j, "quality", f->quality);
    mw_json_object_end(&j);
    if (mw_json_done(&j) == MW_OK)
        (void)puts(mw_buffer_text(&text));
    mw_buffer_fini(&text);
}

static void decode_print_text(const mw_receiver_frame *f) {
    char at[MW_UTC_TEXT_MAX] = "-";
    char hex[2 * MW_RECEIVER_PAYLOAD_MAX + 1] = "";
    if (!mw_utc_is_none(f->start))
        mw_utc_format(f->start, at);
    if (mw_hex_encode((mw_slice){f->payload, f->payload_bytes},
                      (mw_span){(uint8_t *)hex, sizeof hex - 1}) != MW_OK)
        return;
    (void)printf("%-27s %12.6f MHz %7.1f dBm %6.1f dB  ", at, (double)f->frequency.mhz / 1e9,
                 (double)f->level.cdbm / 100.0, (double)f->snr.cdb / 100.0);
    if (f->kind == MW_RADIO_UNB) {
        (void)printf("%s %s  %s\n", mw_unb_rate_name((mw_unb_rate)f->rate),
                     mw_unb_size_name((mw_unb_size)f->size), hex);
        return;
    }
    char sender[9], counter[12] = "-";
    (void)mw_station_record_sender(f, sender);
    if (f->counter >= 0)
        (void)snprintf(counter, sizeof counter, "%d", f->counter);
    (void)printf("%s %u Bd  %s counter %s copies %u  %s\n",
                 mw_radio_kind_name((mw_radio_kind)f->kind), f->baud, sender, counter, f->copies,
                 hex);
}

static void decode_frame(void *context, const mw_receiver_frame *f) {
    decode_job *job = context;
    if (strcmp(job->config->output, "text") == 0)
        decode_print_text(f);
    else
        decode_print_json(f);
    job->frames++;
}

/* Ends what is under way, with its frames. */
static void decode_flush(decode_job *job) {
    if (job->receiver == NULL)
        return;
    mw_band_flush(job->receiver);
    mw_band_stats now = mw_band_stats_of(job->receiver);
    job->stats.jumps += now.radio.jumps;
    job->stats.refused += now.radio.refused;
    mw_band_free(job->receiver);
    job->receiver = NULL;
}

static mw_status decode_block(decode_job *job, const mw_samples_block *b) {
    mw_status status = job->receiver == NULL ? MW_CONFLICT : mw_band_push(job->receiver, b);
    if (status != MW_CONFLICT)
        return status;
    mw_band_config config;
    decode_flush(job);
    MW_TRY(mw_station_band_config(job->config, b->h.rate_mhz, b->h.centre, &config));
    status = mw_band_new(&config, decode_frame, job, &job->receiver);
    if (status == MW_RANGE)
        (void)fprintf(
            stderr,
            "mw-station decode: %s: %.0f samples a second are not enough (or too many) to "
            "hear %s within %.1f kHz of the centre; is the rate right?\n",
            job->file, (double)b->h.rate_mhz / 1000.0, job->config->rates,
            (double)job->config->half_width.mhz / 1e6);
    MW_TRY(status);
    return mw_band_push(job->receiver, b);
}

/* MW_OK at the end; MW_SHORT when the file ends before it should. */
static mw_status decode_all(decode_job *job) {
    mw_samples_block block;
    mw_status status;
    while ((status = mw_station_source_pull(job->source, mw_dur_s(3600), &block)) == MW_OK) {
        mw_quality_push(&job->quality, &block, 1);
        status = decode_block(job, &block);
        if (status != MW_OK)
            break;
        job->samples += block.h.count;
        if (block.h.format != MW_SAMPLES_GAP || job->last.rate_mhz == 0)
            job->last = block.h;
    }
    decode_flush(job);
    if (status != MW_CLOSED)
        return status;
    mw_status trouble = mw_station_source_trouble(job->source);
    if (trouble != MW_CLOSED)
        return trouble;
    return *mw_station_source_why(job->source) != 0 ? MW_SHORT : MW_OK;
}

/* What a person wants to know when there are fewer frames than hoped for. */
static void decode_summary(const decode_job *job) {
    const mw_quality *q = &job->quality;
    double rate = (double)job->last.rate_mhz / 1000.0;
    if (job->config->summary)
        (void)fprintf(stderr,
                      "mw-station decode: %s: %u frames in %.1f s (%llu samples, %.0f a second, "
                      "centre %.6f MHz), level %.1f dB and constant part %.1f dB of full scale, "
                      "%.4f %% clipped, %llu not finite, %llu jumps\n",
                      job->file, job->frames, rate > 0 ? (double)job->samples / rate : 0.0,
                      (unsigned long long)job->samples, rate, (double)job->last.centre.mhz / 1e9,
                      mw_quality_level_db(q), mw_quality_constant_db(q),
                      100.0 * mw_quality_clipped_share(q), (unsigned long long)q->faults.not_finite,
                      (unsigned long long)job->stats.jumps);
    unsigned faults = mw_quality_faults_of(q, job->last.format);
    for (unsigned bit = 1; bit <= MW_QUALITY_WEAK; bit <<= 1)
        if ((faults & bit) != 0 && (job->samples == 0 || q->samples > 0))
            (void)fprintf(stderr, "mw-station decode: %s: %s\n", job->file,
                          mw_quality_text((mw_quality_fault)bit));
}

static int decode_file(const mw_station_config *config, const char *file) {
    decode_job job = {.config = config, .file = file};
    char *spec = NULL;
    if (asprintf(&spec, "%s%s", strcmp(file, "-") == 0 ? "" : "file:", file) < 0)
        return 1;
    mw_station_source_options o =
        mw_station_source_options_of(config, spec, mw_clock_machine_utc());
    o.once = true;
    mw_status status = mw_station_source_open(&o, &job.source);
    if (status == MW_OK)
        status = decode_all(&job);
    const char *why = job.source == NULL ? "" : mw_station_source_why(job.source);
    if (status != MW_OK)
        (void)fprintf(stderr, "mw-station decode: %s: %s%s%s\n", file, mw_status_text(status),
                      *why == 0 ? "" : ": ", why);
    if (status == MW_OK || status == MW_SHORT)
        decode_summary(&job);
    mw_station_source_free(job.source);
    free(spec);
    if (status == MW_SHORT && job.samples > 0)
        return MW_DECODE_EXIT_CUT;
    if (status != MW_OK)
        return 1;
    return job.frames > 0 ? 0 : MW_DECODE_EXIT_NONE;
}

int mw_station_decode_main(int argc, char **argv) {
    char *arguments[ARGUMENTS_MAX];
    int n = 0;
    const char *file = NULL;
    uint8_t memory[4096];
    mw_arena texts;
    mw_arena_init(&texts, MW_SPAN_OF(memory));
    if (!decode_arguments(argc, argv, arguments, &texts, &n, &file)) {
        (void)fprintf(stderr, "mw-station decode: see mw-station decode --help\n");
        return 2;
    }
    mw_station_config config = {0};
    mw_start start = mw_settings_start(&mw_station_decode_program, n, arguments, &config);
    if (!start.run)
        return start.exit_code;
    unsigned rates = 0;
    mw_radio_network networks[MW_RADIO_NETWORKS_MAX];
    size_t networks_n = 0;
    if (mw_station_networks_parse(config.networks, networks, &networks_n) != MW_OK) {
        (void)fprintf(stderr, "mw-station decode: networks is a list such as sigfox:100 nbfi:50\n");
        return 2;
    }
    if (file == NULL || mw_station_rates_parse(config.rates, &rates) != MW_OK) {
        (void)fprintf(stderr, file == NULL ? "mw-station decode: which file?\n"
                                           : "mw-station decode: rates is a list of R0, R1, R2\n");
        return 2;
    }
    int exit_code = decode_file(&config, file);
    mw_settings_free(start.settings);
    return exit_code;
}
