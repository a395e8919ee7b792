/* SPDX-License-Identifier: Apache-2.0
 *
 * Vectors for inner loops. The compiler splits mw_v8 on processors with narrower registers;
 * MW_CLONES compiles a function also for AVX2 and AVX-512 and chooses at run time. No fused
 * multiply-add, so all give the same bits. Only static functions with
 * names of their own in the whole library: clang gives a cloned one no plain symbol, and its
 * dispatcher a global one.
 */
#ifndef MW_RADIO_VECTOR_H
#define MW_RADIO_VECTOR_H

/* Sanitizers and fuzzers run before the loader could resolve a clone. */
#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(coverage_sanitizer)
#define MW_NO_CLONES
#endif
#endif
#if defined(__x86_64__) && !defined(__SANITIZE_ADDRESS__) && !defined(MW_NO_CLONES)
#define MW_CLONES __attribute__((target_clones("avx512f", "avx2", "default")))
#else
#define MW_CLONES
#endif

typedef float mw_v8 __attribute__((vector_size(32), aligned(4)));
typedef float mw_v16 __attribute__((vector_size(64), aligned(4)));
typedef int mw_i8 __attribute__((vector_size(32), aligned(4)));
typedef int mw_i16 __attribute__((vector_size(64), aligned(4)));
typedef unsigned char mw_b16 __attribute__((vector_size(16), aligned(1)));
typedef short mw_s16 __attribute__((vector_size(32), aligned(2)));

#endif
