// The address that a fault was about: each architecture says it in words of its own, some only in a register.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include <postmortem/log_analysis.h>

namespace postmortem {

/// What kind of address a fault address is.
AddressKind kind_of_address(std::uint64_t address);

/// Reads a report's lines one by one.
class FaultAddressReader {
  public:
    void read(std::string_view text);
    /// Address and kind; what the registers tell of an address in the last page.
    void settle(LogEvent& event) const;

  private:
    std::optional<std::uint64_t> said_;        // in a sentence
    std::optional<std::uint64_t> shown_;       // in a register, or in front of the page tables
    bool fetched_ = false;                     // the instruction itself was not there
    std::optional<std::uint64_t> unshadowed_;  // the address whose KASAN shadow faulted
};

}  // namespace postmortem
