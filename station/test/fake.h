/* SPDX-License-Identifier: Apache-2.0
 *
 * The world around a station for tests: a town that sends samples on a UNIX socket and keeps what
 * was not acknowledged, a platform that fails in every way, and the station itself as a process
 * that can be killed.
 */
#ifndef MW_STATION_TEST_FAKE_H
#define MW_STATION_TEST_FAKE_H

#include <stdio.h>
#include <sys/types.h>

#include "base/prng.h"
#include "radio/samples.h"
#include "runtime/http_server.h"
#include "tests/harness/mw_test.h"

#define FAKE_FRAMES     24
#define FAKE_RATE       INT64_C(25000) /* samples a second */
#define FAKE_CENTRE     INT64_C(868100000000)
#define FAKE_BLOCK      4096
#define FAKE_BLOCKS_MAX 400
#define FAKE_UTC        INT64_C(1790000000000000)

/* The stream: FAKE_FRAMES bursts of size S at R1 with silence between them. */
typedef struct fake_town {
    mw_samples_header heads[FAKE_BLOCKS_MAX];
    uint8_t *payloads[FAKE_BLOCKS_MAX];
    size_t payload_n[FAKE_BLOCKS_MAX];
    size_t blocks;
    uint64_t frame_at[FAKE_FRAMES]; /* first sample of each burst */
    uint64_t end;                   /* samples of the whole stream */
    char path[96];
    int listener;
    int peer;
    size_t at; /* block that is being sent, bytes of it sent */
    size_t offset;
    uint64_t acknowledged;
    unsigned connections;
    bool silent; /* accepts nobody */
} fake_town;

typedef struct fake_stored {
    uint64_t epoch;
    uint64_t sequence;
    uint8_t payload[16];
} fake_stored;

/* How often, in per cent of the requests, the platform misbehaves. */
typedef struct fake_platform {
    mw_http_server *server;
    mw_http_server *second; /* another way in, while it is open */
    uint16_t second_port;
    char last_peer[64]; /* source address of the last batch */
    unsigned notices;   /* records of the station about itself */
    char last_notice[4096];
    unsigned reports, pictures;    /* of the station about itself, refused ones too */
    int report_code, picture_code; /* refuses with this, 0 = takes */
    bool picture_wanted;
    char last_report[8192];
    size_t last_picture_n;
    uint16_t port;
    fake_stored stored[1000];
    size_t stored_n;
    unsigned duplicates;
    unsigned conflicts;
    unsigned requests;
    unsigned frames_seen[FAKE_FRAMES]; /* times stored under different keys */
    unsigned unknown;                  /* payloads that nobody sent */
    unsigned fail_percent;
    bool down;        /* answers 503 */
    int refuse_frame; /* answers 400 to batches with it, -1 = none */
    unsigned largest; /* batch */
    int64_t last_level;
    int64_t last_frequency;
    char last_time[48];
    mw_prng prng;
} fake_platform;

typedef struct fake_world {
    char root[64];
    mw_clock *clock;
    mw_loop *loop;
    fake_town town;
    fake_platform platform;
    pid_t station;
    unsigned starts;
    const char *more[8];        /* settings added to the station's command line */
    const char *environment[8]; /* and to its environment, "NAME=value" */
} fake_world;

/* Makes folder, loop, stream, socket and platform. */
fake_world *fake_world_new(void);
void fake_world_free(fake_world *w);
/* Opens and closes the other way to the platform, at one port. */
void fake_second_open(fake_world *w);
void fake_second_close(fake_world *w);
void fake_station_start(fake_world *w);
/* Signals the station and waits for it; its exit status, or 128 + signal. */
int fake_station_end(fake_world *w, int signal);
/* True when the station ended by itself; *out_status as fake_station_end. */
bool fake_station_ended(fake_world *w, int *out_status);
/* One turn of town and platform, at most ms milliseconds. */
void fake_turn(fake_world *w, int ms);
/* Turns until the platform holds all frames, or the time is over. */
bool fake_await_frames(fake_world *w, unsigned n, int seconds);
bool fake_await_acknowledged(fake_world *w, int seconds);
unsigned fake_frames_held(const fake_world *w);
/* The payload of a frame: 13 bytes that follow from its number. */
void fake_payload(unsigned number, uint8_t out[13]);
/* Writes the stream to a file: blocks, or plain cs16 with silence in full. */
void fake_town_write(const fake_town *t, const char *path, bool plain);
/* GET of the station's own server; the body, valid until the next call. */
const char *fake_station_get(fake_world *w, const char *target);

#endif
