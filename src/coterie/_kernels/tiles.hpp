// Tiles of inner products, in vectors of one length.
//
// A product is summed in single precision in order of dimensions, whatever is computed beside it.
#pragma once

#include "common.hpp"

namespace coterie {

constexpr int64_t WIDEST = 48;  // points of a tile, at most

// Writes WIDTH points of d dimensions dimension by dimension, zeros for those beyond `count`.
template <int64_t WIDTH>
COTERIE_INLINE void turn(const float* points, int64_t count, int64_t d, float* __restrict turned) {
    static_assert(WIDTH <= WIDEST);
    for (int64_t c = 0; c < WIDTH; ++c)
        for (int64_t j = 0; j < d; ++j) turned[j * WIDTH + c] = c < count ? points[c * d + j] : 0.0f;
}

// Inner products of ROWS queries with VECTORS * LANES points, which `turned` has dimension by dimension.
template <int LANES, int ROWS, int VECTORS>
COTERIE_INLINE void products(const float* const* rows, const float* __restrict turned, int64_t d,
                             float* __restrict out) {
    typedef float Vector __attribute__((vector_size(LANES * sizeof(float))));
    typedef float Loose __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
    Vector sums[ROWS][VECTORS] = {};
    for (int64_t j = 0; j < d; ++j) {
        const Loose* line = reinterpret_cast<const Loose*>(turned + j * LANES * VECTORS);
#pragma GCC unroll 16
        for (int r = 0; r < ROWS; ++r) {
            const float value = rows[r][j];
#pragma GCC unroll 4
            for (int v = 0; v < VECTORS; ++v) sums[r][v] += value * line[v];
        }
    }
    __builtin_memcpy(out, sums, sizeof sums);
}

}  // namespace coterie
