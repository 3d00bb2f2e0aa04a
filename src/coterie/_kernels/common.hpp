// What all kernels share: building for several processors, and work in fixed blocks over threads.
//
// Results never depend on the number of threads: rows are dealt out in blocks whose bounds depend on the table alone, a
// block's sums are made in order of its rows, and blocks are added up in their own order.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

#if defined(__x86_64__) && defined(__GNUC__) && !defined(__clang__) && defined(__linux__)
#define COTERIE_KERNEL __attribute__((target_clones("default", "arch=x86-64-v3", "arch=x86-64-v4")))
#else
#define COTERIE_KERNEL
#endif
#define COTERIE_INLINE static inline __attribute__((always_inline))
#define COTERIE_MEMBER inline __attribute__((always_inline))
#define COTERIE_LAMBDA __attribute__((always_inline))
// For code that is written in vectors of one length, and chosen by the processor when it runs.
#define COTERIE_AVX2 __attribute__((target("avx2,fma")))
#define COTERIE_AVX512 __attribute__((target("avx512f,avx512vl,avx512dq,avx512bw,fma")))
#define COTERIE_EXPORT extern "C" __attribute__((visibility("default")))

namespace coterie {

#if defined(__x86_64__) && defined(__GNUC__)
inline bool has_avx2() { return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"); }
inline bool has_avx512() {
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
           __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw");
}
#endif

// Calls work(block) for every block in 0..n_blocks-1, on at most `threads` threads.
template <typename Work>
void for_blocks(int64_t n_blocks, int64_t threads, const Work& work) {
    std::atomic<int64_t> next{0};
    std::exception_ptr failed;
    std::mutex guard;
    auto run = [&] {
        try {
            for (int64_t block = next++; block < n_blocks; block = next++) work(block);
        } catch (...) {
            std::lock_guard<std::mutex> held(guard);
            failed = std::current_exception();
        }
    };
    std::vector<std::thread> helpers;
    const int64_t wanted = std::min<int64_t>(threads, n_blocks) - 1;
    for (int64_t i = 0; i < wanted; ++i) {
        try {
            helpers.emplace_back(run);
        } catch (const std::system_error&) {  // no thread is to be had: fewer do the work
            break;
        }
    }
    run();
    for (auto& helper : helpers) helper.join();
    if (failed) std::rethrow_exception(failed);
}

// Threads for so many multiplications: starting one takes as long as a million.
inline int64_t threads_for(int64_t work, int64_t threads) { return work < 2'000'000 ? 1 : threads; }

// Runs the body of an exported function; 0 where it went well, 1 where there was no memory.
template <typename Body>
int guarded(const Body& body) {
    try {
        body();
        return 0;
    } catch (...) {
        return 1;
    }
}

}  // namespace coterie
