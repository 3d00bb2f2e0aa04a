// A sparse matrix in compressed rows: times a dense block of columns, turned about, and the Gram matrix of such a product.
//
// A block of 16-bit numbers holds the upper halves of single-precision ones (bfloat16): half the memory to gather from,
// with a rounding of 2^-9 of each number.
#include <cstring>

#include "common.hpp"

namespace {

constexpr int64_t LINE = 64;   // bytes that memory gives at once
constexpr int64_t RUN = 64;    // products that are summed in single precision before they go to double
constexpr int64_t AHEAD = 10;  // cells by which memory is asked for lines before they are needed
constexpr int64_t LANES = 16;  // widths that are a multiple of this, up to MOST, have loops of their own
constexpr int64_t MOST = 96;

struct Cells {
    const int64_t* indptr;
    const int32_t* indices;
    const float* values;
    int64_t count;
};

COTERIE_INLINE float widened(uint16_t value) {
    const uint32_t bits = static_cast<uint32_t>(value) << 16;
    float out;
    std::memcpy(&out, &bits, sizeof out);
    return out;
}
COTERIE_INLINE float widened(float value) { return value; }
COTERIE_INLINE double widened(double value) { return value; }

COTERIE_INLINE void narrowed(double value, uint16_t& out) {
    const float single = static_cast<float>(value);
    uint32_t bits;
    std::memcpy(&bits, &single, sizeof bits);
    out = static_cast<uint16_t>((bits + 0x7FFFu + ((bits >> 16) & 1u)) >> 16);  // to the nearest, a tie to the even one
}
COTERIE_INLINE void narrowed(double value, float& out) { out = static_cast<float>(value); }
COTERIE_INLINE void narrowed(double value, double& out) { out = value; }

template <typename In>
COTERIE_INLINE void fetch(const In* line, int64_t width) {
    constexpr int64_t STEP = LINE / static_cast<int64_t>(sizeof(In));
    for (int64_t c = 0; c < width; c += STEP) __builtin_prefetch(line + c);
}

// Products are summed in Sum; `run` and `sums` have room for `width` numbers, which is known to the compiler or not.
template <typename In, typename Sum, typename Out>
COTERIE_INLINE void row_times(const Cells& cells, const In* __restrict block, int64_t i, int64_t width,
                              Sum* __restrict run, double* __restrict sums, Out* __restrict out) {
    const int64_t end = cells.indptr[i + 1];
    for (int64_t c = 0; c < width; ++c) sums[c] = 0;
    for (int64_t from = cells.indptr[i]; from < end; from += RUN) {
        const int64_t to = std::min(from + RUN, end);
        for (int64_t c = 0; c < width; ++c) run[c] = 0;
        for (int64_t e = from; e < to; ++e) {
            fetch(block + cells.indices[std::min(e + AHEAD, cells.count - 1)] * width, width);
            const Sum cell = static_cast<Sum>(cells.values[e]);
            const In* __restrict line = block + cells.indices[e] * width;
            for (int64_t c = 0; c < width; ++c) run[c] += cell * static_cast<Sum>(widened(line[c]));
        }
        for (int64_t c = 0; c < width; ++c) sums[c] += static_cast<double>(run[c]);
    }
    for (int64_t c = 0; c < width; ++c) narrowed(sums[c], out[c]);
}

template <int64_t WIDTH, typename In, typename Sum, typename Out>
COTERIE_INLINE void rows_of_width(const Cells& cells, const In* block, int64_t first, int64_t last, Out* out) {
    Sum run[WIDTH];
    double sums[WIDTH];
    for (int64_t i = first; i < last; ++i)
        row_times<In, Sum, Out>(cells, block, i, WIDTH, run, sums, out + i * WIDTH);
}

template <typename In, typename Sum, typename Out>
COTERIE_INLINE void rows_times(const Cells& cells, const In* block, int64_t first, int64_t last, int64_t width,
                               Sum* run, double* sums, Out* out) {
    switch (width) {
        case LANES: return rows_of_width<LANES, In, Sum, Out>(cells, block, first, last, out);
        case 2 * LANES: return rows_of_width<2 * LANES, In, Sum, Out>(cells, block, first, last, out);
        case 3 * LANES: return rows_of_width<3 * LANES, In, Sum, Out>(cells, block, first, last, out);
        case 4 * LANES: return rows_of_width<4 * LANES, In, Sum, Out>(cells, block, first, last, out);
        case 5 * LANES: return rows_of_width<5 * LANES, In, Sum, Out>(cells, block, first, last, out);
        case MOST: return rows_of_width<MOST, In, Sum, Out>(cells, block, first, last, out);
    }
    for (int64_t i = first; i < last; ++i) row_times<In, Sum, Out>(cells, block, i, width, run, sums, out + i * width);
}

COTERIE_KERNEL
void times_single(const Cells& cells, const float* block, int64_t first, int64_t last, int64_t width, float* run,
                  double* sums, float* out) {
    rows_times<float, float, float>(cells, block, first, last, width, run, sums, out);
}

COTERIE_KERNEL
void times_double(const Cells& cells, const double* block, int64_t first, int64_t last, int64_t width, double* run,
                  double* sums, double* out) {
    rows_times<double, double, double>(cells, block, first, last, width, run, sums, out);
}

COTERIE_KERNEL
void times_half(const Cells& cells, const uint16_t* block, int64_t first, int64_t last, int64_t width, float* run,
                double* sums, uint16_t* out) {
    rows_times<uint16_t, float, uint16_t>(cells, block, first, last, width, run, sums, out);
}

COTERIE_KERNEL
void times_half_to_single(const Cells& cells, const uint16_t* block, int64_t first, int64_t last, int64_t width,
                          float* run, double* sums, float* out) {
    rows_times<uint16_t, float, float>(cells, block, first, last, width, run, sums, out);
}

// Bounds of at most `most` blocks of rows with about as many cells each, since some rows have thousands.
std::vector<int64_t> blocks_of(const int64_t* indptr, int64_t n, int64_t most, int64_t least) {
    const int64_t per_block = std::max<int64_t>((indptr[n] + most - 1) / most, least);
    std::vector<int64_t> bounds{0};
    while (bounds.back() < n) {
        const int64_t* end = std::upper_bound(indptr + bounds.back() + 1, indptr + n + 1, indptr[bounds.back()] + per_block);
        bounds.push_back(std::max<int64_t>(bounds.back() + 1, end - indptr - 1));
    }
    return bounds;
}

template <typename Sum, typename Rows>
void times(const int64_t* indptr, int64_t n, int64_t width, int64_t threads, const Rows& rows) {
    const auto bounds = blocks_of(indptr, n, 512, 4096);
    const int64_t wanted = coterie::threads_for(indptr[n] * width, threads);
    coterie::for_blocks(static_cast<int64_t>(bounds.size()) - 1, wanted, [&](int64_t b) {
        std::vector<Sum> run(width);
        std::vector<double> sums(width);
        rows(bounds[b], bounds[b + 1], run.data(), sums.data());
    });
}

// Adds to `gram` (width, width), its upper triangle, what `count` rows of a product say.
COTERIE_KERNEL
void add_gram(const double* __restrict rows, int64_t count, int64_t width, double* __restrict gram) {
    for (int64_t i = 0; i < width; ++i)
        for (int64_t r = 0; r < count; ++r) {
            const double value = rows[r * width + i];
            const double* __restrict row = rows + r * width;
            double* __restrict line = gram + i * width;
            for (int64_t j = i; j < width; ++j) line[j] += value * row[j];
        }
}

COTERIE_KERNEL
void times_exactly(const Cells& cells, const float* block, int64_t first, int64_t last, int64_t width, double* run,
                   double* sums, double* out) {
    rows_times<float, double, double>(cells, block, first, last, width, run, sums, out);
}

}  // namespace

// indptr (n + 1), indices and cells of n rows; block (m, width); out (n, width) in the block's precision.
COTERIE_EXPORT int coterie_times_single(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                        const float* block, int64_t width, int64_t threads, float* out) {
    return coterie::guarded([&] {
        const Cells rows{indptr, indices, cells, indptr[n]};
        times<float>(indptr, n, width, threads, [&](int64_t first, int64_t last, float* run, double* sums) {
            times_single(rows, block, first, last, width, run, sums, out);
        });
    });
}

COTERIE_EXPORT int coterie_times_double(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                        const double* block, int64_t width, int64_t threads, double* out) {
    return coterie::guarded([&] {
        const Cells rows{indptr, indices, cells, indptr[n]};
        times<double>(indptr, n, width, threads, [&](int64_t first, int64_t last, double* run, double* sums) {
            times_double(rows, block, first, last, width, run, sums, out);
        });
    });
}

// As above for a block of 16-bit numbers; one of `half` and `single` (n, width) is what the product goes into.
COTERIE_EXPORT int coterie_times_half(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                      const uint16_t* block, int64_t width, int64_t threads, uint16_t* half,
                                      float* single) {
    return coterie::guarded([&] {
        const Cells rows{indptr, indices, cells, indptr[n]};
        times<float>(indptr, n, width, threads, [&](int64_t first, int64_t last, float* run, double* sums) {
            if (half) times_half(rows, block, first, last, width, run, sums, half);
            else times_half_to_single(rows, block, first, last, width, run, sums, single);
        });
    });
}

// gram (width, width): (A block)' (A block), with all products and sums in double precision; the product is not kept.
COTERIE_EXPORT int coterie_gram_of_times(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n,
                                         const float* block, int64_t width, int64_t threads, double* gram) {
    return coterie::guarded([&] {
        constexpr int64_t AT_ONCE = 32;  // rows
        const Cells rows{indptr, indices, cells, indptr[n]};
        const auto bounds = blocks_of(indptr, n, 64, 4096);
        const int64_t count = static_cast<int64_t>(bounds.size()) - 1;
        std::vector<double> parts(count * width * width, 0.0);
        coterie::for_blocks(count, threads, [&](int64_t b) {
            std::vector<double> run(width), sums(width), product(AT_ONCE * width);
            for (int64_t first = bounds[b]; first < bounds[b + 1]; first += AT_ONCE) {
                const int64_t last = std::min(first + AT_ONCE, bounds[b + 1]);
                times_exactly(rows, block, first, last, width, run.data(), sums.data(), product.data() - first * width);
                add_gram(product.data(), last - first, width, parts.data() + b * width * width);
            }
        });
        for (int64_t i = 0; i < width; ++i)
            for (int64_t j = i; j < width; ++j) {
                double sum = 0;
                for (int64_t b = 0; b < count; ++b) sum += parts[(b * width + i) * width + j];
                gram[i * width + j] = gram[j * width + i] = sum;
            }
    });
}

// The n rows as m columns: turned_indptr (m + 1), turned_indices and turned_cells, a column's cells in order of rows.
COTERIE_EXPORT int coterie_turned(const int64_t* indptr, const int32_t* indices, const float* cells, int64_t n, int64_t m,
                                  int64_t threads, int64_t* turned_indptr, int32_t* turned_indices, float* turned_cells) {
    return coterie::guarded([&] {
        const auto bounds = blocks_of(indptr, n, 8, 65536);
        const int64_t count = static_cast<int64_t>(bounds.size()) - 1;
        std::vector<int64_t> places(count * m, 0);  // how many cells of a column a block has, then where they go
        coterie::for_blocks(count, threads, [&](int64_t b) {
            int64_t* own = places.data() + b * m;
            for (int64_t e = indptr[bounds[b]]; e < indptr[bounds[b + 1]]; ++e) ++own[indices[e]];
        });
        int64_t next = 0;
        for (int64_t j = 0; j < m; ++j) {
            turned_indptr[j] = next;
            for (int64_t b = 0; b < count; ++b) {
                const int64_t held = places[b * m + j];
                places[b * m + j] = next;
                next += held;
            }
        }
        turned_indptr[m] = next;
        coterie::for_blocks(count, threads, [&](int64_t b) {
            int64_t* own = places.data() + b * m;
            for (int64_t i = bounds[b]; i < bounds[b + 1]; ++i)
                for (int64_t e = indptr[i]; e < indptr[i + 1]; ++e) {
                    const int64_t place = own[indices[e]]++;
                    turned_indices[place] = static_cast<int32_t>(i);
                    turned_cells[place] = cells[e];
                }
        });
    });
}
