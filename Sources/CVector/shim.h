// SPDX-License-Identifier: Apache-2.0
// What processors have and Swift has no word for. Everything here is inlined; there is no library behind it.
#pragma once
#include <stdint.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

typedef int32_t twin_lanes __attribute__((ext_vector_type(4)));

/// Asks for the cache line of an address. The address may be anything; nothing is read.
static inline __attribute__((always_inline)) void twin_prefetch(const void *address) {
    __builtin_prefetch(address, 0, 3);
}

/// One bit for each of sixteen lanes of 0 or -1: lane 0 of `a` is bit 0, lane 3 of `d` is bit 15.
static inline __attribute__((always_inline)) uint32_t twin_mask(twin_lanes a, twin_lanes b, twin_lanes c, twin_lanes d) {
#if defined(__SSE2__)
    const __m128i low = _mm_packs_epi32((__m128i)a, (__m128i)b);
    const __m128i high = _mm_packs_epi32((__m128i)c, (__m128i)d);
    return (uint32_t)_mm_movemask_epi8(_mm_packs_epi16(low, high));
#else
    const twin_lanes place = {1, 2, 4, 8};
    const twin_lanes sum = (a & place) | (b & (place << 4)) | (c & (place << 8)) | (d & (place << 12));
    return (uint32_t)(sum.x | sum.y | sum.z | sum.w);
#endif
}
