/* SPDX-License-Identifier: Apache-2.0 */
#include "station/slots.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "runtime/file.h"
#include "runtime/json_read.h"
#include "runtime/json_writer.h"

#define DEPTH_MAX 16
#define STATE_MAX 4096

static mw_status slots_path(const char *folder, const char *name, char out[4096]) {
    return (size_t)snprintf(out, 4096, "%s/%s", folder, name) < 4096 ? MW_OK : MW_RANGE;
}

/* ---- the state ---- */

static mw_status state_text(const json_t *root, const char *key, char *out, size_t room) {
    const char *text = "";
    MW_TRY(mw_json_get_text(root, key, room - 1, &text, NULL));
    (void)snprintf(out, room, "%s", text);
    return MW_OK;
}

static mw_status state_decode(const json_t *root, mw_slots_state *s) {
    MW_TRY(state_text(root, "active", s->active, sizeof s->active));
    MW_TRY(mw_json_get_int(root, "counter", 0, INT64_MAX, &s->counter, NULL));
    MW_TRY(state_text(root, "version", s->version, sizeof s->version));
    MW_TRY(mw_json_get_bool(root, "trial", &s->trial, NULL));
    MW_TRY(state_text(root, "trial_slot", s->trial_slot, sizeof s->trial_slot));
    MW_TRY(mw_json_get_int(root, "trial_counter", 0, INT64_MAX, &s->trial_counter, NULL));
    MW_TRY(state_text(root, "trial_version", s->trial_version, sizeof s->trial_version));
    MW_TRY(mw_json_get_int(root, "starts", 0, INT64_MAX, &s->starts, NULL));
    return mw_json_get_int(root, "taken_back", 0, INT64_MAX, &s->taken_back, NULL);
}

mw_status mw_slots_read(const char *folder, mw_slots_state *out_state) {
    char path[4096];
    mw_buffer text;
    json_t *root = NULL;
    mw_slots_state state = {0};
    MW_TRY(slots_path(folder, "state", path));
    mw_buffer_init(&text, STATE_MAX);
    mw_status status = mw_file_read(path, &text);
    if (status == MW_OK) {
        mw_json_limits limits = {.bytes_max = STATE_MAX, .depth_max = 2};
        status = mw_json_parse(mw_buffer_view(&text), limits, &root, NULL);
        if (status == MW_OK)
            status = state_decode(root, &state);
        json_decref(root);
        if (status != MW_OK)
            status = MW_CORRUPT;
    } else if (status == MW_NOT_FOUND) {
        status = MW_OK;
    }
    mw_buffer_fini(&text);
    if (status == MW_OK)
        *out_state = state;
    return status;
}

static mw_status state_write(const char *folder, const mw_slots_state *s) {
    char path[4096];
    mw_buffer text;
    MW_TRY(slots_path(folder, "state", path));
    mw_buffer_init(&text, STATE_MAX);
    mw_json j = mw_json_of(&text);
    mw_json_object_begin(&j);
    mw_json_put_text(&j, "active", s->active);
    mw_json_put_int(&j, "counter", s->counter);
    mw_json_put_text(&j, "version", s->version);
    mw_json_put_bool(&j, "trial", s->trial);
    mw_json_put_text(&j, "trial_slot", s->trial_slot);
    mw_json_put_int(&j, "trial_counter", s->trial_counter);
    mw_json_put_text(&j, "trial_version", s->trial_version);
    mw_json_put_int(&j, "starts", s->starts);
    mw_json_put_int(&j, "taken_back", s->taken_back);
    mw_json_object_end(&j);
    mw_status status = mw_json_done(&j);
    if (status == MW_OK)
        status = mw_file_replace(path, mw_buffer_view(&text), 0644);
    mw_buffer_fini(&text);
    return status;
}

/* ---- the link ---- */

/* Makes the link name a slot ("" = no link), atomically and durably; nothing when it does. */
static mw_status link_set(const char *folder, const char *slot) {
    char link_path[4096];
    char temporary[4096];
    char now[16] = "";
    MW_TRY(slots_path(folder, "current", link_path));
    MW_TRY(slots_path(folder, "current.tmp", temporary));
    ssize_t n = readlink(link_path, now, sizeof now - 1);
    now[n > 0 ? n : 0] = 0;
    if (strcmp(now, slot) == 0)
        return MW_OK;
    (void)unlink(temporary);
    if (*slot == 0) {
        if (unlink(link_path) != 0 && errno != ENOENT)
            return mw_file_status_of_errno(errno);
        return mw_file_sync_folder(folder);
    }
    if (symlink(slot, temporary) != 0 || rename(temporary, link_path) != 0)
        return mw_file_status_of_errno(errno);
    return mw_file_sync_folder(folder);
}

static mw_status link_follow(const char *folder, const mw_slots_state *s) {
    return link_set(folder, s->trial ? s->trial_slot : s->active);
}

/* ---- emptying a slot ---- */

static mw_status remove_tree(const char *path, unsigned depth) {
    DIR *d = opendir(path);
    const struct dirent *entry;
    mw_status status = MW_OK;
    if (d == NULL)
        return errno == ENOENT ? MW_OK : mw_file_status_of_errno(errno);
    if (depth == DEPTH_MAX)
        status = MW_LIMIT;
    while (status == MW_OK && (entry = readdir(d)) != NULL) {
        char inner[4096];
        struct stat st;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = slots_path(path, entry->d_name, inner);
        if (status != MW_OK || lstat(inner, &st) != 0)
            continue;
        if (S_ISDIR(st.st_mode))
            status = remove_tree(inner, depth + 1);
        else if (unlink(inner) != 0)
            status = mw_file_status_of_errno(errno);
    }
    (void)closedir(d);
    if (status == MW_OK && rmdir(path) != 0)
        status = mw_file_status_of_errno(errno);
    return status;
}

/* ---- apply, guard, confirm ---- */

static mw_status apply_why(char why[160], mw_status status, const char *text) {
    if (status != MW_OK)
        (void)snprintf(why, 160, "%s", text);
    return status;
}

mw_status mw_slots_apply(const char *folder, const char *bundle_path, const mw_bundle *bundle,
                         mw_status (*check)(void *context, const char *slot_path), void *context,
                         char why[160]) {
    mw_slots_state s;
    char slot_path[4096];
    why[0] = 0;
    MW_TRY(apply_why(why, mw_file_make_folders(folder, 0755), "the folder cannot be made"));
    MW_TRY(apply_why(why, mw_slots_read(folder, &s), "the state of the slots cannot be read"));
    if (s.trial)
        return apply_why(why, MW_STATE, "another one is on trial; wait for its confirmation");
    if (bundle->counter <= s.counter)
        return apply_why(why, MW_REPLAY, "what is installed is as new or newer");
    const char *slot = strcmp(s.active, "a") == 0 ? "b" : "a";
    MW_TRY(slots_path(folder, slot, slot_path));
    MW_TRY(apply_why(why, link_follow(folder, &s), "the link cannot be put right"));
    MW_TRY(apply_why(why, remove_tree(slot_path, 0), "the other slot cannot be emptied"));
    MW_TRY(apply_why(why, mw_file_make_folders(slot_path, 0755), "the slot cannot be made"));
    MW_TRY(mw_bundle_unpack(bundle_path, bundle, slot_path, why));
    MW_TRY(apply_why(why, mw_file_sync_folder(folder), "the folder cannot be synced"));
    if (check != NULL)
        MW_TRY(apply_why(why, check(context, slot_path), "what it holds cannot be used"));
    s.trial = true;
    s.starts = 0;
    s.trial_counter = bundle->counter;
    (void)snprintf(s.trial_slot, sizeof s.trial_slot, "%s", slot);
    (void)snprintf(s.trial_version, sizeof s.trial_version, "%s", bundle->version);
    MW_TRY(apply_why(why, state_write(folder, &s), "the state cannot be written"));
    return apply_why(why, link_follow(folder, &s), "the link cannot be switched");
}

mw_status mw_slots_take_back(const char *folder) {
    mw_slots_state s;
    MW_TRY(mw_slots_read(folder, &s));
    if (!s.trial)
        return MW_STATE;
    s.trial = false;
    s.taken_back = s.trial_counter;
    MW_TRY(state_write(folder, &s));
    return link_follow(folder, &s);
}

mw_status mw_slots_guard(const char *folder, mw_slots_guarded *out_did) {
    mw_slots_state s;
    mw_slots_guarded did = MW_SLOTS_NOTHING;
    MW_TRY(mw_slots_read(folder, &s));
    if (s.trial && s.starts >= MW_SLOTS_STARTS) {
        MW_TRY(mw_slots_take_back(folder));
        did = MW_SLOTS_TAKEN_BACK;
    } else if (s.trial) {
        s.starts++;
        MW_TRY(state_write(folder, &s));
        MW_TRY(link_follow(folder, &s));
        did = MW_SLOTS_TRIED;
    } else if (s.active[0] != 0 || s.taken_back != 0) {
        MW_TRY(link_follow(folder, &s));
    }
    *out_did = did;
    return MW_OK;
}

mw_status mw_slots_confirm(const char *folder) {
    mw_slots_state s;
    MW_TRY(mw_slots_read(folder, &s));
    if (!s.trial)
        return MW_OK;
    s.trial = false;
    s.counter = s.trial_counter;
    (void)snprintf(s.active, sizeof s.active, "%s", s.trial_slot);
    (void)snprintf(s.version, sizeof s.version, "%s", s.trial_version);
    return state_write(folder, &s);
}
