// What a pass over the cells of a CSR matrix costs at least where each cell asks for a row of 64 floats: the rows are
// read and added up, and nothing else is done. Built and called by limits.py.
#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

namespace {
constexpr int64_t lanes = 64, block = 256, ahead = 8;

void walk(const int64_t* starts, const int32_t* places, int64_t n, const float* rows, std::atomic<int64_t>& next,
          float* sums) {
    for (int64_t first; (first = next.fetch_add(block)) < n;) {
        const int64_t last = first + block < n ? first + block : n;
        for (int64_t u = first; u < last; ++u) {
            float sum[lanes] = {};
            for (int64_t c = starts[u]; c < starts[u + 1]; ++c) {
                const char* soon = reinterpret_cast<const char*>(rows + lanes * int64_t(places[c + ahead]));
                for (int line = 0; line < 4; ++line) __builtin_prefetch(soon + 64 * line);
                const float* row = rows + lanes * int64_t(places[c]);
                for (int64_t d = 0; d < lanes; ++d) sum[d] += row[d];
            }
            float all = 0;
            for (int64_t d = 0; d < lanes; ++d) all += sum[d];
            sums[u] = all;
        }
    }
}
}  // namespace

// places has ``ahead`` further elements, of any row, beyond the last cell.
extern "C" void gather(const int64_t* starts, const int32_t* places, int64_t n, const float* rows, int threads,
                       float* sums) {
    std::atomic<int64_t> next{0};
    std::vector<std::thread> team;
    for (int t = 0; t < threads; ++t)
        team.emplace_back([&] { walk(starts, places, n, rows, next, sums); });
    for (auto& one : team) one.join();
}
