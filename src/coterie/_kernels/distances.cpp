// Sums of Euclidean distances from some points to all members of each of several clusters.
#include <cmath>

#include "tiles.hpp"

namespace {

constexpr int64_t TOGETHER = 128;  // rows that one reading of all points serves

struct Sums {
    const float *rows, *row_norms;      // (n_rows, d), (n_rows) squared lengths
    const float *points, *point_norms;  // (n, d), members of a cluster side by side
    const int64_t* bounds;              // (k + 1) where clusters begin and end
    int64_t n_rows, d, k;
    double* out;  // (n_rows, k)
};

template <int LANES, int ROWS, int VECTORS>
COTERIE_INLINE void sum_block(const Sums& sums, int64_t first, int64_t last, float* __restrict turned) {
    constexpr int64_t WIDTH = LANES * VECTORS;
    const int64_t d = sums.d;
    float found[ROWS * WIDTH];
    const float* rows[ROWS];
    for (int64_t cluster = 0; cluster < sums.k; ++cluster)
        for (int64_t from = sums.bounds[cluster]; from < sums.bounds[cluster + 1]; from += WIDTH) {
            const int64_t count = std::min(WIDTH, sums.bounds[cluster + 1] - from);
            coterie::turn<WIDTH>(sums.points + from * d, count, d, turned);
            float norms[WIDTH] = {};
            std::copy(sums.point_norms + from, sums.point_norms + from + count, norms);
            for (int64_t row = first; row < last; row += ROWS) {
                const int64_t held = std::min<int64_t>(ROWS, last - row);
                for (int64_t r = 0; r < ROWS; ++r) rows[r] = sums.rows + (row + std::min(r, held - 1)) * d;
                coterie::products<LANES, ROWS, VECTORS>(rows, turned, d, found);
                for (int64_t r = 0; r < held; ++r) {
                    float* __restrict own = found + r * WIDTH;
                    const float norm = sums.row_norms[row + r];
                    for (int64_t c = 0; c < WIDTH; ++c)
                        own[c] = std::sqrt(std::max(0.0f, norm + norms[c] - 2 * own[c]));
                    for (int64_t c = count; c < WIDTH; ++c) own[c] = 0;
                    float lanes[LANES] = {};
                    for (int64_t c = 0; c < WIDTH; c += LANES)
                        for (int64_t lane = 0; lane < LANES; ++lane) lanes[lane] += own[c + lane];
                    double sum = 0;
                    for (int64_t lane = 0; lane < LANES; ++lane) sum += static_cast<double>(lanes[lane]);
                    sums.out[(row + r) * sums.k + cluster] += sum;
                }
            }
        }
}

using Block = void (*)(const Sums&, int64_t, int64_t, float*);

void sum_plain(const Sums& sums, int64_t first, int64_t last, float* turned) {
    sum_block<4, 4, 2>(sums, first, last, turned);
}

#if defined(__x86_64__) && defined(__GNUC__)
COTERIE_AVX2 void sum_wide(const Sums& sums, int64_t first, int64_t last, float* turned) {
    sum_block<8, 4, 3>(sums, first, last, turned);
}

COTERIE_AVX512 void sum_widest(const Sums& sums, int64_t first, int64_t last, float* turned) {
    sum_block<16, 9, 3>(sums, first, last, turned);
}

Block fastest() { return coterie::has_avx512() ? sum_widest : coterie::has_avx2() ? sum_wide : sum_plain; }
#else
Block fastest() { return sum_plain; }
#endif

}  // namespace

// rows (n_rows, d) and points (n, d) with their squared lengths; bounds (k + 1) of clusters in points; out (n_rows, k).
COTERIE_EXPORT int coterie_distance_sums(const float* rows, const float* row_norms, int64_t n_rows, const float* points,
                                         const float* point_norms, const int64_t* bounds, int64_t d, int64_t k,
                                         int64_t threads, double* out) {
    return coterie::guarded([&] {
        const Sums sums{rows, row_norms, points, point_norms, bounds, n_rows, d, k, out};
        std::fill(out, out + n_rows * k, 0.0);
        const Block block = fastest();
        coterie::for_blocks((n_rows + TOGETHER - 1) / TOGETHER, threads, [&](int64_t b) {
            std::vector<float> turned(coterie::WIDEST * std::max<int64_t>(d, 1));
            block(sums, b * TOGETHER, std::min(n_rows, (b + 1) * TOGETHER), turned.data());
        });
    });
}
