/* SPDX-License-Identifier: Apache-2.0 */
#include "station/config.h"

#include <stdio.h>
#include <string.h>

#include "station/networks.h"

#define FIELD(name) offsetof(mw_station_config, name)
#define S_NS        MW_NS_PER_S
#define MHZ         INT64_C(1000000000)

#define SAMPLES_SETTINGS(prefix, format_default)                                                   \
    {prefix "format",                                                                              \
     MW_SETTING_CHOICE,                                                                            \
     FIELD(format),                                                                                \
     format_default,                                                                               \
     0,                                                                                            \
     0,                                                                                            \
     "blocks|auto|wav|sigmf|cf32|cs16|cu8|cs8",                                                    \
     false,                                                                                        \
     "What comes: sample blocks that describe themselves, a WAV or SigMF recording, or plain "     \
     "(I, Q) pairs of float, int16, uint8 or int8; auto looks at the name and the first bytes."},  \
        {prefix "rate", MW_SETTING_FREQ, FIELD(sample_rate),                                       \
         "250kHz",      1000000,         100000 * MHZ / 1000,                                      \
         NULL,          false,           "Samples a second of plain samples."},                    \
    {                                                                                              \
        prefix "start", MW_SETTING_UTC, FIELD(start), "1970-01-01T00:00:00Z", 0, 0, NULL, false,   \
            "Moment of the first plain sample; 1970 means the moment when reading begins."         \
    }

#define RADIO_SETTINGS(prefix)                                                                     \
    {prefix "centre",                                                                              \
     MW_SETTING_FREQ,                                                                              \
     FIELD(centre),                                                                                \
     "868.1MHz",                                                                                   \
     1 * MHZ,                                                                                      \
     6000 * MHZ,                                                                                   \
     NULL,                                                                                         \
     false,                                                                                        \
     "Radio frequency in the middle of the samples, where they do not say it themselves."},        \
        {prefix "half_width",                                                                      \
         MW_SETTING_FREQ,                                                                          \
         FIELD(half_width),                                                                        \
         "100kHz",                                                                                 \
         1000000,                                                                                  \
         50 * MHZ,                                                                                 \
         NULL,                                                                                     \
         false,                                                                                    \
         "Carriers are looked for this far to both sides of the centre."},                         \
        {prefix "rates",                                                                           \
         MW_SETTING_TEXT,                                                                          \
         FIELD(rates),                                                                             \
         "R1",                                                                                     \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         false,                                                                                    \
         "Symbol rates to listen for, of R0 (50 Bd), R1 (400 Bd) and R2 (3200 Bd), such as "       \
         "\"R0 R1\". Each costs computing time."},                                                 \
        {prefix "plan",                                                                            \
         MW_SETTING_TEXT,                                                                          \
         FIELD(plan),                                                                              \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         false,                                                                                    \
         "Frequency plan whose uplink bands are heard, each with its symbol rates, instead of "    \
         "half_width and rates: eu868, eu434, demo, or file:PATH. Empty: none."},                  \
        {prefix "threads",                                                                         \
         MW_SETTING_INT,                                                                           \
         FIELD(threads),                                                                           \
         "2",                                                                                      \
         1,                                                                                        \
         64,                                                                                       \
         NULL,                                                                                     \
         false,                                                                                    \
         "Threads that share a band's sub-bands; samples of up to 600 kHz need only one."},        \
        {prefix "history",                                                                         \
         MW_SETTING_INT,                                                                           \
         FIELD(history_percent),                                                                   \
         "150",                                                                                    \
         110,                                                                                      \
         300,                                                                                      \
         NULL,                                                                                     \
         false,                                                                                    \
         "Samples kept, in per cent of the longest frame: 200 finds all that a frame hid, less "   \
         "saves memory (docs/radio.md)."},                                                         \
        {prefix "blank",                                                                           \
         MW_SETTING_INT,                                                                           \
         FIELD(blank),                                                                             \
         "0",                                                                                      \
         0,                                                                                        \
         100,                                                                                      \
         NULL,                                                                                     \
         false,                                                                                    \
         "Impulse blanker: samples louder than this many times their surroundings are silenced; "  \
         "5 "                                                                                      \
         "is good where there is ignition or switching noise, 0: off."},                           \
        {prefix "networks",                                                                        \
         MW_SETTING_TEXT,                                                                          \
         FIELD(networks),                                                                          \
         "",                                                                                       \
         0,                                                                                        \
         0,                                                                                        \
         NULL,                                                                                     \
         false,                                                                                    \
         "Other networks to listen for, as NAME:BAUD or NAME:BAUD@LOW-HIGH in MHz: "               \
         "sigfox:100|600, nbfi:50|400|3200, openunb:100. Each costs computing time."},             \
    {                                                                                              \
        prefix "full_scale", MW_SETTING_LEVEL, FIELD(full_scale), "-50dBm", -20000, 5000, NULL,    \
            false, "Level of a carrier that just fills the converter; levels are told from it."    \
    }

static const mw_setting settings[] = {
    {"clock", MW_SETTING_TEXT, FIELD(clock), "system", 0, 0, NULL, false,
     "Source of time: system, or town:PATH for the clock file of a simulated town."},
    {"log.level", MW_SETTING_CHOICE, FIELD(log_level), "info", 0, 0, "error|warn|info|debug", false,
     "Least important lines that are logged to standard error."},
    {"station.id", MW_SETTING_TEXT, FIELD(id), NULL, 0, 0, NULL, false,
     "Name under which the platform knows this station."},
    {"samples.source", MW_SETTING_TEXT, FIELD(source), NULL, 0, 0, NULL, false,
     "Where samples come from: unix:PATH connects to a socket that sends sample blocks, again and "
     "again; soapy:ARGUMENTS opens a radio through SoapySDR, such as soapy:driver=rtlsdr; "
     "file:PATH "
     "reads a file or named pipe; - reads standard input."},
    SAMPLES_SETTINGS("samples.", "blocks"),
    {"sdr.antenna", MW_SETTING_TEXT, FIELD(sdr_antenna), "", 0, 0, NULL, false,
     "Antenna connector of the radio; empty: its driver's choice."},
    {"sdr.gain_db", MW_SETTING_INT, FIELD(sdr_gain_db), "-1", -1, 120, NULL, false,
     "Gain of the radio's receiver in dB; -1: its own gain control."},
    {"sdr.correction_ppb", MW_SETTING_INT, FIELD(sdr_correction_ppb), "0", -200000, 200000, NULL,
     false, "Correction of the radio's oscillator in parts of 10^9."},
    {"sdr.delay", MW_SETTING_DUR, FIELD(sdr_delay), "0ms", 0, S_NS, NULL, false,
     "Constant time between the antenna and the arrival of samples here; time stamps are set "
     "back by it."},
    {"sdr.transmit_antenna", MW_SETTING_TEXT, FIELD(sdr_transmit_antenna), "", 0, 0, NULL, false,
     "Antenna connector that bursts leave from; empty: its driver's choice."},
    {"sdr.transmit_gain_db", MW_SETTING_INT, FIELD(sdr_transmit_gain_db), "0", 0, 120, NULL, false,
     "Gain of the radio's transmitter in dB, with which transmit.full_scale was measured."},
    {"samples.stop_at_end", MW_SETTING_BOOL, FIELD(stop_at_end), "no", 0, 0, NULL, false,
     "End the daemon when a file has ended and everything was delivered."},
    RADIO_SETTINGS("radio."),
    {"spool.folder", MW_SETTING_TEXT, FIELD(spool_folder), NULL, 0, 0, NULL, false,
     "Folder in which received frames wait until the platform has them; made when absent."},
    {"spool.max", MW_SETTING_SIZE, FIELD(spool_max), "1GiB", 65536, INT64_C(1) << 44, NULL, false,
     "Largest size of the spool, raw samples included."},
    {"spool.when_full", MW_SETTING_CHOICE, FIELD(spool_when_full), "auto", 0, 0, "auto|hold|drop",
     false,
     "A full spool: hold stops receiving and throws nothing away; drop lets go of raw samples, "
     "then "
     "of repeated receptions of a frame, then of the oldest frames; auto holds a source that can "
     "wait (a socket, a file) and drops for a radio or a pipe."},
    {"raw.folder", MW_SETTING_TEXT, FIELD(raw_folder), "", 0, 0, NULL, false,
     "Folder for the latest raw samples; empty: raw in spool.folder."},
    {"raw.max", MW_SETTING_SIZE, FIELD(raw_max), "0B", 0, INT64_C(1) << 44, NULL, false,
     "Raw samples kept for looking at, of what the frames leave of spool.max; 0B: none."},
    {"platform.url", MW_SETTING_TEXT, FIELD(url), NULL, 0, 0, NULL, false,
     "Address of the platform, such as https://meters.example; plain http only to loopback."},
    {"platform.token_file", MW_SETTING_TEXT, FIELD(token_file), NULL, 0, 0, NULL, false,
     "File with the station's token, readable by its owner only. It is read anew for each try."},
    {"platform.ca_file", MW_SETTING_TEXT, FIELD(ca_file), "", 0, 0, NULL, false,
     "Certificates (PEM) that may vouch for the platform instead of the system's."},
    {"platform.client_cert", MW_SETTING_TEXT, FIELD(client_cert), "", 0, 0, NULL, false,
     "Certificate (PEM, with its chain) that this station shows to the platform; empty: none."},
    {"platform.client_key", MW_SETTING_TEXT, FIELD(client_key), "", 0, 0, NULL, false,
     "Key of platform.client_cert (PEM), readable by its owner only."},
    {"platform.routes", MW_SETTING_TEXT, FIELD(routes), "", 0, 0, NULL, false,
     "Ways to the platform in order of preference, each NAME=INTERFACE or NAME=INTERFACE@URL, such "
     "as "
     "\"ethernet=eth0 lte=wwan0 wifi=wlan0@https://backup.example\"; empty: the system's choice."},
    {"platform.probe_every", MW_SETTING_DUR, FIELD(probe_every), "30s", S_NS / 20, 3600 * S_NS,
     NULL, false, "How often each route is probed."},
    {"platform.allow_plain", MW_SETTING_BOOL, FIELD(allow_plain), "no", 0, 0, NULL, false,
     "Allow plain http to another address than loopback: only inside a protected network."},
    {"platform.batch", MW_SETTING_INT, FIELD(batch_max), "500", 1, 1000, NULL, false,
     "Most frames in one request."},
    {"platform.timeout", MW_SETTING_DUR, FIELD(timeout), "30s", S_NS / 10, 600 * S_NS, NULL, false,
     "How long one request may take."},
    {"platform.retry_min", MW_SETTING_DUR, FIELD(retry_min), "500ms", S_NS / 100, 60 * S_NS, NULL,
     false, "First pause after a failed request; each further failure doubles it."},
    {"platform.retry_max", MW_SETTING_DUR, FIELD(retry_max), "60s", S_NS / 10, 3600 * S_NS, NULL,
     false, "Longest pause after failed requests."},
    {"platform.status_every", MW_SETTING_DUR, FIELD(status_every), "1min", 0, 3600 * S_NS, NULL,
     false, "How often the platform is told how the station is; 0s: never, and no pictures."},
    {"platform.picture_every", MW_SETTING_DUR, FIELD(picture_every), "2min", 0, 24 * 3600 * S_NS,
     NULL, false, "Shortest time between pictures of the band, sent while an operator looks."},
    {"platform.picture_max", MW_SETTING_SIZE, FIELD(picture_max), "512KiB", 0, 512 * 1024, NULL,
     false, "Largest picture that is sent; 0B: none."},
    {"update.folder", MW_SETTING_TEXT, FIELD(update_folder), "/var/lib/meterworks-station/update",
     0, 0, NULL, false, "Folder of installed updates, of the program and of the configuration."},
    {"update.keys_file", MW_SETTING_TEXT, FIELD(update_keys), "", 0, 0, NULL, false,
     "Public keys that may sign updates, a line each; empty: no update is taken."},
    {"update.confirm_after", MW_SETTING_DUR, FIELD(update_confirm), "5min", S_NS, 24 * 3600 * S_NS,
     NULL, false, "An update is confirmed after this long in good health, the platform reached."},
    {"update.deadline", MW_SETTING_DUR, FIELD(update_deadline), "1h", S_NS, 7 * 24 * 3600 * S_NS,
     NULL, false, "An update that was not confirmed by then is taken back."},
    {"http.listen", MW_SETTING_TEXT, FIELD(listen), "127.0.0.1:9101", 0, 0, NULL, false,
     "Address of /healthz, /metrics and the status page; others than loopback need http.tls_cert."},
    {"http.tls_cert", MW_SETTING_TEXT, FIELD(tls_cert), "", 0, 0, NULL, false,
     "Certificate (PEM) of the station's own pages; empty: no TLS."},
    {"http.tls_key", MW_SETTING_TEXT, FIELD(tls_key), "", 0, 0, NULL, false,
     "Key of http.tls_cert (PEM)."},
    {"http.page_token_file", MW_SETTING_TEXT, FIELD(page_token), "", 0, 0, NULL, false,
     "File with the token that the status page asks for, readable by its owner only; empty: no "
     "status page."},
    {"time.gpsd", MW_SETTING_TEXT, FIELD(gpsd), "127.0.0.1:2947", 0, 0, NULL, false,
     "Address host:port of gpsd, which is asked for the time when it is there; empty: never."},
    {"transmit.enabled", MW_SETTING_BOOL, FIELD(transmit), "no", 0, 0, NULL, false,
     "Send downlinks. Switch it on only where the plan's sub-bands, power and duty are yours to "
     "use."},
    {"transmit.plan", MW_SETTING_TEXT, FIELD(transmit_plan), "eu868", 0, 0, NULL, false,
     "Frequency plan of the downlinks: eu868, eu434, demo, or file:PATH (docs/spec/unb.md, section "
     "4)."},
    {"transmit.erp", MW_SETTING_LEVEL, FIELD(transmit_erp), "13.98dBm", -5000, 4000, NULL, false,
     "Effective radiated power of a burst: 25 mW unless the plan's sub-bands allow more."},
    {"transmit.full_scale", MW_SETTING_LEVEL, FIELD(transmit_full_scale), "17dBm", -5000, 5000,
     NULL, false,
     "Radiated power of samples of full scale: what amplifier, cable and antenna make of them. At "
     "least 2.8 dB above transmit.erp."},
    {"transmit.lead", MW_SETTING_DUR, FIELD(transmit_lead), "1s", S_NS / 10, 3 * S_NS / 2, NULL,
     false, "How long before its start a burst is decided and handed to the radio."},
    {"transmit.airtime", MW_SETTING_TEXT, FIELD(transmit_airtime), "", 0, 0, NULL, false,
     "File with the airtime of the last hour, so that a restart keeps the duty; empty: airtime in "
     "spool.folder."},
};

const mw_program mw_station_program = {
    .name = "mw-station",
    .about = "A base station: decodes radio samples and forwards the frames, losing none.",
    .commands =
        "  decode FILE [--rate 250kHz] [--format cs16] ...   print the frames of a file as "
        "JSON lines\n                                                   (decode --help)\n"
        "  self-test                                        look at disk, clock, receiver, "
        "keys, platform\n"
        "  link-budget [KEY=VALUE ...]                      how far meters are heard "
        "(docs/field.md)\n"
        "  update apply FILE | update status | update take-back | config apply FILE\n"
        "                                                   signed updates (docs/station.md)\n"
        "  launch                                           start what is installed; for "
        "systemd\n"
        "  capacity [PLAN [METERS]]                         print what the downlink can carry\n",
    .settings = settings,
    .settings_n = sizeof settings / sizeof settings[0],
};

static const mw_setting decode_settings[] = {
    SAMPLES_SETTINGS("", "auto"),
    RADIO_SETTINGS(""),
    {"output", MW_SETTING_CHOICE, FIELD(output), "json", 0, 0, "json|text", false,
     "Frames as JSON lines or as text for people."},
    {"summary", MW_SETTING_BOOL, FIELD(summary), "yes", 0, 0, NULL, false,
     "Tell on standard error what was read."},
};

const mw_program mw_station_decode_program = {
    .name = "mw-station decode",
    .about =
        "Prints the frames in a file of samples (or - for standard input). Each setting may also "
        "be written --key value. Exit status: 0 frames were found, 3 none, 4 the file is cut "
        "off, 1 it cannot be read, 2 wrong usage.",
    .commands = "  FILE    sample blocks, WAV, SigMF, or plain samples with their rate\n",
    .settings = decode_settings,
    .settings_n = sizeof decode_settings / sizeof decode_settings[0],
};

mw_status mw_station_rates_parse(const char *text, unsigned *out_rates) {
    static const struct {
        const char *name;
        unsigned bit;
    } names[] = {{"R0", MW_RECEIVER_R0}, {"R1", MW_RECEIVER_R1}, {"R2", MW_RECEIVER_R2}};
    unsigned rates = 0;
    for (const char *at = text + strspn(text, " ,"); *at != 0; at += strspn(at, " ,")) {
        size_t n = strcspn(at, " ,");
        unsigned bit = 0;
        for (size_t i = 0; i < 3; i++)
            if (n == 2 && strncmp(at, names[i].name, n) == 0)
                bit = names[i].bit;
        if (bit == 0)
            return MW_SYNTAX;
        rates |= bit;
        at += n;
    }
    if (rates == 0)
        return MW_SYNTAX;
    *out_rates = rates;
    return MW_OK;
}

mw_station_source_options mw_station_source_options_of(const mw_station_config *c, const char *spec,
                                                       mw_utc now) {
    mw_station_source_options o = {.spec = spec, .format = c->format};
    o.start_given = c->start.us != 0;
    o.plain = (mw_samples_header){.format = MW_SAMPLES_CF32,
                                  .utc = o.start_given ? c->start : now,
                                  .utc_uncertainty_us = 1000000,
                                  .rate_mhz = (uint64_t)c->sample_rate.mhz,
                                  .centre = c->centre};
    o.radio = (mw_soapy_options){.antenna = c->sdr_antenna,
                                 .gain_db = (double)c->sdr_gain_db,
                                 .correction_ppm = (double)c->sdr_correction_ppb / 1000.0,
                                 .fixed_delay = c->sdr_delay,
                                 .transmit = c->transmit,
                                 .transmit_antenna = c->sdr_transmit_antenna,
                                 .transmit_gain_db = (double)c->sdr_transmit_gain_db};
    return o;
}

mw_station_store_options mw_station_store_options_of(const mw_station_config *c, bool can_wait) {
    static char raw[4096];
    (void)snprintf(raw, sizeof raw, "%s/raw", c->spool_folder);
    bool drop = strcmp(c->spool_when_full, "drop") == 0;
    bool automatic = strcmp(c->spool_when_full, "auto") == 0;
    return (mw_station_store_options){.folder = c->spool_folder,
                                      .bytes_max = c->spool_max,
                                      .may_drop = drop || (automatic && !can_wait),
                                      .raw_folder = *c->raw_folder == 0 ? raw : c->raw_folder,
                                      .raw_max = c->raw_max};
}
