/* SPDX-License-Identifier: Apache-2.0 */
#include <limits.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/assert.h"
#include "runtime/http_server_priv.h"

struct mw_http_tls {
    SSL *ssl;
    BIO *wire_in;
    BIO *wire_out;
    mw_buffer waiting; /* plain bytes put before the handshake ended */
};

static void mw_http_tls_explain(char error[160], const char *what, const char *which) {
    unsigned long code = ERR_get_error();
    const char *reason = code == 0 ? NULL : ERR_reason_error_string(code);
    (void)snprintf(error, 160, "%.40s %.50s: %.60s", what, which,
                   reason == NULL ? "failed" : reason);
    ERR_clear_error();
}

/* Asks clients for a certificate and checks it when there is one. */
static bool mw_http_tls_ask(SSL_CTX *ctx, const char *client_ca) {
    static const unsigned char session[] = "meterworks";
    if (client_ca == NULL || *client_ca == 0)
        return true;
    STACK_OF(X509_NAME) *names = SSL_load_client_CA_file(client_ca);
    if (names == NULL || SSL_CTX_load_verify_file(ctx, client_ca) != 1) {
        sk_X509_NAME_pop_free(names, X509_NAME_free);
        return false;
    }
    SSL_CTX_set_client_CA_list(ctx, names); /* it owns them now */
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    return SSL_CTX_set_session_id_context(ctx, session, sizeof session - 1) == 1;
}

mw_status mw_http_tls_context(const char *cert, const char *key, const char *client_ca,
                              SSL_CTX **out_context, char error[160]) {
    ERR_clear_error();
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL)
        return MW_NOMEM;
    mw_assert(SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1);
    (void)SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                       SSL_OP_CIPHER_SERVER_PREFERENCE);
    (void)SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    if (SSL_CTX_use_certificate_chain_file(ctx, cert) != 1) {
        mw_http_tls_explain(error, "certificate", cert);
    } else if (SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) != 1) {
        mw_http_tls_explain(error, "private key", key);
    } else if (SSL_CTX_check_private_key(ctx) != 1) {
        mw_http_tls_explain(error, "private key does not fit the certificate", key);
    } else if (!mw_http_tls_ask(ctx, client_ca)) {
        mw_http_tls_explain(error, "certificates for clients", client_ca);
    } else {
        *out_context = ctx;
        return MW_OK;
    }
    SSL_CTX_free(ctx);
    return MW_SYNTAX;
}

mw_status mw_http_tls_new(SSL_CTX *context, mw_http_tls **out_tls) {
    mw_http_tls *t = calloc(1, sizeof *t);
    if (t == NULL)
        return MW_NOMEM;
    t->ssl = SSL_new(context);
    t->wire_in = BIO_new(BIO_s_mem());
    t->wire_out = BIO_new(BIO_s_mem());
    if (t->ssl == NULL || t->wire_in == NULL || t->wire_out == NULL) {
        SSL_free(t->ssl);
        (void)BIO_free(t->wire_in);
        (void)BIO_free(t->wire_out);
        free(t);
        return MW_NOMEM;
    }
    SSL_set_bio(t->ssl, t->wire_in, t->wire_out); /* the session owns both now */
    SSL_set_accept_state(t->ssl);
    mw_buffer_init(&t->waiting, MW_HTTP_OUT_MAX);
    *out_tls = t;
    return MW_OK;
}

static bool mw_http_tls_text_is(const ASN1_STRING *text, const char *name) {
    unsigned char *utf8 = NULL;
    int n = ASN1_STRING_to_UTF8(&utf8, text);
    bool same = n >= 0 && (size_t)n == strlen(name) && memcmp(utf8, name, (size_t)n) == 0;
    OPENSSL_free(utf8);
    return same;
}

static bool mw_http_tls_cert_names(X509 *cert, const char *name) {
    X509_NAME *subject = X509_get_subject_name(cert);
    int at = -1;
    bool found = false;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0)
        found = found || mw_http_tls_text_is(
                             X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)), name);
    GENERAL_NAMES *others = X509_get_ext_d2i(cert, NID_subject_alt_name, NULL, NULL);
    for (int i = 0; i < sk_GENERAL_NAME_num(others); i++) {
        const GENERAL_NAME *other = sk_GENERAL_NAME_value(others, i);
        if (other->type == GEN_DNS)
            found = found || mw_http_tls_text_is(other->d.dNSName, name);
    }
    GENERAL_NAMES_free(others);
    return found;
}

bool mw_http_tls_named(const mw_http_tls *t, const char *name) {
    X509 *cert = SSL_get0_peer_certificate(t->ssl);
    if (cert == NULL || SSL_get_verify_result(t->ssl) != X509_V_OK)
        return false;
    return name == NULL || mw_http_tls_cert_names(cert, name);
}

void mw_http_tls_free(mw_http_tls *t) {
    if (t == NULL)
        return;
    SSL_free(t->ssl);
    mw_buffer_fini(&t->waiting);
    free(t);
}

static void mw_http_tls_flush(mw_http_tls *t, mw_buffer *wire_out) {
    uint8_t piece[8192];
    int n;
    while ((n = BIO_read(t->wire_out, piece, (int)sizeof piece)) > 0)
        mw_buffer_append(wire_out, (mw_slice){piece, (size_t)n});
}

/* Whether a failed call only waits for the other side. */
static bool mw_http_tls_waits(mw_http_tls *t, int result) {
    int why = SSL_get_error(t->ssl, result);
    return why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE;
}

mw_status mw_http_tls_take(mw_http_tls *t, mw_slice wire, mw_buffer *plain, mw_buffer *wire_out) {
    mw_assert(wire.n <= INT_MAX);
    ERR_clear_error();
    if (wire.n > 0 && BIO_write(t->wire_in, wire.p, (int)wire.n) != (int)wire.n)
        return MW_NOMEM;
    uint8_t piece[8192];
    int n;
    while ((n = SSL_read(t->ssl, piece, (int)sizeof piece)) > 0)
        mw_buffer_append(plain, (mw_slice){piece, (size_t)n});
    bool good = mw_http_tls_waits(t, n);
    mw_status status = MW_OK;
    if (good && t->waiting.n > 0 && SSL_is_init_finished(t->ssl)) {
        status = mw_http_tls_put(t, mw_buffer_view(&t->waiting), wire_out);
        mw_buffer_fini(&t->waiting);
    }
    mw_http_tls_flush(t, wire_out);
    ERR_clear_error();
    if (status != MW_OK)
        return status;
    return good ? plain->status : MW_CLOSED;
}

mw_status mw_http_tls_put(mw_http_tls *t, mw_slice plain, mw_buffer *wire_out) {
    mw_assert(plain.n <= INT_MAX);
    if (plain.n == 0)
        return MW_OK;
    if (!SSL_is_init_finished(t->ssl)) {
        mw_buffer_append(&t->waiting, plain);
        return t->waiting.status;
    }
    ERR_clear_error();
    int n = SSL_write(t->ssl, plain.p, (int)plain.n); /* a memory buffer takes it whole */
    mw_http_tls_flush(t, wire_out);
    ERR_clear_error();
    return n == (int)plain.n ? wire_out->status : MW_CLOSED;
}

void mw_http_tls_end(mw_http_tls *t, mw_buffer *wire_out) {
    ERR_clear_error();
    (void)SSL_shutdown(t->ssl);
    mw_http_tls_flush(t, wire_out);
    ERR_clear_error();
}
