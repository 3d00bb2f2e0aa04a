// Rankings of items by popularity, and how well they rank for each user, without anything of users times items.
#include "common.hpp"

#include <numeric>
#include <utility>

namespace {

constexpr int64_t USERS = 1024;  // of a block

template <typename Work>
void for_users(int64_t n, int64_t threads, const Work& work) {
    coterie::for_blocks((n + USERS - 1) / USERS, threads,
                        [&](int64_t b) { work(b * USERS, std::min(n, (b + 1) * USERS)); });
}

// Walks down one ranking, over what the user has seen, and adds up what liked items gain in the places that count.
// Gains are added in order of items, so that the sum does not depend on the ranking's order of equal ones.
struct Walk {
    const double* gains;
    int64_t cutoff;
    std::vector<std::pair<int32_t, double>> hits;

    // state[item]: own = seen, own + 1 = liked and held out, anything else = unknown to the user. -1 where it ran out.
    double along(const int32_t* order, int64_t depth, bool is_whole, const int32_t* state, int32_t own, int64_t liked) {
        hits.clear();
        int64_t place = 0;
        for (int64_t i = 0; i < depth; ++i) {
            const int32_t found = state[order[i]];
            if (found == own) continue;
            if (found == own + 1) hits.emplace_back(order[i], gains[place]);
            if (++place == cutoff || static_cast<int64_t>(hits.size()) == liked) break;
        }
        if (place < cutoff && static_cast<int64_t>(hits.size()) < liked && !is_whole) return -1;
        std::sort(hits.begin(), hits.end());
        double sum = 0;
        for (const auto& hit : hits) sum += hit.second;
        return sum;
    }
};

}  // namespace

// uniforms (p) of the pairs of n users, whose pairs begin at starts (n + 1); held (p): the quota (n) of least uniforms
// of each user, of equal ones the first.
COTERIE_EXPORT int coterie_hold_out(const double* uniforms, const int64_t* starts, const int64_t* quota, int64_t n,
                                    int64_t threads, uint8_t* held) {
    return coterie::guarded([&] {
        for_users(n, threads, [&](int64_t first, int64_t last) {
            std::vector<double> own;
            for (int64_t u = first; u < last; ++u) {
                const int64_t from = starts[u], to = starts[u + 1];
                int64_t wanted = quota[u];
                if (wanted == to - from || wanted == 0) {
                    std::fill(held + from, held + to, static_cast<uint8_t>(wanted > 0));
                    continue;
                }
                own.assign(uniforms + from, uniforms + to);
                std::nth_element(own.begin(), own.begin() + (wanted - 1), own.end());
                const double last_one = own[wanted - 1];
                for (int64_t p = from; p < to; ++p) {
                    held[p] = uniforms[p] < last_one;
                    wanted -= held[p];
                }
                for (int64_t p = from; p < to && wanted; ++p)
                    if (uniforms[p] == last_one) {
                        held[p] = 1;
                        --wanted;
                    }
            }
        });
    });
}

// starts (n + 1) and items (p) of n users' pairs, of which those with counted (p) count; rows (t, n): the row of counts
// that a user belongs to in each labelling, or -1. counts (r, m).
COTERIE_EXPORT int coterie_popularity(const int64_t* starts, const int32_t* items, const uint8_t* counted, int64_t n,
                                      const int32_t* rows, int64_t t, int64_t r, int64_t m, int64_t threads,
                                      int32_t* counts) {
    return coterie::guarded([&] {
        std::vector<int64_t> begins(n + 1, 0), ends(r + 1, 0);
        for (int64_t u = 0; u < n; ++u)
            begins[u + 1] = begins[u] + std::count(counted + starts[u], counted + starts[u + 1], 1);
        std::vector<int32_t> kept(begins[n]);
        for_users(n, threads, [&](int64_t first, int64_t last) {
            int32_t* into = kept.data() + begins[first];
            for (int64_t p = starts[first]; p < starts[last]; ++p)
                if (counted[p]) *into++ = items[p];
        });
        // Counts are made of one row at a time, items in order of their popularity: what is counted often lies together.
        std::vector<int64_t> all(m, 0);
        for (const int32_t item : kept) ++all[item];
        std::vector<int32_t> order(m), place(m);
        std::iota(order.begin(), order.end(), 0);
        std::sort(order.begin(), order.end(),
                  [&](int32_t a, int32_t b) { return all[a] > all[b] || (all[a] == all[b] && a < b); });
        for (int64_t i = 0; i < m; ++i) place[order[i]] = static_cast<int32_t>(i);
        for (int32_t& item : kept) item = place[item];
        for (int64_t i = 0; i < t * n; ++i)
            if (rows[i] >= 0) ++ends[rows[i] + 1];
        for (int64_t row = 0; row < r; ++row) ends[row + 1] += ends[row];
        std::vector<int64_t> next(ends.begin(), ends.end() - 1);
        std::vector<int32_t> members(ends[r]);
        for (int64_t i = 0; i < t * n; ++i)
            if (rows[i] >= 0) members[next[rows[i]]++] = static_cast<int32_t>(i % n);
        coterie::for_blocks(r, threads, [&](int64_t row) {
            std::vector<int32_t> own(m, 0);
            for (int64_t i = ends[row]; i < ends[row + 1]; ++i) {
                if (i + 8 < ends[row + 1]) __builtin_prefetch(kept.data() + begins[members[i + 8]]);
                for (int64_t p = begins[members[i]]; p < begins[members[i] + 1]; ++p) ++own[kept[p]];
            }
            for (int64_t i = 0; i < m; ++i) counts[row * m + order[i]] = own[i];
        });
    });
}

// Of each of w users: starts, items and kinds (p) of the pairs: 0 seen, 1 held out, 2 held out and liked; orders
// (r, depth): the first items of each ranking of m; rows (t, n): which ranking a user has in each labelling; gains
// (cutoff) of the places. out (t, n): sum of gains, -1 where a ranking ran out; users who are not asked for stay.
COTERIE_EXPORT int coterie_gains(const int64_t* starts, const int32_t* items, const uint8_t* kinds, int64_t n, int64_t m,
                                 const int64_t* users, int64_t w, const int32_t* orders, int64_t depth,
                                 const int32_t* rows, int64_t t, const double* gains, int64_t cutoff, int64_t threads,
                                 double* out) {
    return coterie::guarded([&] {
        for_users(w, threads, [&](int64_t first, int64_t last) {
            std::vector<int32_t> state(m, -1);
            Walk walk{gains, cutoff, {}};
            for (int64_t i = first; i < last; ++i) {
                const int64_t u = users[i];
                const int32_t own = static_cast<int32_t>(2 * (i - first));
                int64_t liked = 0;
                for (int64_t p = starts[u]; p < starts[u + 1]; ++p) {
                    if (kinds[p] != 1) state[items[p]] = own + (kinds[p] == 2);
                    liked += kinds[p] == 2;
                }
                for (int64_t b = 0; b < t; ++b) {
                    const int64_t row = rows[b * n + u];
                    out[b * n + u] = walk.along(orders + row * depth, depth, depth == m, state.data(), own, liked);
                }
            }
        });
    });
}
