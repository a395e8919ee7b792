/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-firmware: makes the maker's key, signs images for meters, shows and checks them.
 *
 *   mw-firmware key FILE                  FILE: secret (mode 600), FILE.pub: what meters know
 *   mw-firmware sign KEY BODY IMAGE model=NAME hardware=N version=1.2.3 counter=N [legal=CRC32]
 *   mw-firmware show IMAGE KEY.pub
 *
 * Exit status: 0 good, 1 refused, 2 wrong use.
 */
#include <errno.h>
#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "meters/kit/update.h"

#define IMAGE_MAX (MW_UPDATE_BLOCKS_MAX * MW_UPDATE_BLOCK)

static uint8_t image[IMAGE_MAX + 1];

static int usage(void) {
    (void)fprintf(stderr,
                  "usage: mw-firmware key FILE\n"
                  "       mw-firmware sign KEY BODY IMAGE model=NAME hardware=N version=1.2.3 "
                  "counter=N [legal=CRC32]\n"
                  "       mw-firmware show IMAGE KEY.pub\n");
    return 2;
}

static int trouble(const char *what, const char *name) {
    (void)fprintf(stderr, "mw-firmware: %s: %s: %s\n", name, what, strerror(errno));
    return 1;
}

static long file_read(const char *name, uint8_t *out, size_t room) {
    FILE *f = fopen(name, "rb");
    if (f == NULL)
        return -1;
    size_t n = fread(out, 1, room, f);
    bool bad = ferror(f) != 0;
    (void)fclose(f);
    return bad ? -1 : (long)n;
}

static bool file_write(const char *name, const uint8_t *in, size_t n, int mode) {
    int fd = open(name, O_WRONLY | O_CREAT | O_EXCL, mode);
    bool good = fd >= 0 && write(fd, in, n) == (ssize_t)n && fsync(fd) == 0;
    if (fd >= 0 && close(fd) != 0)
        good = false;
    return good;
}

static int key_make(const char *name) {
    uint8_t key[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES];
    char pub[4096];
    (void)snprintf(pub, sizeof pub, "%s.pub", name);
    crypto_sign_keypair(key, secret);
    bool good = file_write(name, secret, sizeof secret, 0600);
    sodium_memzero(secret, sizeof secret);
    if (!good)
        return trouble("not written", name);
    return file_write(pub, key, sizeof key, 0644) ? 0 : trouble("not written", pub);
}

static bool number_of(const char *text, int base, uint64_t most, uint64_t *out) {
    char *end;
    errno = 0;
    *out = strtoull(text, &end, base);
    return errno == 0 && *text >= '0' && *end == 0 && *out <= most;
}

/* One name=value. */
static bool word_take(mw_update_head *h, const char *word) {
    uint64_t n;
    int used = 0;
    unsigned v[3];
    if (strncmp(word, "model=", 6) == 0 && strlen(word + 6) <= MW_UPDATE_MODEL_MAX) {
        (void)snprintf(h->model, sizeof h->model, "%s", word + 6);
        return h->model[0] != 0;
    }
    if (strncmp(word, "hardware=", 9) == 0 && number_of(word + 9, 10, 255, &n)) {
        h->hardware = (uint8_t)n;
        return true;
    }
    if (strncmp(word, "counter=", 8) == 0 && number_of(word + 8, 10, UINT32_MAX, &n)) {
        h->counter = (uint32_t)n;
        return true;
    }
    if (strncmp(word, "legal=", 6) == 0 && number_of(word + 6, 16, UINT32_MAX, &n)) {
        h->legal_crc = (uint32_t)n;
        return true;
    }
    if (sscanf(word, "version=%3u.%3u.%3u%n", &v[0], &v[1], &v[2], &used) != 3 || word[used] != 0 ||
        v[0] > 255 || v[1] > 255 || v[2] > 255)
        return false;
    for (unsigned i = 0; i < 3; i++)
        h->version[i] = (uint8_t)v[i];
    return true;
}

static int sign(int n, char **words) {
    mw_update_head h = {0};
    uint8_t secret[crypto_sign_SECRETKEYBYTES + 1];
    if (n < 7)
        return usage();
    for (int i = 3; i < n; i++) {
        if (!word_take(&h, words[i])) {
            (void)fprintf(stderr, "mw-firmware: what is '%s'?\n", words[i]);
            return usage();
        }
    }
    if (file_read(words[0], secret, sizeof secret) != crypto_sign_SECRETKEYBYTES)
        return trouble("not a secret key", words[0]);
    long body = file_read(words[1], image + MW_UPDATE_HEAD, sizeof image - MW_UPDATE_HEAD);
    if (body <= 0 || body > IMAGE_MAX - MW_UPDATE_HEAD) {
        (void)fprintf(stderr, "mw-firmware: %s: not read, empty, or more than %d bytes\n", words[1],
                      IMAGE_MAX - MW_UPDATE_HEAD);
        return 1;
    }
    h.bytes = (uint32_t)body;
    crypto_hash_sha512(h.digest, image + MW_UPDATE_HEAD, h.bytes);
    mw_update_head_encode(&h, image);
    crypto_sign_detached(image + MW_UPDATE_SIGNED, NULL, image, MW_UPDATE_SIGNED, secret);
    sodium_memzero(secret, sizeof secret);
    return file_write(words[2], image, MW_UPDATE_HEAD + h.bytes, 0644)
               ? 0
               : trouble("not written", words[2]);
}

static int show(const char *name, const char *pub) {
    uint8_t key[crypto_sign_PUBLICKEYBYTES + 1], digest[MW_SHA512_BYTES];
    mw_update_head h;
    if (file_read(pub, key, sizeof key) != crypto_sign_PUBLICKEYBYTES)
        return trouble("not a public key", pub);
    long n = file_read(name, image, sizeof image);
    if (n < MW_UPDATE_HEAD || n > IMAGE_MAX)
        return trouble("not an image", name);
    mw_status s = mw_update_head_decode(image, key, &h);
    if (s != MW_OK) {
        (void)fprintf(stderr, "mw-firmware: %s: %s\n", name,
                      s == MW_AUTH ? "not signed with this key" : "not an image");
        return 1;
    }
    crypto_hash_sha512(digest, image + MW_UPDATE_HEAD, (size_t)n - MW_UPDATE_HEAD);
    if (h.bytes != (uint32_t)n - MW_UPDATE_HEAD || memcmp(digest, h.digest, sizeof digest) != 0) {
        (void)fprintf(stderr, "mw-firmware: %s: damaged or cut off\n", name);
        return 1;
    }
    (void)printf("%s version %u.%u.%u hardware %u counter %u, %u bytes in %u blocks, legally "
                 "relevant part %08x\n",
                 h.model, h.version[0], h.version[1], h.version[2], h.hardware, h.counter, h.bytes,
                 (unsigned)((n + MW_UPDATE_BLOCK - 1) / MW_UPDATE_BLOCK), h.legal_crc);
    return 0;
}

int main(int argc, char **argv) {
    if (sodium_init() < 0)
        return 1;
    if (argc == 3 && strcmp(argv[1], "key") == 0)
        return key_make(argv[2]);
    if (argc >= 5 && strcmp(argv[1], "sign") == 0)
        return sign(argc - 2, argv + 2);
    if (argc == 4 && strcmp(argv[1], "show") == 0)
        return show(argv[2], argv[3]);
    return usage();
}
