/* SPDX-License-Identifier: Apache-2.0
 *
 * What events are called.
 */
#include "protocols/spodes/events.h"
#include "platform/api/internal.h"
#include "protocols/smp/objects.h"

static const char *plain_name(uint16_t code) {
    switch (code) {
    case MW_SMP_EVENT_BOOT:
        return "boot";
    case MW_SMP_EVENT_LEAK:
        return "leak";
    case MW_SMP_EVENT_BURST:
        return "burst";
    case MW_SMP_EVENT_REVERSE:
        return "reverse";
    case MW_SMP_EVENT_TAMPER:
        return "tamper";
    case MW_SMP_EVENT_MAGNET:
        return "magnet";
    case MW_SMP_EVENT_BATTERY:
        return "battery";
    case MW_SMP_EVENT_FROST:
        return "frost";
    case MW_SMP_EVENT_SENSOR:
        return "sensor";
    case MW_SMP_EVENT_POWER_LOST:
        return "power_lost";
    case MW_SMP_EVENT_CLOCK_SET:
        return "clock_set";
    case MW_SMP_EVENT_CONFIG:
        return "config";
    case MW_SMP_EVENT_ARCHIVE:
        return "archive";
    case MW_SMP_EVENT_REGISTER_SET:
        return "register_set";
    case MW_SMP_EVENT_AUTH_FAILED:
        return "auth_failed";
    case MW_SMP_EVENT_NO_FLOW:
        return "no_flow";
    default:
        return "other";
    }
}

/* Of a meter's log: the condition, its phase, and whether it ends. */
static void put_logged(mw_json *j, uint16_t code) {
    mw_spodes_condition c = {.name = "other"};
    bool known = mw_spodes_condition_of(code, &c);
    mw_json_put_text(j, "name", c.name);
    mw_json_put_int(j, "log", mw_spodes_event_log(code));
    mw_json_put_int(j, "number", mw_spodes_event_number(code));
    if (c.phase != 0)
        mw_json_put_int(j, "phase", c.phase);
    mw_json_put_bool(j, "ends", c.ends);
    if (known)
        mw_json_put_text(j, "text", mw_spodes_event_text(code));
}

void mw_api_event_put(mw_json *j, uint16_t code) {
    if ((code & MW_STORE_EVENT_LOGGED) != 0)
        put_logged(j, code & (MW_STORE_EVENT_LOGGED - 1));
    else
        mw_json_put_text(j, "name", plain_name(code));
}

const char *mw_api_event_text(uint16_t code) {
    if ((code & MW_STORE_EVENT_LOGGED) == 0)
        return plain_name(code);
    const char *text = mw_spodes_event_text(code & (MW_STORE_EVENT_LOGGED - 1));
    return text != NULL ? text : "other";
}
