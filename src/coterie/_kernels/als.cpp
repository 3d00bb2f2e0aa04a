// The ridge regressions of alternating least squares: a few steps of conjugate gradients from where a row was, or exactly.
//
// Row u's factors x solve (base + sum_i w_ui y_i y_i' + ridge_u I) x = sum_i t_ui y_i, y_i the fixed factors of its cells.
//
// Sources: Takacs, Pilaszy & Tikk (2011), "Applications of the conjugate gradient method for implicit feedback
// collaborative filtering"; Golub & Van Loan (2013), "Matrix Computations", algorithms 4.2.2 and 11.3.3.
#include <cmath>

#include "common.hpp"

#pragma GCC diagnostic ignored "-Wpsabi"  // no vector goes through a call that is not inlined

namespace {

constexpr int64_t UNIT = 16;   // factors are padded to a multiple of this
constexpr int64_t ROWS = 64;   // of a block
constexpr int64_t NEAR = 1024;  // cells whose factors are kept at hand through the steps of a row
constexpr int64_t CHUNK = 32;  // cells that go into the equations of a longer row together
constexpr int64_t AHEAD = 32;  // cells by which memory is asked for factors before they are needed

struct Rows {
    const int64_t* indptr;
    const int32_t* indices;
    const float *weights, *targets;
    const double* ridge;
};

template <int LANES>
struct Vectors {
    typedef float Whole __attribute__((vector_size(LANES * sizeof(float)), aligned(sizeof(float)), may_alias));
};
typedef Vectors<4>::Whole Four;

COTERIE_INLINE const Four& folded(const Four& all) { return all; }
COTERIE_INLINE Four folded(const Vectors<8>::Whole& all) {
    return __builtin_shufflevector(all, all, 0, 1, 2, 3) + __builtin_shufflevector(all, all, 4, 5, 6, 7);
}
COTERIE_INLINE Four folded(const Vectors<16>::Whole& all) {
    const Vectors<8>::Whole half = __builtin_shufflevector(all, all, 0, 1, 2, 3, 4, 5, 6, 7) +
                                   __builtin_shufflevector(all, all, 8, 9, 10, 11, 12, 13, 14, 15);
    return folded(half);
}

// The sums of four vectors.
template <typename Vector>
COTERIE_INLINE Four sums_of(const Vector* four) {
    const Four a = folded(four[0]), b = folded(four[1]), c = folded(four[2]), d = folded(four[3]);
    const Four ab = __builtin_shufflevector(a, b, 0, 4, 1, 5) + __builtin_shufflevector(a, b, 2, 6, 3, 7);
    const Four cd = __builtin_shufflevector(c, d, 0, 4, 1, 5) + __builtin_shufflevector(c, d, 2, 6, 3, 7);
    return __builtin_shufflevector(ab, cd, 0, 1, 4, 5) + __builtin_shufflevector(ab, cd, 2, 3, 6, 7);
}

// One row's way: DIMS is how many factors there are where the compiler is told, else 0.
template <int LANES, int64_t DIMS>
struct Way {
    typedef typename Vectors<LANES>::Whole Vector;
    const Rows& rows;
    const float *fixed, *base;
    int64_t dims, steps;
    float *residual, *direction, *image, *near, *equations;

    COTERIE_MEMBER int64_t d() const { return DIMS ? DIMS : dims; }
    COTERIE_MEMBER int64_t strips() const { return d() / LANES; }
    COTERIE_MEMBER static Vector& at(float* place, int64_t strip) { return reinterpret_cast<Vector*>(place)[strip]; }
    COTERIE_MEMBER static const Vector& at(const float* place, int64_t strip) {
        return reinterpret_cast<const Vector*>(place)[strip];
    }

    COTERIE_MEMBER float dot(const float* a, const float* b) const {
        Vector four[4] = {};
        for (int64_t s = 0; s < strips(); ++s) four[s % 4] += at(a, s) * at(b, s);
        const Four sums = sums_of(four);
        return (sums[0] + sums[1]) + (sums[2] + sums[3]);
    }

    // out += matrix p, which is d by d
    COTERIE_MEMBER void add_product(const float* matrix, const float* p, float* out) const {
        int64_t from = 0;
        for (; from + 4 <= strips(); from += 4) add_strips<4>(matrix, p, from, out);
        for (; from < strips(); ++from) add_strips<1>(matrix, p, from, out);
    }

    template <int COUNT>
    COTERIE_MEMBER void add_strips(const float* matrix, const float* p, int64_t from, float* out) const {
        Vector even[COUNT] = {}, odd[COUNT] = {};
        for (int64_t i = 0; i < d(); i += 2)
            for (int s = 0; s < COUNT; ++s) {
                even[s] += p[i] * at(matrix + i * d(), from + s);
                odd[s] += p[i + 1] * at(matrix + (i + 1) * d(), from + s);
            }
        for (int s = 0; s < COUNT; ++s) at(out, from + s) += even[s] + odd[s];
    }

    // out = (base + ridge I) p
    COTERIE_MEMBER void apply_base(float ridge, const float* p, float* out) const {
        for (int64_t s = 0; s < strips(); ++s) at(out, s) = ridge * at(p, s);
        if (base) add_product(base, p, out);
    }

    // out += sum of along(e, y.p) y over COUNT cells from `e`, whose factors line(e) gives.
    template <int COUNT, typename Line, typename Along>
    COTERIE_MEMBER void take(int64_t e, const float* p, const Line& line, const Along& along, float* out) const {
        const float* y[4];
        for (int c = 0; c < 4; ++c) y[c] = line(e + std::min(c, COUNT - 1));
        Vector products[4] = {};
        for (int64_t s = 0; s < strips(); ++s)
            for (int c = 0; c < COUNT; ++c) products[c] += at(y[c], s) * at(p, s);
        const Four sums = sums_of(products);
        float lengths[4];
        for (int c = 0; c < COUNT; ++c) lengths[c] = along(e + c, sums[c]);
        for (int64_t s = 0; s < strips(); ++s) {
            Vector sum = at(out, s);
            for (int c = 0; c < COUNT; ++c) sum += lengths[c] * at(y[c], s);
            at(out, s) = sum;
        }
    }

    template <typename Line, typename Along>
    COTERIE_MEMBER void take_all(int64_t count, const float* p, const Line& line, const Along& along, float* out) const {
        int64_t e = 0;
        for (; e + 4 <= count; e += 4) take<4>(e, p, line, along, out);
        for (; e < count; ++e) take<1>(e, p, line, along, out);
    }

    COTERIE_MEMBER const float* fetched(int64_t e, int64_t end) const {
        const float* ahead = fixed + rows.indices[std::min(e + AHEAD, end - 1)] * d();
        for (int64_t j = 0; j < d(); j += UNIT) __builtin_prefetch(ahead + j);
        return fixed + rows.indices[e] * d();
    }

    // Steps of conjugate gradients from x, `apply` being the equations' left side; the residual is at its place.
    template <typename Apply>
    COTERIE_MEMBER void descend(float* x, const Apply& apply) const {
        float size = dot(residual, residual);
        std::copy(residual, residual + d(), direction);
        for (int64_t step = 0; step < steps && size > 1e-20f; ++step) {
            apply(direction, image);
            const float curve = dot(direction, image);
            if (!(curve > 0)) break;
            const float length = size / curve;
            for (int64_t s = 0; s < strips(); ++s) {
                at(x, s) += length * at(direction, s);
                at(residual, s) -= length * at(image, s);
            }
            const float now = dot(residual, residual), ratio = now / size;
            for (int64_t s = 0; s < strips(); ++s) at(direction, s) = at(residual, s) + ratio * at(direction, s);
            size = now;
        }
    }

    COTERIE_MEMBER void short_row(int64_t from, int64_t end, float ridge, float* x) const {
        const int64_t count = end - from;
        const auto weight = [&](int64_t e) COTERIE_LAMBDA { return rows.weights ? rows.weights[from + e] : 1.0f; };
        const auto line = [&](int64_t e) COTERIE_LAMBDA { return near + e * d(); };
        apply_base(ridge, x, image);
        for (int64_t s = 0; s < strips(); ++s) at(residual, s) = -at(image, s);
        for (int64_t e = 0; e < count; ++e) {
            const float* y = fetched(from + e, end);
            for (int64_t s = 0; s < strips(); ++s) at(near + e * d(), s) = at(y, s);
        }
        take_all(count, x, line, [&](int64_t e, float product) COTERIE_LAMBDA { return rows.targets[from + e] - weight(e) * product; },
                 residual);
        descend(x, [&](const float* p, float* out) COTERIE_LAMBDA {
            apply_base(ridge, p, out);
            take_all(count, p, line, [&](int64_t e, float product) COTERIE_LAMBDA { return weight(e) * product; }, out);
        });
    }

    // Adds to `equations` what `count` cells say, whose factors are near and, times their weights, at `weighted`.
    COTERIE_MEMBER void add_equations(const float* weighted, int64_t count) const {
        constexpr int64_t TOGETHER = 4;
        for (int64_t i = 0; i < d(); i += TOGETHER)
            for (int64_t from = i / LANES; from < strips(); from += 4) {
                const int64_t held = std::min<int64_t>(4, strips() - from);
                if (held == 4) tile<4>(weighted, count, i, from);
                else if (held == 3) tile<3>(weighted, count, i, from);
                else if (held == 2) tile<2>(weighted, count, i, from);
                else tile<1>(weighted, count, i, from);
            }
    }

    template <int STRIPS>
    COTERIE_MEMBER void tile(const float* weighted, int64_t count, int64_t i, int64_t from) const {
        Vector sums[4][STRIPS];
        for (int r = 0; r < 4; ++r)
            for (int s = 0; s < STRIPS; ++s) sums[r][s] = at(equations + (i + r) * d(), from + s);
        for (int64_t e = 0; e < count; ++e)
            for (int r = 0; r < 4; ++r)
                for (int s = 0; s < STRIPS; ++s) sums[r][s] += weighted[e * d() + i + r] * at(near + e * d(), from + s);
        for (int r = 0; r < 4; ++r)
            for (int s = 0; s < STRIPS; ++s) at(equations + (i + r) * d(), from + s) = sums[r][s];
    }

    // A row of many cells gathers their factors once, into its equations.
    COTERIE_MEMBER void long_row(int64_t from, int64_t end, float ridge, float* x) const {
        float* weighted = near + CHUNK * d();
        std::fill(equations, equations + d() * d(), 0.0f);
        std::fill(residual, residual + d(), 0.0f);
        for (int64_t first = from; first < end; first += CHUNK) {
            const int64_t count = std::min(CHUNK, end - first);
            for (int64_t e = 0; e < count; ++e) {
                const float* y = fetched(first + e, end);
                const float weight = rows.weights ? rows.weights[first + e] : 1.0f, target = rows.targets[first + e];
                for (int64_t s = 0; s < strips(); ++s) {
                    const Vector value = at(y, s);
                    at(near + e * d(), s) = value;
                    at(weighted + e * d(), s) = weight * value;
                    at(residual, s) += target * value;
                }
            }
            add_equations(weighted, count);
        }
        for (int64_t i = 0; i < d(); ++i)  // the upper triangle is whole
            for (int64_t j = 0; j < i; ++j) equations[i * d() + j] = equations[j * d() + i];
        const auto apply = [&](const float* p, float* out) COTERIE_LAMBDA {
            apply_base(ridge, p, out);
            add_product(equations, p, out);
        };
        apply(x, image);
        for (int64_t s = 0; s < strips(); ++s) at(residual, s) -= at(image, s);
        descend(x, apply);
    }

    COTERIE_MEMBER void go(int64_t first, int64_t last, float* out) const {
        for (int64_t u = first; u < last; ++u) {
            const int64_t from = rows.indptr[u], end = rows.indptr[u + 1];
            const float ridge = static_cast<float>(rows.ridge[u]);
            float* x = out + u * d();
            if (from == end) std::fill(x, x + d(), 0.0f);
            else if (end - from <= NEAR) short_row(from, end, ridge, x);
            else long_row(from, end, ridge, x);
        }
    }
};

struct Task {
    const Rows& rows;
    const float *fixed, *base;
    int64_t d, steps;
    float* out;
};

int64_t space_for(int64_t d) { return (NEAR + 3 + d) * d; }

template <int LANES>
COTERIE_INLINE void descend_block(const Task& task, int64_t first, int64_t last, float* space) {
    const int64_t d = task.d;
    float* near = space + 3 * d;
    const auto go = [&](auto way) COTERIE_LAMBDA { way.go(first, last, task.out); };
#define COTERIE_WAY(DIMS)                                                                                          \
    go(Way<LANES, DIMS>{task.rows, task.fixed, task.base, d, task.steps, space, space + d, space + 2 * d, near, \
                        near + NEAR * d})
    switch (d) {
        case 16: return COTERIE_WAY(16);
        case 32: return COTERIE_WAY(32);
        case 64: return COTERIE_WAY(64);
        default: return COTERIE_WAY(0);
    }
#undef COTERIE_WAY
}

void descend_plain(const Task& task, int64_t first, int64_t last, float* space) {
    descend_block<4>(task, first, last, space);
}

using Descend = void (*)(const Task&, int64_t, int64_t, float*);

#if defined(__x86_64__) && defined(__GNUC__)
COTERIE_AVX2 void descend_wide(const Task& task, int64_t first, int64_t last, float* space) {
    descend_block<8>(task, first, last, space);
}

COTERIE_AVX512 void descend_widest(const Task& task, int64_t first, int64_t last, float* space) {
    descend_block<16>(task, first, last, space);
}

Descend fastest() {
    return coterie::has_avx512() ? descend_widest : coterie::has_avx2() ? descend_wide : descend_plain;
}
#else
Descend fastest() { return descend_plain; }
#endif

// Rows' equations in double precision by Cholesky; `space` has room for d (d + 1) numbers. False where they are singular.
COTERIE_KERNEL
bool solve_exactly(const Rows& rows, const double* __restrict fixed, const double* __restrict base, int64_t first,
                   int64_t last, int64_t d, double* __restrict space, double* __restrict out) {
    double *__restrict left = space, *__restrict line = space + d * d;
    for (int64_t u = first; u < last; ++u) {
        double* __restrict x = out + u * d;
        for (int64_t i = 0; i < d * d; ++i) left[i] = base[i];
        for (int64_t i = 0; i < d; ++i) {
            left[i * d + i] += rows.ridge[u];
            x[i] = 0;
        }
        for (int64_t e = rows.indptr[u]; e < rows.indptr[u + 1]; ++e) {
            const double* __restrict y = fixed + rows.indices[e] * d;
            const double weight = rows.weights ? rows.weights[e] : 1.0f, target = rows.targets[e];
            for (int64_t j = 0; j < d; ++j) x[j] += target * y[j];
            for (int64_t i = 0; i < d; ++i) {  // the upper triangle
                const double value = weight * y[i];
                for (int64_t j = i; j < d; ++j) left[i * d + j] += value * y[j];
            }
        }
        for (int64_t i = 0; i < d; ++i) {  // left = root' root, row by row of the upper triangle
            const double pivot = left[i * d + i];
            if (!(pivot > 0)) return false;
            const double scale = 1 / std::sqrt(pivot);
            for (int64_t j = i; j < d; ++j) left[i * d + j] *= scale;
            for (int64_t j = i; j < d; ++j) line[j] = left[i * d + j];
            for (int64_t r = i + 1; r < d; ++r) {
                const double value = line[r];
                for (int64_t j = r; j < d; ++j) left[r * d + j] -= value * line[j];
            }
        }
        for (int64_t i = 0; i < d; ++i) {
            x[i] /= left[i * d + i];
            const double value = x[i];
            for (int64_t j = i + 1; j < d; ++j) x[j] -= value * left[i * d + j];
        }
        for (int64_t i = d - 1; i >= 0; --i) {
            double value = x[i];
            for (int64_t j = i + 1; j < d; ++j) value -= x[j] * left[i * d + j];
            x[i] = value / left[i * d + i];
        }
    }
    return true;
}

int64_t blocks_of(int64_t n) { return (n + ROWS - 1) / ROWS; }

}  // namespace

// indptr (n + 1), indices, weights and targets of n rows, ridge (n); fixed (m, d), base (d, d) or nothing where it is zero;
// out (n, d) holds where the rows were, and then where they are. d is a multiple of 16.
COTERIE_EXPORT int coterie_als_descend(const int64_t* indptr, const int32_t* indices, const float* weights,
                                       const float* targets, const double* ridge, int64_t n, const float* fixed,
                                       const float* base, int64_t d, int64_t steps, int64_t threads, float* out) {
    return coterie::guarded([&] {
        const Rows rows{indptr, indices, weights, targets, ridge};
        const Task task{rows, fixed, base, d, steps, out};
        const Descend descend = fastest();
        coterie::for_blocks(blocks_of(n), threads, [&](int64_t b) {
            thread_local std::vector<float> space;
            space.resize(space_for(d));
            descend(task, b * ROWS, std::min(n, (b + 1) * ROWS), space.data());
        });
    });
}

// As above, exactly and in double precision; singular (1) becomes 1 where a row's equations are singular but for rounding.
COTERIE_EXPORT int coterie_als_solve(const int64_t* indptr, const int32_t* indices, const float* weights,
                                     const float* targets, const double* ridge, int64_t n, const double* fixed,
                                     const double* base, int64_t d, int64_t threads, double* out, int64_t* singular) {
    return coterie::guarded([&] {
        const Rows rows{indptr, indices, weights, targets, ridge};
        std::atomic<bool> failed{false};
        coterie::for_blocks(blocks_of(n), threads, [&](int64_t b) {
            thread_local std::vector<double> space;
            space.resize(d * (d + 1));
            if (!solve_exactly(rows, fixed, base, b * ROWS, std::min(n, (b + 1) * ROWS), d, space.data(), out))
                failed = true;
        });
        *singular = failed;
    });
}
