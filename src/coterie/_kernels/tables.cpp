// Raw tables: what the lines of a file of text hold, and the order of rows by their keys.
#include "common.hpp"

namespace {

constexpr uint8_t TEXT = 1, WHOLE = 2, DECIMAL = 4;
constexpr int64_t MOST_DIGITS = 18, MOST_BEFORE_POINT = 9, MOST_AFTER_POINT = 4;

inline bool is_digit(uint8_t byte) { return static_cast<uint8_t>(byte - '0') < 10; }

// Reads one field: gives where it ends, and adds to `kind` what is written in it, a number as a computer would write it
// or text; nothing for an empty one.
inline const uint8_t* read_field(const uint8_t* at, const uint8_t* end, uint8_t separator, uint8_t* kind, int64_t* digits) {
    const auto is_over = [&](const uint8_t* p) {
        return p == end || *p == separator || *p == '\n' || (*p == '\r' && (p + 1 == end || p[1] == '\n'));
    };
    const uint8_t* const from = at;
    while (at < end && is_digit(*at)) ++at;
    const int64_t before = at - from;
    const bool is_led = before > 0 && (before == 1 || *from != '0');
    if (is_over(at)) {
        if (before == 0) return at;
        *kind |= is_led && before <= MOST_DIGITS ? WHOLE : TEXT;
        *digits = std::max(*digits, before);
        return at;
    }
    if (*at == '.' && is_led && before <= MOST_BEFORE_POINT) {
        const uint8_t* const point = at++;
        while (at < end && is_digit(*at)) ++at;
        const int64_t after = at - point - 1;
        if (is_over(at) && after >= 1 && after <= MOST_AFTER_POINT && (after == 1 || at[-1] != '0')) {
            *kind |= DECIMAL;
            return at;
        }
    }
    *kind |= TEXT;
    while (!is_over(at)) ++at;
    return at;
}

// A line's number of fields; `at` is moved behind its end.
inline int64_t read_line(const uint8_t*& at, const uint8_t* end, uint8_t separator, int64_t n_fields, uint8_t* kinds,
                         int64_t* digits) {
    uint8_t unnamed = 0;
    int64_t field = 0, of_unnamed = 0;
    for (;; ++at) {
        const bool is_known = field < n_fields;
        at = read_field(at, end, separator, is_known ? kinds + field : &unnamed, is_known ? digits + field : &of_unnamed);
        ++field;
        if (at == end || *at != separator) break;
    }
    if (at < end && *at == '\r') ++at;
    if (at < end) ++at;
    return field;
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
            if (*at == '\n' || (*at == '\r' && at + 1 < end && at[1] == '\n')) {  // blank
                at += *at == '\n' ? 1 : 2;
                continue;
            }
            const int64_t fields = read_line(at, end, static_cast<uint8_t>(separator), n_fields, kinds, digits);
            if (fields == n_fields) continue;
            if (n_ragged < most) {
                ragged[2 * n_ragged] = lines;
                ragged[2 * n_ragged + 1] = fields;
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
