// Return addresses that a tracer replaced by its own code: return probes (kretprobes, rethook) and the
// function graph tracer. The kernel keeps the true ones with the task. kernel/kprobes.c,
// kernel/trace/rethook.c, kernel/trace/fgraph.c.
#pragma once

#include <cstdint>
#include <mutex>
#include <optional>
#include <string_view>
#include <vector>

#include "kernel/kernel.h"

namespace postmortem {

/// Thread-safe. Borrows the kernel.
class ReturnHooks {
  public:
    explicit ReturnHooks(const Kernel& kernel) : kernel_(kernel) {}

    /// Whether a function of this name is what tracers put in place of a return address.
    static bool is_trampoline(std::string_view function);

    /// Whether `address` is where one of this kernel's begins.
    bool begins_at(std::uint64_t address) const;

    /// The address that the trampoline stands for in `slot` on the stack of `task`; nothing where it cannot
    /// be found.
    std::optional<std::uint64_t> true_return_address(std::string_view trampoline, std::uint64_t task,
                                                     std::uint64_t slot) const;

  private:
    void locate() const;
    bool begins_probe_trampoline(std::uint64_t address) const;
    std::optional<std::uint64_t> from_list(std::uint64_t task, std::uint64_t slot) const;
    std::optional<std::uint64_t> from_table(std::uint64_t task, std::uint64_t slot) const;
    std::optional<std::uint64_t> from_graph(std::uint64_t task, std::uint64_t slot) const;

    const Kernel& kernel_;
    mutable std::once_flag located_;
    mutable std::optional<std::uint64_t> graph_start_;
    mutable std::vector<std::uint64_t> probe_starts_;
};

}  // namespace postmortem
