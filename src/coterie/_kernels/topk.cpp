// The points of largest inner product with each of many others, exactly and without keeping the products.
//
// A product is summed in single precision in order of dimensions, whatever is computed beside it: the same bits for any
// number of threads, and for a query alone.
#include <limits>

#include "tiles.hpp"

namespace {

constexpr int64_t TOGETHER = 512;  // queries that one reading of all points serves

struct Search {
    const float *queries, *points;  // (n_queries, d), (n, d)
    int64_t n_queries, n, d, k;
    bool is_self;  // query i is point i, and no answer to itself
    int32_t* indices;  // (n_queries, k)
    float* scores;     // (n_queries, k), falling
};

// Takes a point into a query's answers, the worst of which it beats; points come in order, so that it goes after equals.
COTERIE_INLINE void insert(const Search& search, int64_t query, int64_t point, float score) {
    float* scores = search.scores + query * search.k;
    int32_t* indices = search.indices + query * search.k;
    int64_t place = search.k - 1;
    for (; place > 0 && score > scores[place - 1]; --place) {
        scores[place] = scores[place - 1];
        indices[place] = indices[place - 1];
    }
    scores[place] = score;
    indices[place] = static_cast<int32_t>(point);
}

template <int LANES, int ROWS, int VECTORS>
COTERIE_INLINE void search_block(const Search& search, int64_t first, int64_t last, float* __restrict turned) {
    constexpr int64_t WIDTH = LANES * VECTORS;
    const int64_t d = search.d, k = search.k;
    float found[ROWS * WIDTH];
    const float* rows[ROWS];
    for (int64_t from = 0; from < search.n; from += WIDTH) {
        const int64_t count = std::min(WIDTH, search.n - from);
        coterie::turn<WIDTH>(search.points + from * d, count, d, turned);
        for (int64_t query = first; query < last; query += ROWS) {
            const int64_t held = std::min<int64_t>(ROWS, last - query);
            for (int64_t r = 0; r < ROWS; ++r) rows[r] = search.queries + (query + std::min(r, held - 1)) * d;
            coterie::products<LANES, ROWS, VECTORS>(rows, turned, d, found);
            for (int64_t r = 0; r < held; ++r) {
                const float* __restrict own = found + r * WIDTH;
                const float* worst = search.scores + (query + r) * k + k - 1;
                const float least = *worst;
                int beaten = 0;
                for (int64_t c = 0; c < WIDTH; ++c) beaten |= own[c] > least;
                if (!beaten) continue;
                for (int64_t c = 0; c < count; ++c)
                    if (own[c] > *worst && !(search.is_self && from + c == query + r))
                        insert(search, query + r, from + c, own[c]);
            }
        }
    }
}

void search_plain(const Search& search, int64_t first, int64_t last, float* turned) {
    search_block<4, 4, 2>(search, first, last, turned);
}

using Block = void (*)(const Search&, int64_t, int64_t, float*);

#if defined(__x86_64__) && defined(__GNUC__)
COTERIE_AVX2 void search_wide(const Search& search, int64_t first, int64_t last, float* turned) {
    search_block<8, 4, 3>(search, first, last, turned);
}

COTERIE_AVX512 void search_widest(const Search& search, int64_t first, int64_t last, float* turned) {
    search_block<16, 9, 3>(search, first, last, turned);
}

Block fastest() {
    return coterie::has_avx512() ? search_widest : coterie::has_avx2() ? search_wide : search_plain;
}
#else
Block fastest() { return search_plain; }
#endif

}  // namespace

// queries (n_queries, d), points (n, d); indices and scores (n_queries, k), the largest first, on a tie the smallest index.
// With is_self query i is point i, which is left out.
COTERIE_EXPORT int coterie_top_k(const float* queries, int64_t n_queries, const float* points, int64_t n, int64_t d,
                                 int64_t k, int64_t is_self, int64_t threads, int32_t* indices, float* scores) {
    return coterie::guarded([&] {
        const Search search{queries, points, n_queries, n, d, k, is_self != 0, indices, scores};
        std::fill(scores, scores + n_queries * k, -std::numeric_limits<float>::infinity());
        std::fill(indices, indices + n_queries * k, -1);
        const Block block = fastest();
        // Few queries are dealt out to all threads; an answer does not depend on which others are sought beside it.
        const int64_t size = std::max<int64_t>(8, std::min(TOGETHER, (n_queries + threads - 1) / threads));
        coterie::for_blocks((n_queries + size - 1) / size, threads, [&](int64_t b) {
            std::vector<float> turned(coterie::WIDEST * std::max<int64_t>(d, 1));
            block(search, b * size, std::min(n_queries, (b + 1) * size), turned.data());
        });
    });
}
