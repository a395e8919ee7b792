/* SPDX-License-Identifier: Apache-2.0 */
#include "radio/sigfox_join.h"

#include <stdlib.h>
#include <string.h>

#include "base/assert.h"

#define COPIES       MW_SIGFOX_COPIES
#define WAITING_MAX  96u
#define MESSAGES_MAX 64u
/* Longest pause between the end of a copy and the next one's beginning: 2 s, and what a timer is
 * off. */
#define PAUSE_MAX_S 2.1
/* A copy alone has no redundancy but 16 bits of CRC: it must be clean as well. Noise has a
 * coherence of 0.64 +- 0.02; a burst at Es/N0 = 4.5 dB, where a long copy is all but always lost, has
 * 0.86. */
#define COHERENCE_MIN 0.78
/* Agreement of two and of three copies with the message they are said to carry. Noise decoded to
 * its nearest message has 0.53 +- 0.07 and 0.36 +- 0.06; copies at Es/N0 = 1 to 3 dB 0.94 +- 0.03
 * and 0.88 +- 0.08. */
#define AGREEMENT_TWO   0.83
#define AGREEMENT_THREE 0.65
/* A further copy of a message that is known. */
#define AGREEMENT_OWN 0.40

typedef struct message {
    mw_framer_result result;
    mw_receiver_frame best; /* reception of the strongest copy */
    uint64_t first_index[COPIES];
    bool heard[COPIES];
    uint64_t until; /* no copy can begin later */
    double agreement;
    unsigned symbols, errors;
    uint16_t baud;
} message;

struct mw_sigfox_joiner {
    double rate;
    mw_receiver_sink sink;
    void *user;
    mw_sigfox_copy waiting[WAITING_MAX];
    size_t waiting_count;
    message messages[MESSAGES_MAX];
    size_t message_count;
    uint64_t joined;
};

mw_status mw_sigfox_joiner_new(double rate, mw_receiver_sink sink, void *user,
                               mw_sigfox_joiner **out_joiner) {
    mw_sigfox_joiner *j = calloc(1, sizeof *j);
    if (j == NULL)
        return MW_NOMEM;
    j->rate = rate;
    j->sink = sink;
    j->user = user;
    *out_joiner = j;
    return MW_OK;
}

void mw_sigfox_joiner_free(mw_sigfox_joiner *j) {
    free(j);
}

uint64_t mw_sigfox_joiner_joined(const mw_sigfox_joiner *j) {
    return j->joined;
}

size_t mw_sigfox_joiner_memory(void) {
    return sizeof(mw_sigfox_joiner);
}

/* ---- Time -------------------------------------------------------------------------------------*/

static double seconds_of(unsigned baud, unsigned content_bytes) {
    return (MW_FRAMER_SYNC + 8.0 * content_bytes) / baud;
}

/* Latest beginning of the third copy when copy `rank` began at `first`. */
static uint64_t latest(const mw_sigfox_joiner *j, uint64_t first, unsigned rank, unsigned baud,
                       unsigned content_bytes) {
    double s = (COPIES - 1 - rank) * (seconds_of(baud, content_bytes) + PAUSE_MAX_S);
    return first + (uint64_t)(s * j->rate);
}

/* Whether copy b, a later one of the three, may follow copy a. */
static bool may_follow(const mw_sigfox_joiner *j, uint64_t a, unsigned rank_a, uint64_t b,
                       unsigned rank_b, unsigned baud, unsigned content_bytes) {
    double length = seconds_of(baud, content_bytes), ranks = (double)rank_b - rank_a;
    double apart = ((double)b - (double)a) / j->rate;
    return rank_a < rank_b && apart > ranks * length - 0.05 &&
           apart < ranks * (length + PAUSE_MAX_S) + 0.05;
}

static bool may_pair(const mw_sigfox_joiner *j, const mw_sigfox_copy *a, const mw_sigfox_copy *b) {
    if (a->reception.baud != b->reception.baud || a->content_bytes != b->content_bytes)
        return false;
    unsigned baud = a->reception.baud, n = a->content_bytes;
    uint64_t ta = a->reception.first_index, tb = b->reception.first_index;
    return may_follow(j, ta, a->rank, tb, b->rank, baud, n) ||
           may_follow(j, tb, b->rank, ta, a->rank, baud, n);
}

/* ---- Messages ---------------------------------------------------------------------------------*/

/* The bits that copy `rank` of a message carries after the sync word. */
static void bits_of(const mw_framer_result *r, unsigned rank, uint8_t out[MW_SIGFOX_CONTENT_MAX]) {
    mw_bytes_copy(out, r->payload, r->payload_bytes);
    mw_sigfox_convolve(out, r->payload_bytes, rank);
}

static double agreement(const mw_framer_result *r, const mw_sigfox_copy *c) {
    uint8_t bits[MW_SIGFOX_CONTENT_MAX];
    bits_of(r, c->rank, bits);
    return mw_framer_agreement(c->soft, bits, 8u * c->content_bytes);
}

/* Takes note of a copy that carries the message. */
static void absorb(message *m, const mw_sigfox_copy *c) {
    uint8_t bits[MW_SIGFOX_CONTENT_MAX];
    bits_of(&m->result, c->rank, bits);
    for (size_t i = 0; i < 8u * c->content_bytes; i++)
        m->errors += (bits[i / 8] >> (7 - i % 8) & 1) != (unsigned)(c->soft[i] < 0);
    m->symbols += 8u * c->content_bytes;
    bool first = !m->heard[0] && !m->heard[1] && !m->heard[2];
    m->heard[c->rank] = true;
    m->first_index[c->rank] = c->reception.first_index;
    if (first || c->reception.level.cdbm > m->best.level.cdbm)
        m->best = c->reception;
}

static unsigned copies_of(const message *m) {
    return (unsigned)m->heard[0] + m->heard[1] + m->heard[2];
}

static void report(mw_sigfox_joiner *j, size_t i) {
    message m = j->messages[i];
    j->messages[i] = j->messages[--j->message_count];
    mw_receiver_frame out = m.best;
    out.kind = MW_RADIO_SIGFOX;
    out.payload_bytes = m.result.payload_bytes;
    mw_bytes_copy(out.payload, m.result.payload, m.result.payload_bytes);
    out.identity = m.result.identity;
    out.identity_bytes = m.result.identity_bytes;
    out.counter = m.result.counter;
    out.copies = (uint8_t)copies_of(&m);
    out.symbols = (uint16_t)m.symbols;
    out.symbol_errors = (uint16_t)m.errors;
    out.quality = (uint8_t)(100 * m.agreement + 0.5);
    j->sink(j->user, &out);
}

static bool belongs(const mw_sigfox_joiner *j, const message *m, const mw_sigfox_copy *c) {
    if (m->baud != c->reception.baud || m->result.payload_bytes != c->content_bytes)
        return false;
    for (unsigned r = 0; r < COPIES; r++) {
        if (!m->heard[r])
            continue;
        uint64_t a = m->first_index[r], b = c->reception.first_index;
        unsigned n = c->content_bytes;
        bool same = r == c->rank && (a > b ? a - b : b - a) < (uint64_t)(j->rate * 8 / m->baud);
        if (!same && !may_follow(j, a, r, b, c->rank, m->baud, n) &&
            !may_follow(j, b, c->rank, a, r, m->baud, n))
            return false;
    }
    return agreement(&m->result, c) > AGREEMENT_OWN;
}

static void remove_waiting(mw_sigfox_joiner *j, size_t i) {
    j->waiting[i] = j->waiting[--j->waiting_count];
}

/* Opens a message and gathers the copies that wait and carry it. `c` are those it was read from. */
static void open_message(mw_sigfox_joiner *j, const mw_framer_result *r, double agreed,
                         const mw_sigfox_copy *const *c, size_t n) {
    if (j->message_count == MESSAGES_MAX)
        report(j, 0);
    message *m = &j->messages[j->message_count++];
    *m = (message){.result = *r, .agreement = agreed, .baud = c[0]->reception.baud};
    for (size_t i = 0; i < n; i++) {
        uint64_t until =
            latest(j, c[i]->reception.first_index, c[i]->rank, m->baud, c[i]->content_bytes);
        m->until = i == 0 || until < m->until ? until : m->until;
        absorb(m, c[i]);
    }
    for (size_t i = j->waiting_count; i-- > 0;) {
        const mw_sigfox_copy *w = &j->waiting[i];
        if (!belongs(j, m, w))
            continue;
        if (!m->heard[w->rank])
            absorb(m, w);
        remove_waiting(j, i);
    }
    if (copies_of(m) == COPIES)
        report(j, j->message_count - 1);
}

/* ---- Joint decoding ---------------------------------------------------------------------------*/

static bool try_joint(mw_sigfox_joiner *j, const mw_sigfox_copy *const *c, size_t n) {
    const int16_t *symbol[COPIES] = {NULL};
    for (size_t i = 0; i < n; i++)
        symbol[c[i]->rank] = c[i]->symbol;
    uint8_t content[MW_SIGFOX_CONTENT_MAX];
    mw_framer_result r;
    mw_status s = mw_sigfox_join_symbols(symbol, 8u * c[0]->content_bytes, MW_SPAN_OF(content));
    mw_assert(s == MW_OK);
    if (mw_framer_sigfox_result((mw_slice){content, c[0]->content_bytes}, &r) != MW_OK)
        return false;
    double agreed = 0;
    for (size_t i = 0; i < n; i++)
        agreed += agreement(&r, c[i]) / (double)n;
    if (agreed < (n == 2 ? AGREEMENT_TWO : AGREEMENT_THREE))
        return false;
    j->joined++;
    open_message(j, &r, agreed, c, n);
    return true;
}

/* The copy with each waiting one that may belong to it, then with each two. */
static bool join_waiting(mw_sigfox_joiner *j, const mw_sigfox_copy *c) {
    for (size_t a = 0; a < j->waiting_count; a++) {
        if (!may_pair(j, c, &j->waiting[a]))
            continue;
        mw_sigfox_copy one = j->waiting[a]; /* tables move when a message opens */
        if (try_joint(j, (const mw_sigfox_copy *const[]){c, &one}, 2))
            return true;
        for (size_t b = a + 1; b < j->waiting_count; b++) {
            if (!may_pair(j, c, &j->waiting[b]) || !may_pair(j, &one, &j->waiting[b]))
                continue;
            mw_sigfox_copy other = j->waiting[b];
            if (try_joint(j, (const mw_sigfox_copy *const[]){c, &one, &other}, 3))
                return true;
        }
    }
    return false;
}

void mw_sigfox_joiner_push(mw_sigfox_joiner *j, const mw_sigfox_copy *copy) {
    for (size_t i = 0; i < j->message_count; i++) {
        message *m = &j->messages[i];
        if (!belongs(j, m, copy))
            continue;
        if (!m->heard[copy->rank])
            absorb(m, copy);
        if (copies_of(m) == COPIES)
            report(j, i);
        return;
    }
    if (copy->alone && copy->coherence >= COHERENCE_MIN) {
        open_message(j, &copy->result, copy->coherence, &copy, 1);
        return;
    }
    if (join_waiting(j, copy))
        return;
    if (j->waiting_count == WAITING_MAX) {
        size_t oldest = 0;
        for (size_t i = 1; i < WAITING_MAX; i++) {
            if (j->waiting[i].reception.first_index < j->waiting[oldest].reception.first_index)
                oldest = i;
        }
        remove_waiting(j, oldest);
    }
    j->waiting[j->waiting_count++] = *copy;
}

void mw_sigfox_joiner_advance(mw_sigfox_joiner *j, uint64_t index) {
    for (size_t i = j->message_count; i-- > 0;) {
        if (j->messages[i].until < index)
            report(j, i);
    }
    for (size_t i = j->waiting_count; i-- > 0;) {
        const mw_sigfox_copy *c = &j->waiting[i];
        if (latest(j, c->reception.first_index, c->rank, c->reception.baud, c->content_bytes) >=
            index)
            continue;
        /* The last of three waits for none; one that was missed may still be under way. */
        remove_waiting(j, i);
    }
}

void mw_sigfox_joiner_flush(mw_sigfox_joiner *j) {
    while (j->message_count > 0)
        report(j, j->message_count - 1);
    j->waiting_count = 0;
}

uint64_t mw_sigfox_joiner_horizon(const mw_sigfox_joiner *j) {
    uint64_t at = UINT64_MAX;
    for (size_t i = 0; i < j->waiting_count; i++) {
        uint64_t t = j->waiting[i].reception.first_index;
        at = t < at ? t : at;
    }
    for (size_t i = 0; i < j->message_count; i++) {
        for (unsigned r = 0; r < COPIES; r++) {
            if (j->messages[i].heard[r] && j->messages[i].first_index[r] < at)
                at = j->messages[i].first_index[r];
        }
    }
    return at;
}
