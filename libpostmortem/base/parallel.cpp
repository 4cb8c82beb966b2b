#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <system_error>
#include <thread>
#include <vector>

namespace postmortem {

void parallel_for(std::size_t count, std::size_t piece,
                  const std::function<void(std::size_t, std::size_t)>& work) {
    piece = std::max<std::size_t>(piece, 1);
    const std::size_t pieces = (count + piece - 1) / piece;
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
        for (std::size_t i = next++; i < pieces; i = next++)
            work(i * piece, std::min(count, (i + 1) * piece));
    };
    const std::size_t helpers =
        std::min<std::size_t>(std::max(std::thread::hardware_concurrency(), 1u), pieces);
    std::vector<std::thread> threads;
    try {
        for (std::size_t i = 1; i < helpers; ++i) threads.emplace_back(run);
    } catch (const std::system_error&) {
        // Fewer threads than wanted: the ones that started, and this one, do it all.
    }
    run();
    for (std::thread& thread : threads) thread.join();
}

}  // namespace postmortem
