/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-provision: writes what production writes into one meter, locks it, and appends the line that
 * `mw-platform import` takes. docs/firmware.md tells how production uses it.
 *
 * The key is made here, goes to the meter and into the output file (readable by its owner alone),
 * and nowhere else: it is never shown, and there is no way to give one on the command line.
 */
#include <errno.h>
#include <fcntl.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

#include "crypto/crypto.h"
#include "tools/provision_models.h"
#include "tools/provision_port.h"

#define MESSAGE_MAX 2048

typedef struct job {
    const char *port, *serial, *device, *tenant, *plan, *calibration, *channels, *output;
    const mw_meter_model *model;
    uint32_t address, epoch;
    bool config_known, identify, erase;
    mw_meter_config config;
    provision_port line;
    mw_key key;
    uint8_t message[MESSAGE_MAX]; /* what the code is over */
    size_t message_bytes;
} job;

static int usage(void) {
    fputs(
        "usage: mw-provision --port PORT --identify\n"
        "       mw-provision --port PORT --erase\n"
        "       mw-provision --port PORT --model NAME --serial TEXT --device 16HEX --address N\n"
        "                    --tenant NAME --output FILE [--plan demo] [--epoch 1]\n"
        "                    [--period HOURS] [--pulse REGISTER:NUMERATOR/DENOMINATOR[+INDEX]]...\n"
        "                    [--calibration FILE] [--channels FILE]\n"
        "PORT: a serial device, unix:PATH or tcp:HOST:PORT. FILE of --output: lines for\n"
        "mw-platform import; it holds the meter's key, keep it closed.\n",
        stderr);
    return 2;
}

static bool complain(const char *what, const char *why) {
    fprintf(stderr, "mw-provision: %s: %s\n", what, why);
    return false;
}

/* ---- arguments ---- */

static bool number_take(const char *text, uint32_t most, uint32_t *out) {
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || *text < '0' || *text > '9' || *end != 0 || v > most)
        return complain(text, "not a number in range");
    *out = (uint32_t)v;
    return true;
}

static bool pulse_take(job *j, const char *text) {
    unsigned index, numerator, denominator;
    long long initial = 0;
    int n = 0;
    if (j->model == NULL)
        return complain("--pulse", "comes after --model");
    if (sscanf(text, "%u:%u/%u%n", &index, &numerator, &denominator, &n) != 3 ||
        (text[n] != 0 && (text[n] != '+' || sscanf(text + n + 1, "%lld", &initial) != 1)) ||
        index >= j->model->register_count)
        return complain(text, "not REGISTER:NUMERATOR/DENOMINATOR+INDEX of this model");
    j->config.scale[index] = (mw_meter_scale){numerator, denominator, initial};
    j->config_known = true;
    return true;
}

static bool period_take(job *j, const char *text) {
    uint32_t hours;
    if (j->model == NULL)
        return complain("--period", "comes after --model");
    if (!number_take(text, 24, &hours))
        return false;
    j->config.report_period_h = (uint8_t)hours;
    j->config_known = true;
    return true;
}

static bool model_take(job *j, const char *name) {
    j->model = provision_model_of(name);
    if (j->model == NULL)
        return complain(name, "no such model");
    j->config = j->model->defaults;
    return true;
}

static bool argument_take(job *j, const char *name, const char *value) {
    const struct {
        const char *name;
        const char **to;
    } texts[] = {
        {"--port", &j->port},     {"--serial", &j->serial},     {"--device", &j->device},
        {"--tenant", &j->tenant}, {"--plan", &j->plan},         {"--calibration", &j->calibration},
        {"--output", &j->output}, {"--channels", &j->channels},
    };
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        if (strcmp(name, texts[i].name) == 0) {
            *texts[i].to = value;
            return true;
        }
    if (strcmp(name, "--model") == 0)
        return model_take(j, value);
    if (strcmp(name, "--address") == 0)
        return number_take(value, UINT32_C(0xFEFFFFFF), &j->address);
    if (strcmp(name, "--epoch") == 0)
        return number_take(value, UINT32_MAX, &j->epoch);
    if (strcmp(name, "--period") == 0)
        return period_take(j, value);
    if (strcmp(name, "--pulse") == 0)
        return pulse_take(j, value);
    return complain(name, "unknown");
}

static bool arguments_take(job *j, int argc, char **argv) {
    j->plan = "demo";
    j->epoch = 1;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--identify") == 0)
            j->identify = true;
        else if (strcmp(argv[i], "--erase") == 0)
            j->erase = true;
        else if (i + 1 == argc || !argument_take(j, argv[i], argv[i + 1]))
            return false;
        else
            i++;
    }
    if (j->port == NULL)
        return false;
    return j->identify || j->erase ||
           (j->model != NULL && j->serial != NULL && j->device != NULL && j->address != 0 &&
            j->tenant != NULL && j->output != NULL);
}

/* ---- to the meter ---- */

static bool ask(job *j, const char *line, const char *what, char answer[MW_PRODUCTION_LINE + 1]) {
    mw_status s = provision_port_ask(&j->line, line, answer);
    return s == MW_OK ? true : complain(what, mw_status_text(s));
}

/* Items go in the order of their tags, as the code wants them. */
static bool item_put(job *j, const char *name, uint8_t tag, uint8_t index, mw_slice data) {
    char line[MW_PRODUCTION_LINE], answer[MW_PRODUCTION_LINE + 1];
    int n = snprintf(line, sizeof line, "put %s %u ", name, index);
    if (data.n > MW_PRODUCTION_DATA || data.n == 0)
        return complain(name, "too long, or empty");
    mw_span hex = {(uint8_t *)line + n, 2 * data.n};
    if (mw_hex_encode(data, hex) != MW_OK)
        return false;
    line[(size_t)n + hex.n] = 0;
    bool good = ask(j, line, name, answer);
    mw_bytes_wipe(line, sizeof line);
    if (tag != MW_PRODUCTION_KEY) {
        uint8_t *at = j->message + j->message_bytes;
        at[0] = tag;
        at[1] = index;
        at[2] = (uint8_t)data.n;
        memcpy(at + 3, data.p, data.n);
        j->message_bytes += 3 + data.n;
    }
    return good;
}

static bool number_put(job *j, const char *name, uint8_t tag, uint32_t v) {
    const uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    return item_put(j, name, tag, 0, MW_SLICE_OF(b));
}

static bool calibration_put(job *j) {
    uint8_t bytes[MW_PRODUCTION_CALIBRATIONS * MW_PRODUCTION_DATA + 1];
    if (j->calibration == NULL)
        return true;
    FILE *f = fopen(j->calibration, "rb");
    if (f == NULL)
        return complain(j->calibration, strerror(errno));
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    if (n == 0 || n == sizeof bytes)
        return complain(j->calibration, "empty, or longer than a calibration can be");
    for (size_t at = 0; at < n; at += MW_PRODUCTION_DATA) {
        size_t piece = n - at < MW_PRODUCTION_DATA ? n - at : MW_PRODUCTION_DATA;
        if (!item_put(j, "calibration", MW_PRODUCTION_CALIBRATION,
                      (uint8_t)(at / MW_PRODUCTION_DATA), (mw_slice){bytes + at, piece}))
            return false;
    }
    return true;
}

static bool items_put(job *j) {
    uint8_t device[8], config[MW_METER_CONFIG_PAYLOAD];
    mw_slice hex = mw_slice_of_str(j->device);
    if (hex.n != 16 || mw_hex_decode(hex, MW_SPAN_OF(device)) != MW_OK)
        return complain(j->device, "not 16 hexadecimal digits");
    mw_meter_config_encode(&j->config, config);
    return item_put(j, "serial", MW_PRODUCTION_SERIAL, 0, mw_slice_of_str(j->serial)) &&
           item_put(j, "device", MW_PRODUCTION_DEVICE, 0, MW_SLICE_OF(device)) &&
           number_put(j, "address", MW_PRODUCTION_ADDRESS, j->address) &&
           item_put(j, "key", MW_PRODUCTION_KEY, 0, MW_SLICE_OF(j->key.b)) &&
           number_put(j, "epoch", MW_PRODUCTION_EPOCH, j->epoch) &&
           item_put(j, "plan", MW_PRODUCTION_PLAN, 0, mw_slice_of_str(j->plan)) &&
           (!j->config_known ||
            item_put(j, "config", MW_PRODUCTION_CONFIG, 0, MW_SLICE_OF(config))) &&
           calibration_put(j);
}

/* The meter's code against ours: everything arrived, the key too. */
static bool code_check(job *j, char code_hex[2 * MW_PRODUCTION_CODE + 1]) {
    char answer[MW_PRODUCTION_LINE + 1];
    uint8_t tag[MW_CMAC_BYTES];
    mw_crypto_ctx ctx = {0};
    mw_status s = mw_crypto_init(&ctx, &mw_crypto_openssl, &j->key);
    if (s == MW_OK)
        s = mw_cmac(&ctx, (mw_slice){j->message, j->message_bytes}, tag);
    mw_crypto_fini(&ctx);
    mw_span hex = {(uint8_t *)code_hex, 2 * MW_PRODUCTION_CODE};
    if (s != MW_OK || mw_hex_encode((mw_slice){tag, MW_PRODUCTION_CODE}, hex) != MW_OK)
        return complain("code", mw_status_text(s));
    code_hex[2 * MW_PRODUCTION_CODE] = 0;
    if (!ask(j, "check", "check", answer))
        return false;
    return strcmp(answer, code_hex) == 0
               ? true
               : complain("check", "the meter does not hold what was written");
}

/* ---- the line for the platform ---- */

static json_t *channels_make(const job *j) {
    json_error_t e;
    if (j->channels != NULL) {
        json_t *all = json_load_file(j->channels, 0, &e);
        if (!json_is_array(all))
            fprintf(stderr, "mw-provision: %s: not a JSON array: %s\n", j->channels, e.text);
        return all;
    }
    if (j->model == &mw_pulse_2) {
        complain("--channels", "a pulse modem does not know what its inputs count");
        return NULL;
    }
    bool water = strncmp(j->model->name, "water", 5) == 0;
    return json_pack("[{s:i,s:s,s:s,s:s,s:i,s:i,s:s}]", "number", j->model->channel[0], "medium",
                     water ? "water" : "gas", "obis", water ? "8-0:1.0.0*255" : "7-0:3.0.0*255",
                     "unit", "L", "scale", 0, "register_digits", 8, "label",
                     water ? "Cold water" : "Gas");
}

static json_t *line_make(const job *j) {
    char key[2 * MW_KEY_BYTES + 1] = {0};
    json_t *channels = channels_make(j);
    if (!json_is_array(channels) ||
        mw_hex_encode(MW_SLICE_OF(j->key.b), (mw_span){(uint8_t *)key, 2 * MW_KEY_BYTES}) !=
            MW_OK) {
        json_decref(channels);
        return NULL;
    }
    json_t *line =
        json_pack("{s:s,s:s,s:s,s:s,s:I,s:s,s:o}", "tenant", j->tenant, "device_id", j->device,
                  "serial", j->serial, "model", j->model->name, "network_address",
                  (json_int_t)j->address, "master_key", key, "channels", channels);
    mw_bytes_wipe(key, sizeof key);
    return line;
}

/* The line is safe on disk before the meter is locked: a key that nobody knows is a lost meter. */
static bool line_keep(const job *j, off_t *out_before) {
    json_t *line = line_make(j);
    if (line == NULL)
        return false;
    int fd = open(j->output, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    struct stat st;
    FILE *f = fd >= 0 && fstat(fd, &st) == 0 ? fdopen(fd, "a") : NULL;
    bool good = f != NULL && (st.st_mode & 077) == 0;
    if (f != NULL && !good)
        complain(j->output, "others could read the key: chmod 600");
    if (good) {
        *out_before = st.st_size;
        good = json_dumpf(line, f, JSON_COMPACT) == 0 && fputc('\n', f) != EOF && fflush(f) == 0 &&
               fsync(fd) == 0;
    }
    json_decref(line);
    if (f == NULL || (fclose(f) != 0 && good))
        good = complain(j->output, strerror(errno));
    return good;
}

/* ---- */

static bool produce(job *j, const char *identity) {
    char answer[MW_PRODUCTION_LINE + 1], code[2 * MW_PRODUCTION_CODE + 1], lock[32];
    size_t name = strlen(j->model->name);
    off_t before;
    if (strncmp(identity, j->model->name, name) != 0 || identity[name] != ' ')
        return complain(identity, "this is another model");
    if (strstr(identity, " locked ") != NULL)
        return complain(identity, "it is locked already");
    if (getrandom(j->key.b, sizeof j->key.b, 0) != (ssize_t)sizeof j->key.b)
        return complain("random numbers", strerror(errno));
    if (!items_put(j) || !code_check(j, code) || !line_keep(j, &before))
        return false;
    snprintf(lock, sizeof lock, "lock %s", code);
    mw_status s = provision_port_ask(&j->line, lock, answer);
    if (s != MW_OK) {
        complain("lock", mw_status_text(s));
        /* It said no: the line is worth nothing. When it said nothing, it may be locked: keep it. */
        if (s != MW_TIMEOUT && s != MW_CLOSED && s != MW_IO && truncate(j->output, before) != 0)
            complain(j->output, strerror(errno));
        return false;
    }
    printf("%s %s address %u locked, code %s\n", j->model->name, j->serial, j->address, code);
    return true;
}

static bool work(job *j) {
    char answer[MW_PRODUCTION_LINE + 1];
    mw_status s = provision_port_open(&j->line, j->port);
    if (s != MW_OK)
        return complain(j->port, strerror(errno));
    bool good = ask(j, j->erase ? "erase" : "identify", j->erase ? "erase" : "identify", answer);
    if (good && (j->identify || j->erase))
        printf("%s\n", j->erase ? "erased" : answer);
    else if (good)
        good = produce(j, answer);
    provision_port_close(&j->line);
    mw_key_wipe(&j->key);
    return good;
}

int main(int argc, char **argv) {
    static job j;
    if (!arguments_take(&j, argc, argv))
        return usage();
    return work(&j) ? 0 : 1;
}
