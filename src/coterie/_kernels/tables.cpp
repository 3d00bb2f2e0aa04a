// Raw tables: what the lines of a file of text hold, and the order of rows by their keys.
#include "common.hpp"

namespace {

constexpr uint8_t TEXT = 1, WHOLE = 2, DECIMAL = 4;
constexpr int64_t MOST_DIGITS = 18, MOST_BEFORE_POINT = 9, MOST_AFTER_POINT = 4;

inline bool is_digit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') < 10; }

// What is written in a field: a number as a computer would write it, or text. Nothing for an empty one.
inline uint8_t kind_of(const uint8_t* from, const uint8_t* to, int64_t* digits) {
    if (from == to) return 0;
    const uint8_t* at = from;
    while (at < to && is_digit(*at)) ++at;
    const int64_t before = at - from;
    if (before == 0 || (before > 1 && *from == '0')) return TEXT;
    if (at == to) {
        if (before > *digits) *digits = before;
        return before <= MOST_DIGITS ? WHOLE : TEXT;
    }
    if (*at != '.' || before > MOST_BEFORE_POINT) return TEXT;
    const uint8_t* point = at++;
    while (at < to && is_digit(*at)) ++at;
    const int64_t after = at - point - 1;
    const bool is_short = after == 1 || (after > 1 && to[-1] != '0');
    return at == to && is_short && after <= MOST_AFTER_POINT ? DECIMAL : TEXT;
}

// Rows by user: counts by part of the table, then every part puts its own rows in their places.
void by_user(const int32_t* users, int64_t n, int64_t n_users, int64_t threads, int64_t* indptr, uint32_t* order) {
    const int64_t parts = std::max<int64_t>(1, std::min<int64_t>(8, n / std::max<int64_t>(n_users, 1)));
    std::vector<uint32_t> starts(parts * n_users, 0);
    const auto bound = [&](int64_t part) { return n * part / parts; };
    coterie::for_blocks(parts, threads, [&](int64_t part) {
        uint32_t* counts = starts.data() + part * n_users;
        for (int64_t i = bound(part); i < bound(part + 1); ++i) ++counts[users[i]];
    });
    uint32_t total = 0;
    for (int64_t user = 0; user < n_users; ++user) {
        indptr[user] = total;
        for (int64_t part = 0; part < parts; ++part) {
            const uint32_t count = starts[part * n_users + user];
            starts[part * n_users + user] = total;
            total += count;
        }
    }
    indptr[n_users] = total;
    coterie::for_blocks(parts, threads, [&](int64_t part) {
        uint32_t* next = starts.data() + part * n_users;
        for (int64_t i = bound(part); i < bound(part + 1); ++i) order[next[users[i]]++] = static_cast<uint32_t>(i);
    });
}

}  // namespace

// Whole lines without quotes: `kinds` (n_fields) gains the bits of what fields hold, `digits` the most digits of a whole
// number; `facts` gets lines, and lines with another number of fields; `ragged` (most, 2) the first of these: number of
// the line from 0, and fields. A blank line has no fields and is let through.
COTERIE_EXPORT int coterie_csv_lines(const uint8_t* text, int64_t n, int64_t separator, int64_t n_fields, uint8_t* kinds,
                                     int64_t* digits, int64_t most, int64_t* facts, int64_t* ragged) {
    return coterie::guarded([&] {
        const uint8_t* const end = text + n;
        int64_t lines = 0, n_ragged = 0;
        for (const uint8_t* at = text; at < end; ++lines) {
            const uint8_t* from = at;
            int64_t field = 0;
            const uint8_t* const start = at;
            for (;; ++at) {
                const bool is_end = at == end || *at == '\n';
                if (!is_end && *at != separator) continue;
                const uint8_t* to = is_end && at > from && at[-1] == '\r' ? at - 1 : at;
                if (is_end && to == start) {
                    field = n_fields;  // blank
                    break;
                }
                if (field < n_fields) kinds[field] |= kinds[field] & TEXT ? 0 : kind_of(from, to, digits + field);
                ++field;
                from = at + 1;
                if (is_end) break;
            }
            ++at;
            if (field == n_fields) continue;
            if (n_ragged < most) {
                ragged[2 * n_ragged] = lines;
                ragged[2 * n_ragged + 1] = field;
            }
            ++n_ragged;
        }
        facts[0] = lines;
        facts[1] = n_ragged;
    });
}

// users (n) in 0..n_users-1, items (n) from 0; indptr (n_users + 1) gets where users begin, order (n) the rows by user,
// then item, level rows as they stood.
COTERIE_EXPORT int coterie_pair_order(const int32_t* users, const int32_t* items, int64_t n, int64_t n_users,
                                      int64_t threads, int64_t* indptr, uint32_t* order) {
    return coterie::guarded([&] {
        by_user(users, n, n_users, threads, indptr, order);
        constexpr int64_t AT_ONCE = 256;
        coterie::for_blocks((n_users + AT_ONCE - 1) / AT_ONCE, threads, [&](int64_t block) {
            std::vector<uint64_t> keys;
            for (int64_t user = block * AT_ONCE; user < std::min(n_users, (block + 1) * AT_ONCE); ++user) {
                uint32_t* const rows = order + indptr[user];
                const int64_t count = indptr[user + 1] - indptr[user];
                keys.resize(count);
                for (int64_t i = 0; i < count; ++i) keys[i] = static_cast<uint64_t>(items[rows[i]]) << 32 | rows[i];
                if (std::is_sorted(keys.begin(), keys.end())) continue;
                std::sort(keys.begin(), keys.end());
                for (int64_t i = 0; i < count; ++i) rows[i] = static_cast<uint32_t>(keys[i]);
            }
        });
    });
}
