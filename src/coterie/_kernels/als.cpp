// The ridge regressions of alternating least squares: a few steps of conjugate gradients from where a row was, or exactly.
//
// Row u's factors x solve (base + sum_i w_ui y_i y_i' + ridge_u I) x = sum_i t_ui y_i, y_i the fixed factors of its cells.
//
// Sources: Takacs, Pilaszy & Tikk (2011), "Applications of the conjugate gradient method for implicit feedback
// collaborative filtering"; Golub & Van Loan (2013), "Matrix Computations", algorithms 4.2.2 and 11.3.3.
#include <cmath>

#include "common.hpp"

namespace {

constexpr int64_t LANES = 16;
constexpr int64_t ROWS = 64;   // of a block
constexpr int64_t NEAR = 512;  // cells whose factors are kept at hand through the steps of a row

struct Rows {
    const int64_t* indptr;
    const int32_t* indices;
    const float *weights, *targets;
    const double* ridge;
};

COTERIE_INLINE float dot(const float* __restrict a, const float* __restrict b, int64_t d) {
    float sums[LANES] = {};
    for (int64_t j = 0; j < d; j += LANES)
        for (int64_t lane = 0; lane < LANES; ++lane) sums[lane] += a[j + lane] * b[j + lane];
    float pairs[LANES / 2], fours[LANES / 4];
    for (int64_t lane = 0; lane < LANES / 2; ++lane) pairs[lane] = sums[lane] + sums[lane + LANES / 2];
    for (int64_t lane = 0; lane < LANES / 4; ++lane) fours[lane] = pairs[lane] + pairs[lane + LANES / 4];
    return (fours[0] + fours[2]) + (fours[1] + fours[3]);
}

// out = (base + ridge I) p
COTERIE_INLINE void apply_base(const float* __restrict base, float ridge, const float* __restrict p, int64_t d,
                               float* __restrict out) {
    for (int64_t j = 0; j < d; ++j) out[j] = ridge * p[j];
    if (!base) return;
    for (int64_t i = 0; i < d; ++i) {
        const float value = p[i];
        for (int64_t j = 0; j < d; ++j) out[j] += value * base[i * d + j];
    }
}

// `d` is a multiple of LANES; `space` has room for (NEAR + 3) d numbers.
COTERIE_KERNEL
void descend(const Rows& rows, const float* __restrict fixed, const float* __restrict base, int64_t first, int64_t last,
             int64_t d, int64_t steps, float* __restrict space, float* __restrict out) {
    float *__restrict residual = space, *__restrict direction = space + d, *__restrict image = space + 2 * d;
    float* __restrict near = space + 3 * d;
    for (int64_t u = first; u < last; ++u) {
        const int64_t from = rows.indptr[u], count = rows.indptr[u + 1] - from;
        const int32_t* __restrict own = rows.indices + from;
        const float* __restrict targets = rows.targets + from;
        const auto weight = [&](int64_t e) { return rows.weights ? rows.weights[from + e] : 1.0f; };
        float* __restrict x = out + u * d;
        if (!count) {
            for (int64_t j = 0; j < d; ++j) x[j] = 0;
            continue;
        }
        const float ridge = static_cast<float>(rows.ridge[u]);
        const bool is_near = count <= NEAR;
        apply_base(base, ridge, x, d, image);
        for (int64_t j = 0; j < d; ++j) residual[j] = -image[j];
        for (int64_t e = 0; e < count; ++e) {
            if (e + 4 < count)
                for (int64_t j = 0; j < d; j += LANES) __builtin_prefetch(fixed + own[e + 4] * d + j);
            const float* __restrict y = fixed + own[e] * d;
            const float along = targets[e] - weight(e) * dot(y, x, d);
            for (int64_t j = 0; j < d; ++j) residual[j] += along * y[j];
            if (is_near) std::copy(y, y + d, near + e * d);
        }
        float size = dot(residual, residual, d);
        for (int64_t j = 0; j < d; ++j) direction[j] = residual[j];
        for (int64_t step = 0; step < steps && size > 1e-20f; ++step) {
            apply_base(base, ridge, direction, d, image);
            for (int64_t e = 0; e < count; ++e) {
                if (!is_near && e + 4 < count)
                    for (int64_t j = 0; j < d; j += LANES) __builtin_prefetch(fixed + own[e + 4] * d + j);
                const float* __restrict y = is_near ? near + e * d : fixed + own[e] * d;
                const float along = weight(e) * dot(y, direction, d);
                for (int64_t j = 0; j < d; ++j) image[j] += along * y[j];
            }
            const float curve = dot(direction, image, d);
            if (!(curve > 0)) break;
            const float length = size / curve;
            for (int64_t j = 0; j < d; ++j) {
                x[j] += length * direction[j];
                residual[j] -= length * image[j];
            }
            const float now = dot(residual, residual, d), ratio = now / size;
            for (int64_t j = 0; j < d; ++j) direction[j] = residual[j] + ratio * direction[j];
            size = now;
        }
    }
}

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
        coterie::for_blocks(blocks_of(n), threads, [&](int64_t b) {
            thread_local std::vector<float> space;
            space.resize((NEAR + 3) * d);
            descend(rows, fixed, base, b * ROWS, std::min(n, (b + 1) * ROWS), d, steps, space.data(), out);
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
