// A dump of a real kernel in which some values are others than they were: settings that nobody crashed a
// machine with, laid out as the kernel lays them out.
#pragma once

#include <concepts>
#include <cstring>
#include <filesystem>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "kernel/kernel.h"
#include "object/object.h"

namespace postmortem::test {

class ChangedDump {
  public:
    /// One of testdata/dumps.
    explicit ChangedDump(std::string_view sample);

    const Kernel& kernel() const { return *kernel_; }

    template <std::integral T>
    void set(std::uint64_t address, T value) {
        std::vector<std::byte> bytes(sizeof value);
        store(bytes.data(), value, kernel_->dump().endian());
        write(address, bytes);
    }
    /// A global variable.
    template <std::integral T>
    void set(std::string_view symbol, T value) {
        set(kernel_->symbol(symbol).value(), value);
    }
    /// All bytes of a member are those, as far as they reach, and zeros behind.
    void fill(const Object& member, std::string_view bytes);
    /// The page that this address lies in cannot be read.
    void lose(std::uint64_t address);

    /// The dump as it is now, written to `target`.
    void save(const std::filesystem::path& target) const;

  private:
    void write(std::uint64_t address, const std::vector<std::byte>& bytes);

    std::unique_ptr<Kernel> kernel_;
    std::map<std::uint64_t, std::byte> changes_;  // by physical address
    std::vector<std::uint64_t> lost_;             // page frames
};

}  // namespace postmortem::test
