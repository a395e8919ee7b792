/* SPDX-License-Identifier: Apache-2.0
 *
 * mw_assert states what only a bug of ours can break. It stays on in production: a host prints the
 * place and aborts, a meter logs the place and resets. Input from a wire is never asserted.
 */
#ifndef MW_BASE_ASSERT_H
#define MW_BASE_ASSERT_H

/* Provided once per image: base/assert_host.c on hosts, the board on a meter. */
_Noreturn void mw_assert_failed(const char *file, int line, const char *condition);

#define mw_assert(cond) ((cond) ? (void)0 : mw_assert_failed(__FILE__, __LINE__, #cond))

#endif
