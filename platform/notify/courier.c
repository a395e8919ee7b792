/* SPDX-License-Identifier: Apache-2.0 */
#include "platform/notify/courier.h"

#include <arpa/inet.h>
#include <curl/curl.h>
#include <netinet/in.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "runtime/buffer.h"

enum { REPLY_MAX = 65536, MAIL_MAX = 65536 };

struct mw_courier {
    mw_loop *loop;
    mw_courier_options o;
    unsigned flights;
};

typedef struct flight {
    uv_work_t work;
    mw_courier *courier;
    bool mail, allowed, refused;
    char target[520];
    mw_buffer body;
    size_t sent; /* of the body, while mailing */
    size_t replied;
    struct curl_slist *fields;
    mw_courier_done *done;
    void *context;
    mw_courier_answer answer;
} flight;

/* --- where to -------------------------------------------------------------------------------- */

static bool public_v4(uint32_t a) {
    static const struct {
        uint32_t net;
        unsigned bits;
    } ours[] = {{0x00000000, 8},  {0x0a000000, 8},  {0x64400000, 10}, {0x7f000000, 8},
                {0xa9fe0000, 16}, {0xac100000, 12}, {0xc0000000, 24}, {0xc0000200, 24},
                {0xc0a80000, 16}, {0xc6120000, 15}, {0xc6336400, 24}, {0xcb007100, 24},
                {0xe0000000, 3}};
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        if ((a ^ ours[i].net) >> (32 - ours[i].bits) == 0)
            return false;
    return true;
}

bool mw_courier_is_public(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
        return public_v4(ntohl(v4->sin_addr.s_addr));
    }
    if (address->sa_family != AF_INET6)
        return false;
    const uint8_t *b = ((const struct sockaddr_in6 *)(const void *)address)->sin6_addr.s6_addr;
    static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
    if (memcmp(b, mapped, 12) == 0)
        return public_v4((uint32_t)b[12] << 24 | (uint32_t)b[13] << 16 | (uint32_t)b[14] << 8 |
                         b[15]);
    /* Global unicast is 2000::/3; documentation, 6to4 and Teredo carry other addresses inside. */
    bool carrier = b[0] == 0x20 && (b[1] == 0x02 || (b[1] == 0x01 && b[2] == 0 && b[3] == 0) ||
                                    (b[1] == 0x01 && b[2] == 0x0d && b[3] == 0xb8));
    return b[0] >> 5 == 1 && !carrier;
}

static bool host_allowed(const char *allowed, const char *host) {
    size_t n = strlen(host);
    for (const char *p = allowed; *p != 0;) {
        size_t word = strcspn(p, " ");
        if (word == n && strncasecmp(p, host, n) == 0)
            return true;
        p += word + strspn(p + word, " ");
    }
    return false;
}

static mw_status url_look(const char *allowed, const char *url, bool *out_allowed) {
    CURLU *u = curl_url();
    char *scheme = NULL, *host = NULL, *user = NULL;
    mw_status s = MW_SYNTAX;
    if (u != NULL && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_SCHEME, &scheme, 0) == CURLUE_OK &&
        curl_url_get(u, CURLUPART_HOST, &host, 0) == CURLUE_OK) {
        *out_allowed = host_allowed(allowed, host);
        bool tls = strcmp(scheme, "https") == 0;
        s = tls || (*out_allowed && strcmp(scheme, "http") == 0) ? MW_OK : MW_FORBIDDEN;
        if (curl_url_get(u, CURLUPART_USER, &user, 0) == CURLUE_OK)
            s = MW_SYNTAX;
    }
    curl_free(scheme);
    curl_free(host);
    curl_free(user);
    curl_url_cleanup(u);
    return s;
}

mw_status mw_courier_url_check(const char *allowed_hosts, const char *url) {
    bool allowed = false;
    if (strlen(url) > 500 || strpbrk(url, " \r\n\t\"<>") != NULL)
        return MW_SYNTAX;
    return url_look(allowed_hosts, url, &allowed);
}

mw_status mw_courier_mail_check(const char *address) {
    const char *at = strchr(address, '@');
    bool good = at != NULL && at != address && strchr(at, '.') != NULL && at[1] != '.' &&
                strchr(at + 1, '@') == NULL && strlen(address) < 200;
    for (const char *p = address; *p != 0; p++)
        good = good && *p > ' ' && *p < 127 && strchr("<>()[],;:\\\"", *p) == NULL;
    return good ? MW_OK : MW_SYNTAX;
}

/* --- in a thread ----------------------------------------------------------------------------- */

static curl_socket_t guarded_open(void *context, curlsocktype purpose, struct curl_sockaddr *a) {
    flight *f = context;
    (void)purpose;
    if (!f->allowed && !mw_courier_is_public(&a->addr)) {
        f->refused = true;
        return CURL_SOCKET_BAD;
    }
    return socket(a->family, a->socktype | SOCK_CLOEXEC, a->protocol);
}

static size_t give(char *room, size_t size, size_t n, void *context) {
    flight *f = context;
    size_t left = f->body.n - f->sent, most = size * n;
    size_t part = left < most ? left : most;
    mw_bytes_copy(room, f->body.p + f->sent, part);
    f->sent += part;
    return part;
}

/* What the other side answers is of no interest, but it must end. */
static size_t swallow(char *bytes, size_t size, size_t n, void *context) {
    flight *f = context;
    (void)bytes;
    f->replied += size * n;
    return f->replied <= REPLY_MAX ? size * n : 0;
}

static void set_common(const flight *f, CURL *e, char *error) {
    const mw_courier_options *o = &f->courier->o;
    int64_t ms = o->timeout.ns == 0 ? 20000 : o->timeout.ns / 1000000;
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, error);
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_PROXY, "");
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYPEER, 1L);
    (void)curl_easy_setopt(e, CURLOPT_SSL_VERIFYHOST, 2L);
    (void)curl_easy_setopt(e, CURLOPT_TIMEOUT_MS, (long)ms);
    (void)curl_easy_setopt(e, CURLOPT_CONNECTTIMEOUT_MS, (long)(ms / 2));
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, "meterworks");
    if (o->ca_file != NULL && o->ca_file[0] != 0)
        (void)curl_easy_setopt(e, CURLOPT_CAINFO, o->ca_file);
}

static void set_post(flight *f, CURL *e) {
    (void)curl_easy_setopt(e, CURLOPT_URL, f->target);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, f->allowed ? "http,https" : "https");
    (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, f->fields);
    (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, mw_buffer_text(&f->body));
    (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)f->body.n);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, swallow);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, f);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETFUNCTION, guarded_open);
    (void)curl_easy_setopt(e, CURLOPT_OPENSOCKETDATA, f);
}

/* Credentials travel under TLS only; without any, a relay on this machine may do without. */
static void set_mail(flight *f, CURL *e, const struct curl_slist *to) {
    const mw_courier_options *o = &f->courier->o;
    bool own = strncmp(o->smtp_url, "smtp://127.", 11) == 0 ||
               strncmp(o->smtp_url, "smtp://localhost", 16) == 0;
    (void)curl_easy_setopt(e, CURLOPT_URL, o->smtp_url);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, "smtp,smtps");
    (void)curl_easy_setopt(e, CURLOPT_USE_SSL,
                           (long)(own && o->smtp_user[0] == 0 ? CURLUSESSL_NONE : CURLUSESSL_ALL));
    if (o->smtp_user[0] != 0) {
        (void)curl_easy_setopt(e, CURLOPT_USERNAME, o->smtp_user);
        (void)curl_easy_setopt(e, CURLOPT_PASSWORD, o->smtp_password);
    }
    (void)curl_easy_setopt(e, CURLOPT_MAIL_FROM, o->smtp_from);
    (void)curl_easy_setopt(e, CURLOPT_MAIL_RCPT, to);
    (void)curl_easy_setopt(e, CURLOPT_READFUNCTION, give);
    (void)curl_easy_setopt(e, CURLOPT_READDATA, f);
    (void)curl_easy_setopt(e, CURLOPT_UPLOAD, 1L);
}

static void fly(uv_work_t *work) {
    flight *f = work->data;
    char error[CURL_ERROR_SIZE] = "";
    long code = 0;
    struct curl_slist *to = NULL;
    CURL *e = curl_easy_init();
    f->answer.status = MW_NOMEM;
    if (e == NULL)
        return;
    set_common(f, e, error);
    if (f->mail) {
        to = curl_slist_append(NULL, f->target);
        set_mail(f, e, to);
    } else {
        set_post(f, e);
    }
    CURLcode r = curl_easy_perform(e);
    (void)curl_easy_getinfo(e, CURLINFO_RESPONSE_CODE, &code);
    f->answer.code = (int)code;
    f->answer.status = r == CURLE_OK                   ? MW_OK
                       : r == CURLE_OPERATION_TIMEDOUT ? MW_TIMEOUT
                                                       : MW_CLOSED;
    (void)snprintf(f->answer.text, sizeof f->answer.text, "%s",
                   r == CURLE_OK   ? ""
                   : error[0] != 0 ? error
                                   : curl_easy_strerror(r));
    if (f->refused) {
        f->answer.status = MW_FORBIDDEN;
        (void)snprintf(f->answer.text, sizeof f->answer.text,
                       "its host is not on the public internet");
    } else if (r == CURLE_OK && !f->mail && (code < 200 || code > 299)) {
        f->answer.status = MW_STATE;
        (void)snprintf(f->answer.text, sizeof f->answer.text, "answered %ld", code);
    }
    curl_easy_cleanup(e);
    curl_slist_free_all(to);
}

/* --- in the loop ----------------------------------------------------------------------------- */

static void flight_free(flight *f) {
    mw_buffer_fini(&f->body);
    curl_slist_free_all(f->fields);
    free(f);
}

static void landed(uv_work_t *work, int status) {
    flight *f = work->data;
    f->courier->flights--;
    if (status != 0)
        f->answer.status = MW_CLOSED;
    if (f->done != NULL)
        f->done(f->context, &f->answer);
    flight_free(f);
}

static mw_status launch(flight *f) {
    f->work.data = f;
    if (f->body.status != MW_OK ||
        uv_queue_work(mw_loop_uv(f->courier->loop), &f->work, fly, landed) != 0) {
        flight_free(f);
        return MW_NOMEM;
    }
    f->courier->flights++;
    return MW_OK;
}

mw_status mw_courier_new(mw_loop *loop, const mw_courier_options *o, mw_courier **out) {
    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        return MW_NOMEM;
    mw_courier *c = calloc(1, sizeof *c);
    if (c == NULL)
        return MW_NOMEM;
    c->loop = loop;
    c->o = *o;
    *out = c;
    return MW_OK;
}

void mw_courier_free(mw_courier *c) {
    if (c == NULL)
        return;
    while (c->flights > 0)
        mw_loop_run_once(c->loop, mw_dur_ms(50));
    free(c);
}

static mw_status flight_new(mw_courier *c, const char *target, size_t most, mw_courier_done *done,
                            void *context, flight **out) {
    if (c->flights >= MW_COURIER_FLIGHTS)
        return MW_AGAIN;
    flight *f = calloc(1, sizeof *f);
    if (f == NULL)
        return MW_NOMEM;
    f->courier = c;
    f->done = done;
    f->context = context;
    (void)snprintf(f->target, sizeof f->target, "%s", target);
    mw_buffer_init(&f->body, most);
    *out = f;
    return MW_OK;
}

/* A header holds ASCII: anything else goes as encoded words (RFC 2047), at most 75 signs each, none
 * of which cuts a letter. */
static void subject_put(mw_buffer *b, const char *subject) {
    bool plain = true;
    for (const char *p = subject; *p != 0; p++)
        plain = plain && (uint8_t)*p < 0x80;
    if (plain) {
        mw_buffer_printf(b, " %s", subject);
        return;
    }
    for (const char *p = subject; *p != 0;) {
        char word[80];
        size_t n = strlen(p) < 36 ? strlen(p) : 36;
        while (n > 1 && ((uint8_t)p[n] & 0xc0) == 0x80)
            n--;
        sodium_bin2base64(word, sizeof word, (const unsigned char *)p, n,
                          sodium_base64_VARIANT_ORIGINAL);
        mw_buffer_printf(b, "%s =?UTF-8?B?%s?=", p == subject ? "" : "\r\n", word);
        p += n;
    }
}

mw_status mw_courier_mail(mw_courier *c, const char *to, const char *subject, mw_slice text,
                          mw_courier_done *done, void *context) {
    flight *f = NULL;
    if (c->o.smtp_url[0] == 0)
        return MW_STATE;
    MW_TRY(mw_courier_mail_check(to));
    if (strpbrk(subject, "\r\n") != NULL || text.n > MAIL_MAX / 2)
        return MW_SYNTAX;
    MW_TRY(flight_new(c, to, MAIL_MAX, done, context, &f));
    f->mail = true;
    mw_buffer_printf(&f->body, "From: <%s>\r\nTo: <%s>\r\nSubject:", c->o.smtp_from, to);
    subject_put(&f->body, subject);
    mw_buffer_append_str(&f->body,
                         "\r\nMIME-Version: 1.0\r\nContent-Type: text/plain; charset=utf-8\r\n"
                         "Content-Transfer-Encoding: 8bit\r\n"
                         "Auto-Submitted: auto-generated\r\n\r\n");
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            mw_buffer_append_byte(&f->body, '\r');
        mw_buffer_append_byte(&f->body, text.p[i]);
    }
    return launch(f);
}

mw_status mw_courier_post(mw_courier *c, const char *url, const char *const *headers, mw_slice body,
                          mw_courier_done *done, void *context) {
    flight *f = NULL;
    bool allowed = false;
    MW_TRY(url_look(c->o.allowed_hosts, url, &allowed));
    MW_TRY(flight_new(c, url, body.n + 1, done, context, &f));
    f->allowed = allowed;
    f->fields = curl_slist_append(NULL, "Expect:");
    for (size_t i = 0; headers[i] != NULL; i++)
        f->fields = curl_slist_append(f->fields, headers[i]);
    mw_buffer_append(&f->body, body);
    return launch(f);
}
