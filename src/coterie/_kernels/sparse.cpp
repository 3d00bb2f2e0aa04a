// A sparse matrix in compressed rows times a dense block of columns.
#include "common.hpp"

namespace {

constexpr int64_t LINE = 64;  // bytes that memory gives at once
constexpr int64_t RUN = 64;  // products that are summed in the block's own precision before they go to double

template <typename T>
COTERIE_INLINE void rows_times(const int64_t* __restrict indptr, const int32_t* __restrict indices,
                               const float* __restrict cells, const T* __restrict block, int64_t first, int64_t last,
                               int64_t width, T* __restrict run, double* __restrict sums, T* __restrict out) {
    for (int64_t i = first; i < last; ++i) {
        for (int64_t c = 0; c < width; ++c) sums[c] = 0;
        for (int64_t from = indptr[i]; from < indptr[i + 1]; from += RUN) {
            const int64_t to = std::min(from + RUN, indptr[i + 1]);
            for (int64_t c = 0; c < width; ++c) run[c] = 0;
            for (int64_t e = from; e < to; ++e) {
                if (e + 4 < indptr[i + 1])
                    for (int64_t c = 0; c < width; c += LINE / static_cast<int64_t>(sizeof(T)))
                        __builtin_prefetch(block + indices[e + 4] * width + c);
                const T cell = static_cast<T>(cells[e]);
                const T* __restrict line = block + indices[e] * width;
                for (int64_t c = 0; c < width; ++c) run[c] += cell * line[c];
            }
            for (int64_t c = 0; c < width; ++c) sums[c] += static_cast<double>(run[c]);
        }
        for (int64_t c = 0; c < width; ++c) out[i * width + c] = static_cast<T>(sums[c]);
    }
}

COTERIE_KERNEL
void single_rows(const int64_t* indptr, const int32_t* indices, const float* cells, const float* block, int64_t first,
                 int64_t last, int64_t width, float* run, double* sums, float* out) {
    rows_times<float>(indptr, indices, cells, block, first, last, width, run, sums, out);
}

COTERIE_KERNEL
void double_rows(const int64_t* indptr, const int32_t* indices, const float* cells, const double* block, int64_t first,
                 int64_t last, int64_t width, double* run, double* sums, double* out) {
    rows_times<double>(indptr, indices, cells, block, first, last, width, run, sums, out);
}

template <typename T, typename Rows>
void times(const int64_t* indptr, int64_t n, int64_t width, int64_t threads, const Rows& rows) {
    // Blocks of about as many cells each, since some rows have thousands.
    const int64_t per_block = std::max<int64_t>(indptr[n] / 512, 4096);
    std::vector<int64_t> bounds{0};
    while (bounds.back() < n) {
        const int64_t* end = std::upper_bound(indptr + bounds.back() + 1, indptr + n + 1, indptr[bounds.back()] + per_block);
        bounds.push_back(std::max<int64_t>(bounds.back() + 1, end - indptr - 1));
    }
    coterie::for_blocks(static_cast<int64_t>(bounds.size()) - 1, threads, [&](int64_t b) {
        std::vector<T> run(width);
        std::vector<double> sums(width);
        rows(bounds[b], bounds[b + 1], run.data(), sums.data());
    });
}

}  // namespace

// indptr (n + 1), indices and cells of n rows; block (m, width); out (n, width) in the block's precision.
COTERIE_EXPORT int coterie_times_single(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                        const float* block, int64_t width, int64_t threads, float* out) {
    return coterie::guarded([&] {
        times<float>(indptr, n, width, threads, [&](int64_t first, int64_t last, float* run, double* sums) {
            single_rows(indptr, indices, cells, block, first, last, width, run, sums, out);
        });
    });
}

COTERIE_EXPORT int coterie_times_double(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                        const double* block, int64_t width, int64_t threads, double* out) {
    return coterie::guarded([&] {
        times<double>(indptr, n, width, threads, [&](int64_t first, int64_t last, double* run, double* sums) {
            double_rows(indptr, indices, cells, block, first, last, width, run, sums, out);
        });
    });
}
