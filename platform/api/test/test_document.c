/* SPDX-License-Identifier: Apache-2.0
 *
 * The OpenAPI document and the router's table say the same.
 */
#include <stdio.h>

#include "platform/api/internal.h"
#include "platform/api/openapi_text.h"
#include "runtime/json_read.h"
#include "tests/harness/mw_test.h"

static json_t *document(void) {
    json_t *root = NULL;
    mw_json_error error = {""};
    mw_slice text = {mw_api_openapi_text, mw_api_openapi_size};
    MW_CHECK_STATUS(mw_json_parse(text, (mw_json_limits){1 << 20, 32}, &root, &error), MW_OK);
    return root;
}

static const char *text_of(const json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    return text != NULL ? text : "";
}

static void lower(const char *in, char out[16]) {
    size_t i = 0;
    for (; in[i] != 0 && i < 15; i++)
        out[i] = (char)(in[i] | 0x20);
    out[i] = 0;
}

static const char *const role_names[] = {"public", "user",    "operator",      "station",
                                         "field",  "auditor", "administrator", "host"};
static const char *const scope_names[] = {"none", "own", "all", "area", "whole"};

MW_TEST(each_route_is_documented) {
    json_t *root = document();
    const json_t *paths = json_object_get(root, "paths");
    for (size_t i = 0; i < mw_api_rows_n; i++) {
        const mw_api_row *row = &mw_api_rows[i];
        char method[16];
        lower(row->method, method);
        const json_t *path = json_object_get(paths, row->pattern);
        const json_t *operation = json_object_get(path, method);
        if (operation == NULL)
            print_error("%s %s is not documented\n", row->method, row->pattern);
        MW_CHECK(operation != NULL);
        MW_CHECK_STR(text_of(operation, "operationId"), row->id);
        MW_CHECK_STR(text_of(operation, "x-role"), role_names[row->role]);
        MW_CHECK_STR(text_of(operation, "x-scope"), scope_names[row->scope]);
        MW_CHECK_EQ(json_is_true(json_object_get(operation, "x-csrf")), row->csrf);
        MW_CHECK_EQ(strstr(row->pattern, "{id}") != NULL, row->meter);
        MW_CHECK_EQ(json_is_true(json_object_get(operation, "x-guest")),
                    (mw_api_flags(row) & MW_API_GUEST) != 0);
        MW_CHECK_EQ(json_is_true(json_object_get(operation, "x-session-only")),
                    (mw_api_flags(row) & MW_API_PERSON) != 0);
    }
    json_decref(root);
}

MW_TEST(each_documented_operation_has_a_route) {
    json_t *root = document();
    const char *path = NULL;
    json_t *methods = NULL;
    size_t n = 0;
    json_object_foreach(json_object_get(root, "paths"), path, methods) {
        const char *method = NULL;
        json_t *operation = NULL;
        json_object_foreach(methods, method, operation) {
            bool found = false;
            for (size_t i = 0; i < mw_api_rows_n && !found; i++) {
                char own[16];
                lower(mw_api_rows[i].method, own);
                found = strcmp(own, method) == 0 && strcmp(mw_api_rows[i].pattern, path) == 0;
            }
            if (!found)
                print_error("%s %s has no route\n", method, path);
            MW_CHECK(found);
            n++;
        }
    }
    MW_CHECK_EQ(n, mw_api_rows_n);
    json_decref(root);
}

/* Every "$ref" of the document leads somewhere. */
static void check_refs(const json_t *root, const json_t *at) {
    const char *key = NULL;
    json_t *value = NULL;
    size_t i = 0;
    if (json_is_array(at)) {
        json_array_foreach(at, i, value) check_refs(root, value);
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)at, key, value) {
        if (strcmp(key, "$ref") != 0 || !json_is_string(value)) {
            check_refs(root, value);
            continue;
        }
        char ref[128];
        snprintf(ref, sizeof ref, "%s", json_string_value(value));
        MW_CHECK(strncmp(ref, "#/", 2) == 0);
        const json_t *target = root;
        char *rest = NULL;
        for (char *part = strtok_r(ref + 2, "/", &rest); part != NULL;
             part = strtok_r(NULL, "/", &rest))
            target = json_object_get(target, part);
        if (target == NULL)
            print_error("%s leads nowhere\n", json_string_value(value));
        MW_CHECK(target != NULL);
    }
}

/* The answers that a role, parameters or a body make possible are documented. */
static void check_operation(const json_t *operation) {
    const json_t *responses = json_object_get(operation, "responses");
    const char *role = text_of(operation, "x-role");
    MW_CHECK(text_of(operation, "summary")[0] != 0);
    MW_CHECK(json_object_size(responses) > 0);
    MW_CHECK(json_array_size(json_object_get(operation, "tags")) == 1);
    if (strcmp(role, "public") != 0)
        MW_CHECK(json_object_get(responses, "401") != NULL);
    else
        MW_CHECK(json_array_size(json_object_get(operation, "security")) == 0);
    if (strcmp(role, "operator") == 0 || json_is_true(json_object_get(operation, "x-csrf")))
        MW_CHECK(json_object_get(responses, "403") != NULL);
    if (json_object_get(operation, "requestBody") != NULL) {
        MW_CHECK(json_object_get(responses, "400") != NULL);
        MW_CHECK(json_object_get(responses, "413") != NULL);
    }
    if (strcmp(role, "station") == 0)
        MW_CHECK(json_array_size(json_object_get(operation, "security")) == 1);
}

MW_TEST(document_is_whole) {
    json_t *root = document();
    MW_CHECK(strncmp(text_of(root, "openapi"), "3.1", 3) == 0);
    MW_CHECK(text_of(json_object_get(root, "info"), "title")[0] != 0);
    MW_CHECK(text_of(json_object_get(root, "info"), "version")[0] != 0);
    check_refs(root, root);
    const char *ids[256];
    size_t n = 0;
    const char *path = NULL;
    json_t *methods = NULL;
    json_object_foreach(json_object_get(root, "paths"), path, methods) {
        const char *method = NULL;
        json_t *operation = NULL;
        json_object_foreach(methods, method, operation) {
            check_operation(operation);
            ids[n] = text_of(operation, "operationId");
            for (size_t i = 0; i < n; i++)
                MW_CHECK(strcmp(ids[i], ids[n]) != 0);
            n++;
        }
    }
    json_decref(root);
}

MW_TEST_MAIN(MW_CASE(each_route_is_documented), MW_CASE(each_documented_operation_has_a_route),
             MW_CASE(document_is_whole))
