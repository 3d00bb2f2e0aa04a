// Lloyd's k-means with k-means++ starts and Hamerly's bounds, and the assignment of rows to centres.
//
// Sources: Lloyd (1982), "Least squares quantization in PCM"; Arthur & Vassilvitskii (2007), "k-means++"; Hamerly (2010),
// "Making k-means even faster".
#include <cmath>
#include <cstring>
#include <limits>

#include "common.hpp"

namespace {

using coterie::for_blocks;
using coterie::threads_for;

constexpr int64_t LANES = 8;
constexpr int64_t TILE = 6;           // rows whose distances are computed together
constexpr int64_t BLOCK = 1024;       // rows of a block, at least
constexpr int64_t MOST_BLOCKS = 256;  // so that the blocks' sums stay small

int64_t padded(int64_t k) { return (k + LANES - 1) / LANES * LANES; }

template <typename T>
struct Two {
    int32_t label;
    T best, second;
};

// The place of the least of k numbers, the first on a tie, that number, and the next: infinite where k is 1.
template <typename T>
COTERIE_INLINE Two<T> two_least(const T* __restrict values, int64_t k) {
    Two<T> found{0, values[0], std::numeric_limits<T>::infinity()};
    for (int64_t c = 1; c < k; ++c) {
        if (values[c] < found.best) {
            found = {static_cast<int32_t>(c), values[c], found.best};
        } else if (values[c] < found.second) {
            found.second = values[c];
        }
    }
    return found;
}

struct Blocks {
    int64_t n, size, count;
    explicit Blocks(int64_t rows) : n(rows) {
        size = std::max<int64_t>(BLOCK, (rows + MOST_BLOCKS - 1) / MOST_BLOCKS);
        count = (rows + size - 1) / size;
    }
    int64_t first(int64_t block) const { return block * size; }
    int64_t last(int64_t block) const { return std::min(n, (block + 1) * size); }
};

COTERIE_INLINE float squared_distance(const float* __restrict a, const float* __restrict b, int64_t d) {
    float sums[LANES] = {};
    int64_t j = 0;
    for (; j + LANES <= d; j += LANES)
        for (int64_t lane = 0; lane < LANES; ++lane) {
            const float gap = a[j + lane] - b[j + lane];
            sums[lane] += gap * gap;
        }
    for (; j < d; ++j) sums[0] += (a[j] - b[j]) * (a[j] - b[j]);
    return ((sums[0] + sums[4]) + (sums[1] + sums[5])) + ((sums[2] + sums[6]) + (sums[3] + sums[7]));
}

// half |c|^2 - x.c for ROWS rows and centres from..from+WIDTH-1; `turned` is (d, kp).
template <int ROWS, int WIDTH>
COTERIE_INLINE void scores_of(const float* const* rows, const float* __restrict turned, const float* __restrict halves,
                              int64_t d, int64_t kp, int64_t from, float* __restrict scores) {
    float sums[ROWS][WIDTH];
    for (int r = 0; r < ROWS; ++r)
        for (int c = 0; c < WIDTH; ++c) sums[r][c] = halves[from + c];
    for (int64_t j = 0; j < d; ++j) {
        const float* __restrict line = turned + j * kp + from;
        for (int r = 0; r < ROWS; ++r) {
            const float x = rows[r][j];
            for (int c = 0; c < WIDTH; ++c) sums[r][c] -= x * line[c];
        }
    }
    for (int r = 0; r < ROWS; ++r)
        for (int c = 0; c < WIDTH; ++c) scores[r * kp + from + c] = sums[r][c];
}

struct Centres {
    int64_t k, d, kp;
    std::vector<float> turned, halves, moved;  // (d, kp), (kp), (k)
    Centres(int64_t k_, int64_t d_)
        : k(k_), d(d_), kp(padded(k_)), turned(d_ * padded(k_), 0.0f), halves(padded(k_)), moved(k_) {}
    void take(const double* centres) {
        std::fill(halves.begin(), halves.end(), std::numeric_limits<float>::infinity());
        for (int64_t c = 0; c < k; ++c) {
            double norm = 0;
            for (int64_t j = 0; j < d; ++j) {
                const double value = centres[c * d + j];
                turned[j * kp + c] = static_cast<float>(value);
                norm += value * value;
            }
            halves[c] = static_cast<float>(0.5 * norm);
        }
    }
};

struct State {
    std::vector<int32_t> labels;
    std::vector<float> upper, lower;  // bounds on the distance to the own centre and to any other
    explicit State(int64_t n) : labels(n, -1), upper(n, std::numeric_limits<float>::infinity()), lower(n, 0.0f) {}
};

// One block of an iteration: rows whose bounds no longer hold are compared with every centre; those that change over
// are added to `sums` (k, d) and `counts` (k), and taken off where they were. Returns how many changed.
COTERIE_KERNEL
int64_t reassign(const float* __restrict x, const float* __restrict norms, int64_t first, int64_t last,
                 const Centres& centres, float most_moved, float next_moved, int64_t farthest, State& state,
                 double* __restrict sums, int64_t* __restrict counts) {
    const int64_t d = centres.d, kp = centres.kp, k = centres.k;
    std::vector<float> scores(TILE * kp);
    int64_t open[TILE];
    const float* rows[TILE];
    int64_t n_open = 0, changed = 0;

    auto settle = [&](int64_t count) __attribute__((always_inline)) {
        for (int64_t r = count; r < TILE; ++r) rows[r] = rows[0];
        int64_t from = 0;
        for (; from + 16 <= kp; from += 16)
            scores_of<TILE, 16>(rows, centres.turned.data(), centres.halves.data(), d, kp, from, scores.data());
        if (from < kp) scores_of<TILE, 8>(rows, centres.turned.data(), centres.halves.data(), d, kp, from, scores.data());
        for (int64_t r = 0; r < count; ++r) {
            const float* __restrict own = scores.data() + r * kp;
            const auto [label, best, second] = two_least(own, k);
            const int64_t i = open[r];
            state.upper[i] = std::sqrt(std::max(0.0f, norms[i] + 2 * best));
            state.lower[i] = std::sqrt(std::max(0.0f, norms[i] + 2 * second));
            const int32_t before = state.labels[i];
            if (before == label) continue;
            ++changed;
            state.labels[i] = label;
            const float* __restrict row = rows[r];
            double* __restrict into = sums + label * d;
            for (int64_t j = 0; j < d; ++j) into[j] += row[j];
            ++counts[label];
            if (before >= 0) {
                double* __restrict out = sums + before * d;
                for (int64_t j = 0; j < d; ++j) out[j] -= row[j];
                --counts[before];
            }
        }
    };

    for (int64_t i = first; i < last; ++i) {
        const int32_t label = state.labels[i];
        if (label >= 0) {
            state.upper[i] += centres.moved[label];
            state.lower[i] -= label == farthest ? next_moved : most_moved;
            if (state.upper[i] < state.lower[i]) continue;
        }
        open[n_open] = i;
        rows[n_open++] = x + i * d;
        if (n_open == TILE) {
            settle(n_open);
            n_open = 0;
        }
    }
    if (n_open) settle(n_open);
    return changed;
}

// Fills out[first..last-1] with squared distances to a centre where they are less than `nearest`; gives their sum.
COTERIE_KERNEL
double lowered_by(const float* __restrict x, const float* __restrict centre, const float* __restrict nearest,
                  int64_t first, int64_t last, int64_t d, float* __restrict out) {
    double sum = 0;
    for (int64_t i = first; i < last; ++i) {
        out[i] = std::min(squared_distance(x + i * d, centre, d), nearest[i]);
        sum += static_cast<double>(out[i]);
    }
    return sum;
}

// Greedy k-means++: of several candidates drawn by their squared distance the one that lowers the sum most.
void start(const float* x, int64_t n, int64_t d, int64_t k, int64_t trials, const double* uniforms, int64_t threads,
           int64_t* chosen) {
    const Blocks blocks(n);
    std::vector<float> nearest(n, std::numeric_limits<float>::infinity());
    std::vector<std::vector<float>> lowered(trials, std::vector<float>(n));
    std::vector<double> heads(blocks.count), parts(trials * blocks.count);
    std::vector<int64_t> rows(trials);
    const auto anywhere = [&](double u) { return std::min<int64_t>(static_cast<int64_t>(u * static_cast<double>(n)), n - 1); };
    const auto drawn = [&](double goal) {
        int64_t b = 0;
        while (b + 1 < blocks.count && goal >= heads[b]) goal -= heads[b++];
        int64_t row = blocks.first(b);
        for (; row + 1 < blocks.last(b) && goal >= nearest[row]; ++row) goal -= nearest[row];
        return row;
    };
    double left = 0;  // the sum of `nearest`; `heads` are those of its blocks
    for (int64_t c = 0; c < k; ++c) {
        const int64_t count = c ? trials : 1;
        for (int64_t t = 0; t < count; ++t) {
            const double u = uniforms[c * trials + t];
            rows[t] = left > 0 ? drawn(u * left) : anywhere(u);  // at 0 every row is a centre already
        }
        for_blocks(blocks.count, threads_for(n * d * count, threads), [&](int64_t b) {
            for (int64_t t = 0; t < count; ++t)
                parts[t * blocks.count + b] = lowered_by(x, x + rows[t] * d, nearest.data(), blocks.first(b),
                                                         blocks.last(b), d, lowered[t].data());
        });
        left = std::numeric_limits<double>::infinity();
        int64_t best = 0;
        for (int64_t t = 0; t < count; ++t) {
            double sum = 0;
            for (int64_t b = 0; b < blocks.count; ++b) sum += parts[t * blocks.count + b];
            if (sum < left) {
                left = sum;
                best = t;
            }
        }
        chosen[c] = rows[best];
        nearest.swap(lowered[best]);
        std::copy_n(parts.begin() + best * blocks.count, blocks.count, heads.begin());
    }
}

struct Run {
    std::vector<double> centres;
    double inertia;
    int64_t iterations;
    bool abandoned;
};

// The row that lies farthest from its centre becomes the centre of each empty cluster.
void fill_empty(const float* x, const Blocks& blocks, int64_t d, int64_t k, State& state, std::vector<double>& sums,
                std::vector<int64_t>& counts) {
    for (int64_t c = 0; c < k; ++c) {
        if (counts[c] > 0) continue;
        int64_t far = -1;
        for (int64_t i = 0; i < blocks.n; ++i)
            if (counts[state.labels[i]] > 1 && (far < 0 || state.upper[i] > state.upper[far])) far = i;
        if (far < 0) return;
        const int32_t before = state.labels[far];
        for (int64_t j = 0; j < d; ++j) {
            sums[before * d + j] -= x[far * d + j];
            sums[c * d + j] = x[far * d + j];
        }
        --counts[before];
        counts[c] = 1;
        state.labels[far] = static_cast<int32_t>(c);
        state.upper[far] = 0;
        state.lower[far] = 0;
    }
}

struct Norms {
    std::vector<float> each;  // (n) squared lengths
    double sum = 0;
    Norms(const float* x, int64_t n, int64_t d, int64_t threads) : each(n) {
        const Blocks blocks(n);
        std::vector<double> parts(blocks.count);
        for_blocks(blocks.count, threads_for(n * d, threads), [&](int64_t b) {
            for (int64_t i = blocks.first(b); i < blocks.last(b); ++i) {
                double norm = 0;
                for (int64_t j = 0; j < d; ++j) norm += static_cast<double>(x[i * d + j]) * x[i * d + j];
                each[i] = static_cast<float>(norm);
                parts[b] += norm;
            }
        });
        for (double part : parts) sum += part;
    }
};

Run iterate(const float* x, const Norms& norms, int64_t n, int64_t d, int64_t k,
            const std::vector<double>& first, int64_t most, double tolerance, double best, int64_t threads) {
    constexpr int64_t PATIENCE = 5;      // iterations before a start may be given up
    constexpr double STILL_TO_GAIN = 40; // times what the last iteration gained: more than a start gains any more
    const Blocks blocks(n);
    Run run{first, std::numeric_limits<double>::infinity(), 0, false};
    Centres centres(k, d);
    State state(n);
    std::vector<double> sums(k * d, 0.0), parts(blocks.count * k * d);
    std::vector<int64_t> counts(k, 0), part_counts(blocks.count * k), changed(blocks.count);
    std::vector<double> moved(k, 0.0);
    for (; run.iterations < most;) {
        centres.take(run.centres.data());
        int64_t farthest = 0;
        float most_moved = 0, next_moved = 0;
        for (int64_t c = 0; c < k; ++c) {
            // Rounded up, so that the bounds stay bounds in single precision.
            centres.moved[c] = static_cast<float>(moved[c] * (1 + 1e-5));
            if (centres.moved[c] > most_moved) {
                next_moved = most_moved;
                most_moved = centres.moved[c];
                farthest = c;
            } else {
                next_moved = std::max(next_moved, centres.moved[c]);
            }
        }
        for_blocks(blocks.count, threads_for(n * d * k, threads), [&](int64_t b) {
            double* own = parts.data() + b * k * d;
            int64_t* own_counts = part_counts.data() + b * k;
            std::fill(own, own + k * d, 0.0);
            std::fill(own_counts, own_counts + k, 0);
            changed[b] = reassign(x, norms.each.data(), blocks.first(b), blocks.last(b), centres, most_moved, next_moved, farthest,
                                  state, own, own_counts);
        });
        int64_t all_changed = 0;
        for (int64_t b = 0; b < blocks.count; ++b) {
            all_changed += changed[b];
            if (!changed[b]) continue;
            for (int64_t i = 0; i < k * d; ++i) sums[i] += parts[b * k * d + i];
            for (int64_t c = 0; c < k; ++c) counts[c] += part_counts[b * k + c];
        }
        ++run.iterations;
        fill_empty(x, blocks, d, k, state, sums, counts);
        double between = 0, shift = 0;
        for (int64_t c = 0; c < k; ++c) {
            double own_shift = 0;
            for (int64_t j = 0; j < d; ++j) {
                double& centre = run.centres[c * d + j];
                const double sum = sums[c * d + j], now = counts[c] ? sum / static_cast<double>(counts[c]) : centre;
                own_shift += (now - centre) * (now - centre);
                if (counts[c]) between += sum * now;
                centre = now;
            }
            moved[c] = std::sqrt(own_shift);
            shift += own_shift;
        }
        const double inertia = std::max(0.0, norms.sum - between), gained = run.inertia - inertia;
        run.inertia = inertia;
        if (all_changed == 0 || shift <= tolerance) break;
        if (run.iterations >= PATIENCE && inertia - STILL_TO_GAIN * gained > best) {
            run.abandoned = true;
            break;
        }
    }
    return run;
}

// Distances in double precision, one row and one centre at a time in order of dimensions: a row alone has the same bits.
COTERIE_KERNEL
void assign_block(const double* __restrict x, const double* __restrict turned, int64_t first, int64_t last, int64_t d,
                  int64_t k, int64_t kp, double* __restrict sums, int32_t* __restrict labels, double* __restrict own,
                  double* __restrict other) {
    for (int64_t i = first; i < last; ++i) {
        for (int64_t c = 0; c < kp; ++c) sums[c] = 0;
        for (int64_t j = 0; j < d; ++j) {
            const double value = x[i * d + j];
            const double* __restrict line = turned + j * kp;
            for (int64_t c = 0; c < kp; ++c) sums[c] += (value - line[c]) * (value - line[c]);
        }
        const auto [label, best, second] = two_least(sums, k);
        labels[i] = label;
        own[i] = std::sqrt(best);
        other[i] = std::sqrt(k > 1 ? second : best);
    }
}

}  // namespace

// x (n, d); sample (n_sample, d) rows that starts are drawn from; uniforms (starts, k, trials) in [0, 1); centres (k, d)
// and facts (4): inertia, iterations of the best start, iterations of all, starts that were given up. Where no
// start gets below `bound`, centres are left as they are, and the inertia is infinite.
COTERIE_EXPORT int coterie_kmeans(const float* x, int64_t n, int64_t d, const float* sample, int64_t n_sample,
                                  const double* uniforms, int64_t starts, int64_t k, int64_t trials, int64_t most,
                                  double tolerance, double bound, int64_t threads, double* centres, double* facts) {
    return coterie::guarded([&] {
        const Norms norms(x, n, d, threads);
        double best = bound;
        facts[0] = std::numeric_limits<double>::infinity();
        facts[1] = facts[2] = facts[3] = 0;
        std::vector<int64_t> chosen(k);
        for (int64_t s = 0; s < starts; ++s) {
            start(sample, n_sample, d, k, trials, uniforms + s * k * trials, threads, chosen.data());
            std::vector<double> first(k * d);
            for (int64_t c = 0; c < k; ++c)
                for (int64_t j = 0; j < d; ++j) first[c * d + j] = sample[chosen[c] * d + j];
            const Run run = iterate(x, norms, n, d, k, first, most, tolerance, best, threads);
            facts[2] += static_cast<double>(run.iterations);
            facts[3] += run.abandoned;
            if (run.inertia < best && !run.abandoned) {
                best = run.inertia;
                facts[0] = best;
                facts[1] = static_cast<double>(run.iterations);
                std::copy(run.centres.begin(), run.centres.end(), centres);
            }
        }
    });
}

// x (n, d); centres (k, d) where they start, and then where they are; facts (2): inertia and iterations.
COTERIE_EXPORT int coterie_kmeans_from(const float* x, int64_t n, int64_t d, int64_t k, int64_t most, double tolerance,
                                       int64_t threads, double* centres, double* facts) {
    return coterie::guarded([&] {
        const Run run = iterate(x, Norms(x, n, d, threads), n, d, k, std::vector<double>(centres, centres + k * d), most,
                                tolerance, std::numeric_limits<double>::infinity(), threads);
        std::copy(run.centres.begin(), run.centres.end(), centres);
        facts[0] = run.inertia;
        facts[1] = static_cast<double>(run.iterations);
    });
}

// x (n, d), centres (k, d); labels (n), and distances (n) to the nearest and the second nearest centre.
COTERIE_EXPORT int coterie_assign(const double* x, int64_t n, int64_t d, const double* centres, int64_t k, int64_t threads,
                                  int32_t* labels, double* own, double* other) {
    return coterie::guarded([&] {
        const int64_t kp = (k + 3) / 4 * 4;
        std::vector<double> turned(std::max<int64_t>(d, 1) * kp, 0.0);
        for (int64_t c = 0; c < k; ++c)
            for (int64_t j = 0; j < d; ++j) turned[j * kp + c] = centres[c * d + j];
        const Blocks blocks(n);
        for_blocks(blocks.count, threads, [&](int64_t b) {
            std::vector<double> sums(kp);
            assign_block(x, turned.data(), blocks.first(b), blocks.last(b), d, k, kp, sums.data(), labels, own, other);
        });
    });
}
