/* SPDX-License-Identifier: Apache-2.0
 *
 * Who is told of an alarm, when, and whether it arrived.
 *
 *   alarm opened -> a delivery for each recipient whom it concerns, stored in the transaction of the
 *   alarm -> due (at once, after the quiet hours, with the digest) -> sent -> done, or tried again
 *   later, later still, and in the end given up: the dead letters, which a person may send again.
 *
 * All that is due for one recipient goes as one message, so a flood of alarms is no flood of mail. A
 * delivery may arrive twice after a crash, never not at all; its id tells. Times here are the
 * machine's: people and their servers live in it, whatever the clock of a simulated town says.
 *
 * A webhook is signed: Meterworks-Signature: v1=hex(HMAC-SHA-256(secret, id "." timestamp "." body))
 * with Meterworks-Id and Meterworks-Timestamp beside it.
 */
#ifndef MW_PLATFORM_NOTIFY_NOTIFY_H
#define MW_PLATFORM_NOTIFY_NOTIFY_H

#include "platform/alarms/alarms.h"
#include "platform/notify/courier.h"

enum {
    MW_NOTIFY_WAITING_MAX = 10000, /* deliveries that wait; beyond it new ones are not made */
    MW_NOTIFY_ATTEMPTS = 8,
    MW_NOTIFY_MESSAGE = 50, /* alarms of one message */
    MW_NOTIFY_KEEP_DAYS = 90,
    MW_NOTIFY_SECRET_TEXT = 65,
};

typedef struct mw_notify mw_notify;

typedef struct mw_notify_options {
    mw_loop *loop;
    mw_store *store;
    mw_zones *zones;
    mw_courier_options courier;
    mw_slice key;           /* secret of this installation, from which those of webhooks come */
    const char *public_url; /* of the console, for links; "" = none */
    mw_dur retry; /* first pause after a failure; 0 = 30 s, then twice as long each time */
} mw_notify_options;

MW_NODISCARD mw_status mw_notify_new(const mw_notify_options *o, mw_notify **out);
void mw_notify_free(mw_notify *n);
/* For mw_alarms_options.within. */
MW_NODISCARD mw_status mw_notify_alarm(void *notify, const mw_alarm_notice *notice);
/* Sends what is due. */
MW_NODISCARD mw_status mw_notify_turn(mw_notify *n);
/* A message that says that it is a test. In a transaction. */
MW_NODISCARD mw_status mw_notify_test(mw_notify *n, int64_t tenant, const char *recipient);
/* The secret of a webhook as its receiver needs it. */
void mw_notify_secret(const mw_notify *n, const mw_store_recipient *r,
                      char out_text[MW_NOTIFY_SECRET_TEXT]);
/* MW_SYNTAX or MW_FORBIDDEN: its target; MW_RANGE: its times, zone or severity. */
MW_NODISCARD mw_status mw_notify_check(const mw_notify *n, const mw_store_recipient *r);
/* When a message of a severity goes out that is ready at `now`: after the quiet hours. */
mw_utc mw_notify_due(mw_zones *zones, const mw_store_recipient *r, uint8_t severity, mw_utc now);

#endif
