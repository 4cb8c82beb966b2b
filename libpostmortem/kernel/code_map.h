// What is known of an instruction address: the function that it lies in and how to unwind from it. Both cost
// a search in large tables, and the tasks of a machine share few addresses, so each answer is kept.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <string>
#include <unordered_map>
#include <vector>

#include "kernel/kernel.h"
#include "kernel/orc.h"

namespace postmortem {

struct CodePlace {
    bool is_text = false;  ///< a function of the kernel, a module or a BPF program covers the address
    std::string function;  ///< empty where none does
    std::string module;
    std::uint64_t start = 0;  ///< of the function
    std::uint64_t size = 0;
    Result<OrcEntry> orc = OrcEntry{};
};

/// Thread-safe. Borrows the kernel.
class CodeMap {
  public:
    explicit CodeMap(const Kernel& kernel);

    /// The reference stays valid as long as this object.
    const CodePlace& at(std::uint64_t ip) const;

    /// Whether `address` is where a call instruction returns to: in text, and behind the bytes of a call.
    bool is_return_address(std::uint64_t address) const;
    /// Where the direct call goes that returns to `address`; nothing where no such call stands before it.
    std::optional<std::uint64_t> call_target(std::uint64_t address) const;

  private:
    struct Range {
        std::uint64_t first = 0, last = 0;
        bool holds(std::uint64_t address) const { return address >= first && address < last; }
    };

    CodePlace look_up(std::uint64_t ip) const;
    bool may_be_text(std::uint64_t address) const;

    const Kernel& kernel_;
    OrcTables orc_;
    std::vector<Range> text_;

    mutable std::shared_mutex lock_;
    mutable std::unordered_map<std::uint64_t, std::unique_ptr<const CodePlace>> places_;
};

/// A thread's own view of a CodeMap: what it has seen costs no lock.
class CodeMapView {
  public:
    explicit CodeMapView(const CodeMap& map) : map_(map) {}

    const CodePlace& at(std::uint64_t ip) {
        const CodePlace*& known = places_[ip];
        if (!known) known = &map_.at(ip);
        return *known;
    }
    bool is_return_address(std::uint64_t address) const { return map_.is_return_address(address); }
    std::optional<std::uint64_t> call_target(std::uint64_t address) const {
        return map_.call_target(address);
    }

  private:
    const CodeMap& map_;
    std::unordered_map<std::uint64_t, const CodePlace*> places_;
};

}  // namespace postmortem
