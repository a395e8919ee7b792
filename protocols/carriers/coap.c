/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/carriers/coap.h"

#define VERSION_ONE    1u
#define MARKER         0xFF
#define OPTION_PATH    11u
#define OPTION_FORMAT  12u
#define OPTION_BLOCK1  27u
#define OPTIONS_MAX    32 /* of one message */
#define SZX_MAX        6
#define SPREAD_MS      (MW_COAP_ACK_TIMEOUT_MS / 2) /* ACK_RANDOM_FACTOR 1.5 */
#define ANSWER_WAIT_MS 20000

/* ---- options ---- */

/* A length or delta of an option: 13 and 14 announce one or two more bytes. */
static uint32_t extended(mw_reader *r, unsigned nibble) {
    if (nibble == 13)
        return 13u + mw_read_u8(r);
    if (nibble == 14)
        return 269u + mw_read_u16be(r);
    if (nibble == 15)
        mw_reader_fail(r, MW_SYNTAX);
    return nibble;
}

static uint32_t number_of(mw_slice value) {
    uint32_t v = 0;
    for (size_t i = 0; i < value.n; i++)
        v = v << 8 | value.p[i];
    return v;
}

static void option_take(mw_coap_message *m, uint32_t number, mw_slice value) {
    switch (number) {
    case OPTION_PATH:
        m->path_is_ours = !m->any_path && mw_slice_equal(value, mw_slice_of_str(MW_COAP_PATH));
        m->any_path = true;
        break;
    case OPTION_FORMAT:
        m->any_format = value.n <= 2;
        m->format = (uint16_t)number_of(value);
        break;
    case OPTION_BLOCK1: {
        uint32_t v = number_of(value);
        m->block1 = (mw_coap_block){
            .present = true, .more = (v & 8) != 0, .number = v >> 4, .szx = (uint8_t)(v & 7)};
        if (value.n > 3 || m->block1.szx > SZX_MAX)
            m->refused = (uint8_t)OPTION_BLOCK1;
        break;
    }
    default:
        /* Odd numbers are critical. Uri-Host (3) and Uri-Port (7) name us and nobody else. */
        if ((number & 1) != 0 && number != 3 && number != 7)
            m->refused = (uint8_t)(number < UINT8_MAX ? number : UINT8_MAX);
        break;
    }
}

static void options_read(mw_reader *r, mw_coap_message *m) {
    uint32_t number = 0;
    for (unsigned n = 0; mw_reader_left(r) > 0; n++) {
        uint8_t lead = mw_read_u8(r);
        if (lead == MARKER) {
            m->payload = mw_read_bytes(r, mw_reader_left(r));
            if (m->payload.n == 0)
                mw_reader_fail(r, MW_SYNTAX);
            return;
        }
        number += extended(r, lead >> 4);
        mw_slice value = mw_read_bytes(r, extended(r, lead & 0x0F));
        if (r->status == MW_OK && (n >= OPTIONS_MAX || number > UINT16_MAX))
            mw_reader_fail(r, MW_SYNTAX);
        if (r->status != MW_OK)
            return;
        option_take(m, number, value);
    }
}

mw_status mw_coap_decode(mw_slice in, mw_coap_message *out_message) {
    mw_reader r = mw_reader_of(in);
    uint8_t lead = mw_read_u8(&r);
    mw_coap_message m = {.type = (mw_coap_type)(lead >> 4 & 3), .code = mw_read_u8(&r)};
    m.id = mw_read_u16be(&r);
    if (r.status != MW_OK)
        return r.status;
    if (lead >> 6 != VERSION_ONE)
        return MW_UNSUPPORTED;
    if ((lead & 0x0F) > MW_COAP_TOKEN_MAX)
        return MW_SYNTAX;
    m.token = mw_read_bytes(&r, lead & 0x0F);
    if (r.status == MW_OK && m.code == MW_COAP_EMPTY && in.n != 4)
        return MW_SYNTAX;
    options_read(&r, &m);
    if (r.status != MW_OK)
        return r.status == MW_SHORT ? MW_SHORT : MW_SYNTAX;
    *out_message = m;
    return MW_OK;
}

/* Writes one option; values are short here, so lengths never need more bytes. */
static void option_put(mw_writer *w, uint32_t *number, uint32_t to, mw_slice value) {
    uint32_t delta = to - *number;
    *number = to;
    mw_write_u8(w, (uint8_t)((delta < 13 ? delta : 13) << 4 | value.n));
    if (delta >= 13)
        mw_write_u8(w, (uint8_t)(delta - 13));
    mw_write_bytes(w, value);
}

/* An unsigned value in as few bytes as hold it: none for 0. */
static void option_put_number(mw_writer *w, uint32_t *number, uint32_t to, uint32_t v) {
    uint8_t b[3] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
    size_t n = v > 0xFFFF ? 3 : v > 0xFF ? 2 : v > 0 ? 1 : 0;
    option_put(w, number, to, (mw_slice){b + 3 - n, n});
}

mw_status mw_coap_encode(const mw_coap_message *m, mw_span out, size_t *out_size) {
    if (m->token.n > MW_COAP_TOKEN_MAX || m->payload.n > MW_COAP_PAYLOAD_MAX ||
        m->block1.szx > SZX_MAX || m->block1.number > 0xFFFFF)
        return MW_RANGE;
    mw_writer w = mw_writer_of(out);
    mw_write_u8(&w, (uint8_t)(VERSION_ONE << 6 | (unsigned)m->type << 4 | m->token.n));
    mw_write_u8(&w, m->code);
    mw_write_u16be(&w, m->id);
    mw_write_bytes(&w, m->token);
    uint32_t number = 0;
    if (m->any_path)
        option_put(&w, &number, OPTION_PATH, mw_slice_of_str(MW_COAP_PATH));
    if (m->any_format)
        option_put_number(&w, &number, OPTION_FORMAT, m->format);
    if (m->block1.present)
        option_put_number(&w, &number, OPTION_BLOCK1,
                          m->block1.number << 4 | (m->block1.more ? 8u : 0u) | m->block1.szx);
    if (m->payload.n > 0) {
        mw_write_u8(&w, MARKER);
        mw_write_bytes(&w, m->payload);
    }
    MW_TRY(w.status);
    *out_size = w.at;
    return MW_OK;
}

/* ---- the meter's side ---- */

static size_t block_bytes(uint8_t szx) {
    return (size_t)16 << szx;
}

unsigned mw_coap_blocks(size_t frame_bytes, uint8_t szx) {
    size_t size = block_bytes(szx);
    return (unsigned)((frame_bytes + size - 1) / size);
}

mw_status mw_coap_post(mw_slice frame, uint32_t counter, uint8_t szx, unsigned block, mw_span out,
                       size_t *out_size) {
    if (szx > SZX_MAX || frame.n < MW_COAP_TOKEN || frame.n > MW_COAP_BODY_MAX)
        return MW_RANGE;
    unsigned blocks = mw_coap_blocks(frame.n, szx);
    if (block >= blocks || blocks > MW_COAP_BLOCKS)
        return MW_RANGE;
    size_t at = block * block_bytes(szx), left = frame.n - at;
    mw_coap_message m = {.type = MW_COAP_CON,
                         .code = MW_COAP_POST,
                         .id = (uint16_t)(counter * MW_COAP_BLOCKS + block),
                         .token = mw_slice_sub(frame, frame.n - MW_COAP_TOKEN, MW_COAP_TOKEN),
                         .any_path = true,
                         .any_format = true,
                         .format = MW_COAP_OCTETS};
    m.payload = mw_slice_sub(frame, at, left < block_bytes(szx) ? left : block_bytes(szx));
    if (blocks > 1)
        m.block1 = (mw_coap_block){true, block + 1 < blocks, block, szx};
    return mw_coap_encode(&m, out, out_size);
}

mw_status mw_coap_begin(mw_coap_exchange *x, mw_slice frame, uint32_t counter, uint8_t szx,
                        uint32_t spread) {
    if (szx > SZX_MAX || frame.n < MW_COAP_TOKEN || frame.n > MW_COAP_BODY_MAX ||
        mw_coap_blocks(frame.n, szx) > MW_COAP_BLOCKS)
        return MW_RANGE;
    *x = (mw_coap_exchange){.frame = frame,
                            .counter = counter,
                            .szx = szx,
                            .wait_ms = MW_COAP_ACK_TIMEOUT_MS + spread % (SPREAD_MS + 1)};
    return MW_OK;
}

mw_status mw_coap_send(mw_coap_exchange *x, mw_span out, size_t *out_size) {
    return mw_coap_post(x->frame, x->counter, x->szx, x->block, out, out_size);
}

mw_status mw_coap_waited(mw_coap_exchange *x) {
    if (x->done || x->answer_waits || x->tries >= MW_COAP_RETRANSMIT)
        return MW_TIMEOUT;
    x->tries++;
    x->wait_ms *= 2;
    return MW_OK;
}

mw_status mw_coap_answer(mw_coap_exchange *x, mw_slice datagram, uint8_t out_ack[4],
                         size_t *out_ack_bytes, mw_slice *out_payload) {
    mw_coap_message m;
    MW_TRY(mw_coap_decode(datagram, &m));
    bool to_this = m.id == (uint16_t)(x->counter * MW_COAP_BLOCKS + x->block);
    *out_ack_bytes = 0;
    if (m.code == MW_COAP_EMPTY) {
        if (!to_this || x->done || m.type == MW_COAP_CON || m.type == MW_COAP_NON)
            return MW_NOT_FOUND;
        if (m.type == MW_COAP_RST)
            return MW_FORBIDDEN;
        x->answer_waits = true;
        x->wait_ms = ANSWER_WAIT_MS;
        return MW_AGAIN;
    }
    mw_slice token = mw_slice_sub(x->frame, x->frame.n - MW_COAP_TOKEN, MW_COAP_TOKEN);
    if (!mw_slice_equal(m.token, token) || (m.type == MW_COAP_ACK && !to_this) ||
        m.type == MW_COAP_RST || m.code >> 5 < 2)
        return MW_NOT_FOUND;
    if (m.type == MW_COAP_CON) {
        mw_coap_message ack = {.type = MW_COAP_ACK, .code = MW_COAP_EMPTY, .id = m.id};
        MW_TRY(mw_coap_encode(&ack, (mw_span){out_ack, 4}, out_ack_bytes));
    }
    if (m.code >> 5 != 2)
        return MW_FORBIDDEN;
    unsigned blocks = mw_coap_blocks(x->frame.n, x->szx);
    if (m.code == MW_COAP_CONTINUE) {
        /* For an earlier block it was acted upon before. */
        if (!m.block1.present || m.block1.number != x->block || x->block + 1u >= blocks)
            return MW_NOT_FOUND;
        x->block++;
        x->tries = 0;
        x->answer_waits = false;
        x->wait_ms = MW_COAP_ACK_TIMEOUT_MS + x->wait_ms % (SPREAD_MS + 1);
        return MW_AGAIN;
    }
    if (x->block + 1u < blocks || m.code != MW_COAP_CHANGED)
        return MW_NOT_FOUND;
    x->done = true;
    *out_payload = m.payload;
    return MW_OK;
}

/* ---- the platform's side ---- */

static mw_status answer_put(mw_coap_inbox *box, const mw_coap_message *to, uint8_t code,
                            mw_slice payload, mw_span answer, size_t *out_bytes) {
    mw_coap_message a = {.type = to->type == MW_COAP_CON ? MW_COAP_ACK : MW_COAP_NON,
                         .code = code,
                         .id = to->id,
                         .token = to->token,
                         .payload = payload};
    if (to->block1.present && to->block1.szx <= SZX_MAX &&
        (code == MW_COAP_CONTINUE || code == MW_COAP_CHANGED))
        a.block1 = to->block1;
    box->any = true;
    box->last_id = to->id;
    box->last_code = code;
    return mw_coap_encode(&a, answer, out_bytes);
}

/* Why a message is not for us: the code to answer with, 0 when it is. */
static uint8_t refusal_of(const mw_coap_message *m, mw_status *out_status) {
    *out_status = MW_UNSUPPORTED;
    if (m->refused != 0)
        return MW_COAP_BAD_OPTION;
    if (!m->path_is_ours) {
        *out_status = MW_NOT_FOUND;
        return MW_COAP_NOT_FOUND;
    }
    if (m->code != MW_COAP_POST) {
        *out_status = MW_FORBIDDEN;
        return MW_COAP_NOT_ALLOWED;
    }
    if (m->payload.n < MW_COAP_TOKEN && !m->block1.present) {
        *out_status = MW_RANGE;
        return MW_COAP_BAD_REQUEST;
    }
    return 0;
}

/* Adds a block; what the sender is told. */
static uint8_t block_take(mw_coap_inbox *box, const mw_coap_message *m) {
    size_t at = m->block1.number * block_bytes(m->block1.szx);
    bool same = mw_slice_equal(m->token, (mw_slice){box->token, box->token_n});
    if (at == 0) {
        box->have = 0;
        box->token_n = (uint8_t)m->token.n;
        mw_bytes_copy(box->token, m->token.p, m->token.n);
    } else if (!same || at != box->have) {
        return MW_COAP_INCOMPLETE;
    }
    if (at + m->payload.n > sizeof box->body)
        return MW_COAP_TOO_LARGE;
    if (m->block1.more && m->payload.n != block_bytes(m->block1.szx))
        return MW_COAP_BAD_REQUEST;
    mw_bytes_copy(box->body + at, m->payload.p, m->payload.n);
    box->have = (uint16_t)(at + m->payload.n);
    return m->block1.more ? MW_COAP_CONTINUE : MW_COAP_CHANGED;
}

mw_status mw_coap_take(mw_coap_inbox *box, mw_slice datagram, mw_slice reply, mw_span answer,
                       size_t *out_answer_bytes, mw_slice *out_frame) {
    mw_coap_message m;
    *out_answer_bytes = 0;
    MW_TRY(mw_coap_decode(datagram, &m));
    if (m.type == MW_COAP_ACK || m.type == MW_COAP_RST || m.code == MW_COAP_EMPTY)
        return MW_NOT_FOUND; /* nothing that asks for an answer */
    if (m.code >> 5 != 0)
        return MW_NOT_FOUND;
    if (box->any && m.id == box->last_id) {
        /* Our answer was lost. What went with it goes again. */
        bool whole = box->last_code == MW_COAP_CHANGED;
        MW_TRY(answer_put(box, &m, box->last_code, whole ? reply : (mw_slice){NULL, 0}, answer,
                          out_answer_bytes));
        return MW_DUPLICATE;
    }
    mw_status why;
    uint8_t refused = refusal_of(&m, &why);
    if (refused != 0) {
        MW_TRY(answer_put(box, &m, refused, (mw_slice){NULL, 0}, answer, out_answer_bytes));
        return why;
    }
    if (!m.block1.present)
        m.block1 = (mw_coap_block){.present = false, .szx = SZX_MAX};
    uint8_t code = block_take(box, &m);
    bool whole = code == MW_COAP_CHANGED;
    MW_TRY(
        answer_put(box, &m, code, whole ? reply : (mw_slice){NULL, 0}, answer, out_answer_bytes));
    if (code == MW_COAP_CONTINUE)
        return MW_AGAIN;
    if (!whole)
        return MW_RANGE;
    *out_frame = (mw_slice){box->body, box->have};
    return MW_OK;
}
