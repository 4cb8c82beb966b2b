#include "base/parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <system_error>
#include <thread>
#include <vector>

namespace postmortem {
namespace {

/// Threads that run the same work as their maker, and are joined by it.
class Helpers {
  public:
    Helpers(std::size_t pieces, const std::function<void()>& run) {
        const std::size_t cores = std::max(std::thread::hardware_concurrency(), 1u);
        try {
            for (std::size_t i = 1; i < std::min(cores, pieces); ++i) threads_.emplace_back(run);
        } catch (const std::system_error&) {
            // Fewer threads than wanted: the ones that started, and the maker, do it all.
        }
    }
    Helpers(const Helpers&) = delete;
    Helpers& operator=(const Helpers&) = delete;
    ~Helpers() {
        for (std::thread& thread : threads_) thread.join();
    }

  private:
    std::vector<std::thread> threads_;
};

/// Which pieces of an ordered loop are to be made, and which are made.
class OrderedPieces {
  public:
    OrderedPieces(std::size_t count, std::size_t ahead) : made_(count, false), ahead_(ahead) {}

    /// Makes pieces until none is left, waiting where too many lie untaken.
    void make_all(const std::function<void(std::size_t)>& make) {
        std::unique_lock lock(lock_);
        for (;;) {
            changed_.wait(lock, [&] { return next_ == end() || has_room(); });
            if (next_ == end()) return;
            make_next(lock, make);
        }
    }

    /// Takes all pieces in order, and makes some while there is none to take.
    void take_all(const std::function<void(std::size_t)>& make,
                  const std::function<void(std::size_t)>& take) {
        std::unique_lock lock(lock_);
        while (taken_ < end()) {
            if (made_[taken_]) {
                lock.unlock();
                take(taken_);
                lock.lock();
                ++taken_;
                changed_.notify_all();
            } else if (next_ < end() && has_room()) {
                make_next(lock, make);
            } else {
                changed_.wait(lock);
            }
        }
    }

    /// Lets the threads that make pieces come to an end.
    void stop() {
        const std::lock_guard guard(lock_);
        next_ = end();
        changed_.notify_all();
    }

  private:
    std::size_t end() const { return made_.size(); }
    bool has_room() const { return next_ - taken_ < ahead_; }

    void make_next(std::unique_lock<std::mutex>& lock, const std::function<void(std::size_t)>& make) {
        const std::size_t piece = next_++;
        lock.unlock();
        make(piece);
        lock.lock();
        made_[piece] = true;
        changed_.notify_all();
    }

    std::mutex lock_;
    std::condition_variable changed_;
    std::vector<bool> made_;
    std::size_t next_ = 0, taken_ = 0;
    std::size_t ahead_;
};

}  // namespace

void parallel_for(std::size_t count, std::size_t piece, const LoopBody& work) {
    piece = std::max<std::size_t>(piece, 1);
    const std::size_t pieces = (count + piece - 1) / piece;
    std::atomic<std::size_t> next = 0;
    const auto run = [&] {
        for (std::size_t i = next++; i < pieces; i = next++)
            work(i * piece, std::min(count, (i + 1) * piece));
    };
    const Helpers helpers(pieces, run);
    run();
}

void parallel_in_order(std::size_t count, std::size_t piece, std::size_t ahead, const LoopBody& make,
                       const LoopBody& take) {
    piece = std::max<std::size_t>(piece, 1);
    const std::size_t pieces = (count + piece - 1) / piece;
    const auto range = [&](const LoopBody& body, std::size_t i) {
        body(i * piece, std::min(count, (i + 1) * piece));
    };
    const auto make_piece = [&](std::size_t i) { range(make, i); };
    OrderedPieces order(pieces, std::max<std::size_t>(ahead, 1));
    const Helpers helpers(pieces, [&] { order.make_all(make_piece); });
    struct Stop {
        OrderedPieces& order;
        ~Stop() { order.stop(); }
    } const stop{order};  // also where `take` throws
    order.take_all(make_piece, [&](std::size_t i) { range(take, i); });
}

}  // namespace postmortem
