/* SPDX-License-Identifier: Apache-2.0 */
#include "protocols/cosem/explain.h"

#include "base/assert.h"
#include "protocols/cosem/blocks.h"
#include "protocols/cosem/explain_priv.h"
#include "protocols/cosem/wrapper.h"
#include "protocols/hdlc/link.h"

enum { APDUS_INSIDE_MAX = 3 };

/* ---- values ---- */

static bool printable(mw_slice s) {
    for (size_t i = 0; i < s.n; i++)
        if (s.p[i] < 0x20 || s.p[i] > 0x7E)
            return false;
    return s.n != 0;
}

static void add_string(mw_cosem_text *t, const mw_cosem_value *v) {
    mw_obis code;
    mw_cosem_datetime d;
    bool octets = v->tag == MW_COSEM_OCTET_STRING;
    if (octets && !printable(v->bytes) && mw_obis_of_bytes(v->bytes, &code) == MW_OK) {
        mw_cosem_add_obis(t, code);
    } else if (octets && !printable(v->bytes) && mw_cosem_datetime_decode(v->bytes, &d) == MW_OK) {
        mw_cosem_add_time(t, v->bytes);
    } else {
        mw_cosem_add_bytes(t, v->bytes);
        if (printable(v->bytes)) {
            mw_cosem_add(t, " \"");
            mw_write_bytes(&t->w, v->bytes);
            mw_cosem_add(t, "\"");
        }
    }
}

/* A scaler is followed by a unit: {integer, enum}. */
static void add_unit(mw_cosem_text *t, const mw_cosem_value *v, bool after_scaler) {
    mw_unit unit;
    if (!after_scaler || v->tag != MW_COSEM_ENUM)
        return;
    mw_cosem_add(t, " unit ");
    bool known = mw_cosem_unit_of((uint8_t)v->number, &unit) == MW_OK;
    const char *symbol = known ? mw_unit_info_of(unit)->symbol : "of another kind";
    mw_cosem_add(t, symbol[0] != 0 ? symbol : "none");
}

static void say_value(mw_cosem_text *t, const mw_cosem_value *v, bool after_scaler) {
    mw_cosem_say(t, mw_cosem_tag_text(v->tag));
    if (v->tag == MW_COSEM_ARRAY || v->tag == MW_COSEM_STRUCTURE) {
        mw_cosem_add(t, " of ");
        mw_cosem_add_u64(t, v->count);
    } else if (v->tag == MW_COSEM_UINT64) {
        mw_cosem_add(t, " ");
        mw_cosem_add_u64(t, v->natural);
    } else if (mw_cosem_value_is_number(v)) {
        mw_cosem_add(t, " ");
        mw_cosem_add_i64(t, v->number);
        add_unit(t, v, after_scaler);
    } else if (v->tag == MW_COSEM_ATTRIBUTE) {
        mw_obis code;
        mw_bytes_copy(code.b, v->bytes.p + 2, MW_OBIS_BYTES);
        mw_cosem_add(t, " class ");
        mw_cosem_add_u64(t, v->bytes.p[1]);
        mw_cosem_add(t, " ");
        mw_cosem_add_obis(t, code);
        mw_cosem_add(t, " attribute ");
        mw_cosem_add_u64(t, v->bytes.p[8]);
    } else if (v->tag == MW_COSEM_DATE_TIME) {
        mw_cosem_add(t, " ");
        mw_cosem_add_time(t, v->bytes);
    } else if (v->tag != MW_COSEM_NULL && v->tag != MW_COSEM_DONT_CARE &&
               v->tag != MW_COSEM_COMPACT_ARRAY) {
        mw_cosem_add(t, " ");
        add_string(t, v);
    }
    mw_cosem_end(t);
}

void mw_cosem_explain_data(mw_cosem_text *t, mw_slice data) {
    mw_cosem_cursor c = mw_cosem_cursor_of(data, t->options->quirks);
    mw_cosem_value v;
    mw_status s;
    unsigned indent = t->indent;
    bool scaler = false;
    while (t->w.status == MW_OK && (s = mw_cosem_cursor_next(&c, &v)) == MW_OK) {
        t->indent = indent + v.depth;
        say_value(t, &v, scaler);
        scaler = v.tag == MW_COSEM_INT8;
    }
    t->indent = indent;
    if (t->w.status == MW_OK && s != MW_NOT_FOUND) {
        mw_cosem_say(t, "! at byte ");
        mw_cosem_add_u64(t, c.reader.at);
        mw_cosem_add(t, " of the value: ");
        mw_cosem_add(t, mw_status_text(s));
        mw_cosem_end(t);
    }
}

/* ---- services ---- */

static void say_result(mw_cosem_text *t, const char *what, uint8_t result) {
    mw_cosem_say(t, what);
    mw_cosem_add_u64(t, result);
    mw_cosem_add(t, " ");
    mw_cosem_add(t, mw_cosem_result_text(result));
    mw_cosem_end(t);
}

static void say_item(mw_cosem_text *t, const char *fields, const mw_cosem_item *i) {
    for (const char *f = fields; *f != 0; f++) {
        if (*f == 'D' || *f == 'd') {
            mw_cosem_say(t, "class ");
            mw_cosem_add_u64(t, i->class_id);
            mw_cosem_add(t, " ");
            mw_cosem_add_obis(t, i->name);
            mw_cosem_add(t, " member ");
            mw_cosem_add_i64(t, i->member);
            mw_cosem_end(t);
        }
        if (*f == 'D' && i->selective) {
            mw_cosem_say(t, i->selector == 1   ? "select by range"
                            : i->selector == 2 ? "select by entry"
                                               : "select otherwise");
            mw_cosem_end(t);
            t->indent++;
            mw_cosem_explain_data(t, i->selection);
            t->indent--;
        }
        if (*f == 'r' || ((*f == 'R' || *f == 'C') && i->has_result))
            say_result(t, "result ", i->result);
        if (*f == 'A' && i->has_returned)
            say_result(t, "returned ", i->returned);
        if ((*f == 'O' || *f == 'C') && i->has_data) {
            mw_cosem_say(t, "raw ");
            mw_cosem_add_bytes(t, i->data);
            mw_cosem_end(t);
        }
        if ((*f == 'V' || *f == 'R' || *f == 'P' || *f == 'A') && i->has_data)
            mw_cosem_explain_data(t, i->data);
    }
}

static void say_list(mw_cosem_text *t, mw_cosem_items it) {
    mw_cosem_item item;
    for (unsigned k = 1; t->w.status == MW_OK && mw_cosem_items_next(&it, &item) == MW_OK; k++) {
        mw_cosem_say(t, "item ");
        mw_cosem_add_u64(t, k);
        mw_cosem_end(t);
        t->indent++;
        say_item(t, it.fields, &item);
        t->indent--;
    }
}

static void say_invoke(mw_cosem_text *t, const mw_cosem_apdu *a, bool is_long) {
    mw_cosem_say(t, is_long ? "long-invoke-id " : "invoke-id ");
    mw_cosem_add_hex(t, a->invoke, is_long ? 8 : 2);
    if (!is_long && (a->invoke & MW_COSEM_INVOKE_CONFIRMED) != 0)
        mw_cosem_add(t, " confirmed");
    if (!is_long && (a->invoke & MW_COSEM_INVOKE_HIGH) != 0)
        mw_cosem_add(t, " high priority");
    mw_cosem_end(t);
}

static void say_exception(mw_cosem_text *t, const mw_cosem_apdu *a) {
    static const char *const states[] = {"?", "service not allowed", "service unknown"};
    static const char *const services[] = {"?",
                                           "operation not possible",
                                           "service not supported",
                                           "other reason",
                                           "PDU too long",
                                           "deciphering error",
                                           "invocation counter error, awaited at least "};
    mw_cosem_say(t, a->state_error < 3 ? states[a->state_error] : "?");
    mw_cosem_add(t, "; ");
    mw_cosem_add(t, a->service_error < 7 ? services[a->service_error] : "?");
    if (a->service_error == 6)
        mw_cosem_add_u64(t, a->counter);
    mw_cosem_end(t);
}

static void say_block(mw_cosem_text *t, const mw_cosem_apdu *a, bool with_last) {
    mw_cosem_say(t, "block ");
    mw_cosem_add_u64(t, a->block);
    if (with_last)
        mw_cosem_add(t, a->last ? ", the last" : ", more follow");
    mw_cosem_end(t);
}

static void say_general_block(mw_cosem_text *t, const mw_cosem_apdu *a) {
    say_block(t, a, true);
    mw_cosem_say(t, a->streaming ? "streaming, window " : "window ");
    mw_cosem_add_u64(t, a->window);
    mw_cosem_add(t, ", acknowledges block ");
    mw_cosem_add_u64(t, a->acknowledged);
    mw_cosem_end(t);
    mw_cosem_say(t, "raw ");
    mw_cosem_add_bytes(t, a->item.data);
    mw_cosem_end(t);
}

static void say_field(mw_cosem_text *t, char field, const mw_cosem_apdu *a, bool with_last) {
    const char one[2] = {field, 0};
    switch (field) {
    case 'I':
    case 'L':
        say_invoke(t, a, field == 'L');
        break;
    case 'N':
        say_block(t, a, with_last);
        break;
    case 'B':
        break; /* told with the number */
    case 'T':
    case 't':
        mw_cosem_say(t, "date-time ");
        mw_cosem_add_time(t, a->time);
        mw_cosem_end(t);
        break;
    case 'E':
        say_exception(t, a);
        break;
    case 'G':
        say_general_block(t, a);
        break;
    case 'v':
        say_list(t, mw_cosem_values_of(a, t->options->quirks));
        break;
    case 'l':
    case 'm':
    case 'g':
    case 's':
    case 'a':
        say_list(t, mw_cosem_items_of(a, t->options->quirks));
        break;
    default:
        say_item(t, one, &a->item);
        break;
    }
}

static void explain_service(mw_cosem_text *t, const mw_cosem_apdu *a) {
    const mw_cosem_apdu_info *info = mw_cosem_apdu_info_of(a->kind);
    bool with_last = false;
    mw_cosem_say(t, info->text);
    mw_cosem_end(t);
    t->indent++;
    for (const char *f = info->fields; *f != 0; f++) {
        with_last = with_last || *f == 'B';
        say_field(t, *f, a, with_last);
    }
    t->indent--;
}

/* ---- ciphered APDUs ---- */

static void open_ciphered(mw_cosem_text *t, const mw_cosem_ciphered *c, unsigned depth) {
    const mw_cosem_explain_options *o = t->options;
    mw_cosem_title title;
    if (c->title.n == MW_COSEM_TITLE_BYTES)
        mw_bytes_copy(title.b, c->title.p, MW_COSEM_TITLE_BYTES);
    else if (o->title != NULL)
        title = *o->title;
    else if (o->keys != NULL)
        mw_cosem_complain(t, "the sender's system title is needed", MW_NOT_FOUND);
    if (o->keys == NULL || o->memory == NULL || (c->title.n == 0 && o->title == NULL))
        return;
    mw_cosem_open_options open = {.unverified = o->unverified};
    size_t n;
    mw_status s = mw_cosem_unprotect(o->keys, &title, c, &open, MW_SPAN_OF(o->memory->plain), &n);
    if (s != MW_OK) {
        mw_cosem_complain(t, "wrong key, wrong title or altered", s);
        return;
    }
    bool verified = !o->unverified && (c->control & MW_COSEM_SC_AUTHENTICATED) != 0;
    mw_cosem_say(t, verified ? "opened, tag verified"
                             : "opened, NOT verified: anybody may have sent it");
    mw_cosem_end(t);
    mw_cosem_explain_apdu(t, (mw_slice){o->memory->plain, n}, depth + 1);
}

static void explain_ciphered(mw_cosem_text *t, const mw_cosem_ciphered *c, unsigned depth) {
    static const char *const forms[] = {"glo-ciphering", "ded-ciphering", "general-glo-ciphering",
                                        "general-ded-ciphering"};
    mw_cosem_say(t, forms[c->form]);
    mw_cosem_add(t, " ");
    mw_cosem_add_hex(t, c->tag, 2);
    mw_cosem_end(t);
    t->indent++;
    if (c->title.n != 0) {
        mw_cosem_say(t, "system title ");
        mw_cosem_add_bytes(t, c->title);
        mw_cosem_end(t);
    }
    mw_cosem_say(t, "security control ");
    mw_cosem_add_hex(t, c->control, 2);
    mw_cosem_add(t, (c->control & MW_COSEM_SC_AUTHENTICATED) != 0 ? " authenticated" : "");
    mw_cosem_add(t, (c->control & MW_COSEM_SC_ENCRYPTED) != 0 ? " encrypted" : "");
    mw_cosem_add(t, (c->control & MW_COSEM_SC_BROADCAST) != 0 ? " broadcast key" : "");
    mw_cosem_end(t);
    mw_cosem_say(t, "invocation counter ");
    mw_cosem_add_u64(t, c->counter);
    mw_cosem_end(t);
    mw_cosem_say(t, "text and tag, bytes: ");
    mw_cosem_add_u64(t, c->text.n);
    mw_cosem_end(t);
    open_ciphered(t, c, depth);
    t->indent--;
}

void mw_cosem_explain_apdu(mw_cosem_text *t, mw_slice apdu, unsigned depth) {
    mw_cosem_ciphered c;
    mw_cosem_apdu a;
    if (depth > APDUS_INSIDE_MAX) {
        mw_cosem_complain(t, "APDUs inside APDUs", MW_LIMIT);
        return;
    }
    mw_status s = mw_cosem_ciphered_decode(apdu, &c);
    if (s == MW_OK) {
        explain_ciphered(t, &c, depth);
        return;
    }
    if (s == MW_NOT_FOUND)
        s = mw_cosem_explain_acse(t, apdu, depth);
    if (s == MW_NOT_FOUND) {
        s = mw_cosem_apdu_decode(apdu, t->options->quirks, &a);
        if (s == MW_OK)
            explain_service(t, &a);
    }
    if (s != MW_OK) {
        mw_cosem_complain(t, s == MW_NOT_FOUND ? "no APDU that is known here" : "damaged APDU", s);
        mw_cosem_say(t, "bytes ");
        mw_cosem_add_bytes(t, apdu);
        mw_cosem_end(t);
    }
}

/* ---- what carries APDUs ---- */

typedef struct carrier {
    mw_cosem_text *t;
    size_t fill; /* of segments */
    mw_cosem_gather blocks;
    bool gathering;
} carrier;

/* A whole APDU has come; a general block may complete the one inside it. */
static void carry(carrier *c, mw_slice apdu) {
    mw_cosem_apdu a;
    mw_cosem_explain_apdu(c->t, apdu, 0);
    mw_cosem_explain_memory *m = c->t->options->memory;
    if (m == NULL || mw_cosem_apdu_decode(apdu, 0, &a) != MW_OK || a.kind != MW_COSEM_GENERAL_BLOCK)
        return;
    if (!c->gathering)
        mw_cosem_gather_init(&c->blocks, MW_SPAN_OF(m->blocks));
    c->gathering = true;
    mw_status s = mw_cosem_gather_take(&c->blocks, a.block, a.last, a.item.data);
    if (s == MW_OK) {
        mw_cosem_say(c->t, "all blocks together:");
        mw_cosem_end(c->t);
        c->t->indent++;
        mw_cosem_explain_apdu(c->t, mw_cosem_gather_done(&c->blocks), 1);
        c->t->indent--;
    } else if (s != MW_AGAIN) {
        mw_cosem_complain(c->t, "block out of order", s);
    }
    if (s != MW_AGAIN)
        c->gathering = false;
}

static mw_slice without_llc(mw_slice s) {
    bool llc = s.n >= 3 && s.p[0] == 0xE6 && (s.p[1] & 0xFE) == 0xE6;
    return llc ? mw_slice_sub(s, 3, s.n - 3) : s;
}

static void add_address(mw_cosem_text *t, const mw_hdlc_address *a) {
    mw_cosem_add_u64(t, a->upper);
    if (a->bytes != 1) {
        mw_cosem_add(t, "/");
        mw_cosem_add_u64(t, a->lower);
    }
}

static void say_frame(mw_cosem_text *t, const mw_hdlc_frame *f) {
    mw_cosem_say(t, "HDLC ");
    mw_cosem_add(t, mw_hdlc_kind_text(f->kind));
    mw_cosem_add(t, " from ");
    add_address(t, &f->source);
    mw_cosem_add(t, " to ");
    add_address(t, &f->destination);
    if (f->kind == MW_HDLC_I) {
        mw_cosem_add(t, " N(S) ");
        mw_cosem_add_u64(t, f->send_seq);
    }
    if (f->kind <= MW_HDLC_RNR) {
        mw_cosem_add(t, " N(R) ");
        mw_cosem_add_u64(t, f->receive_seq);
    }
    mw_cosem_add(t, f->poll_final ? " P/F" : "");
    mw_cosem_add(t, f->segmented ? " more segments follow" : "");
    mw_cosem_end(t);
}

static void take_segment(carrier *c, const mw_hdlc_frame *f) {
    mw_cosem_explain_memory *m = c->t->options->memory;
    if (m == NULL || (c->fill == 0 && !f->segmented)) {
        if (!f->segmented)
            carry(c, without_llc(f->information));
        return;
    }
    if (f->information.n > sizeof m->segments - c->fill) {
        mw_cosem_complain(c->t, "segments", MW_SPACE);
        c->fill = 0;
        return;
    }
    mw_bytes_copy(m->segments + c->fill, f->information.p, f->information.n);
    c->fill += f->information.n;
    if (f->segmented)
        return;
    carry(c, without_llc((mw_slice){m->segments, c->fill}));
    c->fill = 0;
}

static void say_params(mw_cosem_text *t, mw_slice info) {
    mw_hdlc_params p;
    if (info.n == 0)
        return;
    mw_status s = mw_hdlc_params_decode(info, &p);
    if (s != MW_OK) {
        mw_cosem_complain(t, "link parameters", s);
        return;
    }
    mw_cosem_say(t, "information transmit ");
    mw_cosem_add_u64(t, p.info_transmit);
    mw_cosem_add(t, " receive ");
    mw_cosem_add_u64(t, p.info_receive);
    mw_cosem_add(t, ", window transmit ");
    mw_cosem_add_u64(t, p.window_transmit);
    mw_cosem_add(t, " receive ");
    mw_cosem_add_u64(t, p.window_receive);
    mw_cosem_end(t);
}

/* Frames one behind the other; what is between them is told as noise. */
static void explain_hdlc(carrier *c, mw_slice bytes) {
    mw_cosem_text *t = c->t;
    for (size_t at = 0; at < bytes.n && t->w.status == MW_OK;) {
        mw_slice rest = mw_slice_sub(bytes, at, bytes.n - at);
        if (rest.p[0] != MW_HDLC_FLAG || rest.n == 1 || rest.p[1] == MW_HDLC_FLAG) {
            at++;
            continue;
        }
        size_t length;
        mw_hdlc_frame f;
        mw_slice inside = mw_slice_sub(rest, 1, rest.n - 1);
        mw_status s = mw_hdlc_header_check(inside, &length);
        if (s == MW_OK)
            s = length > inside.n ? MW_SHORT
                                  : mw_hdlc_frame_decode(mw_slice_sub(inside, 0, length), &f);
        if (s != MW_OK) {
            mw_cosem_complain(t, "damaged HDLC frame", s == MW_AGAIN ? MW_SHORT : s);
            at++;
            continue;
        }
        say_frame(t, &f);
        t->indent++;
        if (f.kind == MW_HDLC_SNRM || f.kind == MW_HDLC_UA)
            say_params(t, f.information);
        else if (f.kind == MW_HDLC_I || f.kind == MW_HDLC_UI)
            take_segment(c, &f);
        t->indent--;
        at += 1 + length;
    }
}

static bool looks_like_wrapper(mw_slice b) {
    return b.n > MW_COSEM_WRAPPER_BYTES && b.p[0] == 0 && b.p[1] == 1 && b.n >= 8u + b.p[7] &&
           (size_t)(b.p[6] << 8 | b.p[7]) + MW_COSEM_WRAPPER_BYTES <= b.n;
}

static void explain_wrapped(carrier *c, mw_slice bytes) {
    while (looks_like_wrapper(bytes) && c->t->w.status == MW_OK) {
        mw_cosem_wrapper w;
        size_t n = (size_t)(bytes.p[6] << 8 | bytes.p[7]) + MW_COSEM_WRAPPER_BYTES;
        mw_status s = mw_cosem_wrapper_decode(mw_slice_sub(bytes, 0, n), &w);
        mw_assert(s == MW_OK);
        mw_cosem_say(c->t, "wrapper from ");
        mw_cosem_add_u64(c->t, w.source);
        mw_cosem_add(c->t, " to ");
        mw_cosem_add_u64(c->t, w.destination);
        mw_cosem_end(c->t);
        c->t->indent++;
        carry(c, w.apdu);
        c->t->indent--;
        bytes = mw_slice_sub(bytes, n, bytes.n - n);
    }
    if (bytes.n != 0)
        mw_cosem_complain(c->t, "bytes behind the last APDU", MW_SYNTAX);
}

mw_status mw_cosem_explain(mw_slice bytes, const mw_cosem_explain_options *options, mw_span out) {
    static const char cut[] = "\n(text cut)\n";
    mw_assert(out.n >= 1);
    size_t reserve = out.n > 4 * sizeof cut ? sizeof cut : 1;
    mw_cosem_text t = {.w = mw_writer_of((mw_span){out.p, out.n - reserve}), .options = options};
    carrier c = {.t = &t};
    if (bytes.n != 0 && bytes.p[0] == MW_HDLC_FLAG)
        explain_hdlc(&c, bytes);
    else if (looks_like_wrapper(bytes))
        explain_wrapped(&c, bytes);
    else
        carry(&c, without_llc(bytes));
    if (t.w.status != MW_OK && reserve > 1)
        mw_bytes_copy(out.p + t.w.at, cut, sizeof cut);
    else
        out.p[t.w.at] = 0;
    return t.w.status;
}
