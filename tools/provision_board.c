/* SPDX-License-Identifier: Apache-2.0
 *
 * mw-provision-board: a meter on the host board that waits at its production port.
 *
 *   mw-provision-board --model NAME --flash FILE --listen SOCKET [--service] [--boot]
 *
 * FILE holds the flash between runs. --service: the switch under the seal is set. --boot: instead
 * of waiting, the meter starts with what production wrote and tells its state.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "meters/boards/host.h"
#include "meters/kit/meter.h"
#include "meters/kit/production.h"
#include "tools/provision_models.h"

typedef struct board {
    const mw_meter_model *model;
    const char *file, *listen;
    bool service, boot;
    mw_host_flash nor;
    mw_flash flash;
    mw_production production;
} board;

static int usage(void) {
    fputs("usage: mw-provision-board --model NAME --flash FILE --listen SOCKET [--service] "
          "[--boot]\n",
          stderr);
    return 2;
}

static bool arguments_take(board *b, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--service") == 0)
            b->service = true;
        else if (strcmp(argv[i], "--boot") == 0)
            b->boot = true;
        else if (i + 1 == argc)
            return false;
        else if (strcmp(argv[i], "--model") == 0)
            b->model = provision_model_of(argv[++i]);
        else if (strcmp(argv[i], "--flash") == 0)
            b->file = argv[++i];
        else if (strcmp(argv[i], "--listen") == 0)
            b->listen = argv[++i];
        else
            return false;
    }
    return b->model != NULL && b->file != NULL && (b->boot || b->listen != NULL);
}

static mw_status flash_open(board *b) {
    MW_TRY(mw_host_flash_init(&b->nor, 4096, MW_METER_FLASH_SECTORS));
    b->flash = mw_host_flash_interface(&b->nor);
    FILE *in = fopen(b->file, "rb");
    if (in != NULL) {
        mw_status s = mw_host_flash_load(&b->nor, in);
        fclose(in);
        MW_TRY(s);
    }
    return mw_production_mount(&b->production, &b->flash, b->model);
}

static mw_status flash_keep(board *b) {
    char next[512];
    snprintf(next, sizeof next, "%s.next", b->file);
    FILE *out = fopen(next, "wb");
    if (out == NULL)
        return MW_IO;
    mw_status s = mw_host_flash_save(&b->nor, out);
    if (fclose(out) != 0 || (s == MW_OK && rename(next, b->file) != 0))
        return MW_IO;
    return s;
}

static int start(board *b) {
    mw_meter_provision provision;
    mw_meter meter;
    mw_board it = {.flash = b->flash, .seed = 1};
    mw_status s = mw_production_provision(&b->production, &provision);
    if (s == MW_OK)
        s = mw_meter_boot(&meter, b->model, &provision, &it, (mw_mono){0});
    if (s == MW_OK)
        s = flash_keep(b);
    if (s != MW_OK) {
        fprintf(stderr, "mw-provision-board: does not start: %s\n", mw_status_text(s));
        return 1;
    }
    const mw_meter_config *c = mw_meter_config_of(&meter);
    printf("address %u epoch %u period %u pulse 0 %u/%u index %lld seal %u\n", meter.address,
           meter.key_epoch, c->report_period_h, c->scale[0].numerator, c->scale[0].denominator,
           (long long)c->scale[0].initial, meter.seal.state);
    return 0;
}

static void talk(board *b, FILE *in, int fd) {
    char line[MW_PRODUCTION_LINE], answer[MW_PRODUCTION_LINE + 1];
    while (fgets(line, sizeof line, in) != NULL) {
        line[strcspn(line, "\r\n")] = 0;
        size_t n = mw_production_port(&b->production, line, b->service, answer);
        answer[n] = '\n';
        if (flash_keep(b) != MW_OK || write(fd, answer, n + 1) != (ssize_t)(n + 1))
            break;
    }
}

int main(int argc, char **argv) {
    board b = {0};
    if (!arguments_take(&b, argc, argv))
        return usage();
    signal(SIGPIPE, SIG_IGN);
    mw_status s = flash_open(&b);
    if (s != MW_OK) {
        fprintf(stderr, "mw-provision-board: %s: %s\n", b.file, mw_status_text(s));
        return 1;
    }
    if (b.boot)
        return start(&b);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    int door = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (strlen(b.listen) >= sizeof a.sun_path || door < 0)
        return usage();
    strcpy(a.sun_path, b.listen);
    unlink(b.listen);
    if (bind(door, (struct sockaddr *)&a, sizeof a) != 0 || listen(door, 1) != 0) {
        fprintf(stderr, "mw-provision-board: %s: %s\n", b.listen, strerror(errno));
        return 1;
    }
    for (;;) {
        int fd = accept(door, NULL, NULL);
        FILE *in = fd >= 0 ? fdopen(fd, "r") : NULL;
        if (in == NULL)
            return 1;
        talk(&b, in, fd);
        fclose(in);
    }
}
