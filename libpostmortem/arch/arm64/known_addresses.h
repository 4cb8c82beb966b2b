// What registers hold while code is followed that forms addresses of data, and which places it touches by
// them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <vector>

namespace postmortem::arm64 {

class KnownAddresses {
  public:
    /// The register now holds the address of a place that may be handed on.
    void form(unsigned number, std::uint64_t address) {
        registers_[number] = Known{address, places_.size()};
        places_.push_back({address});
    }
    /// Of a whole page, which is no place of its own.
    void form_page(unsigned number, std::uint64_t address) { registers_[number] = Known{address, {}}; }
    void touch(std::uint64_t address) { places_.push_back({address}); }
    void touch_by(unsigned base, std::uint64_t offset) {
        if (const auto address = use(base)) touch(*address + offset);
    }
    /// What the register holds, as the base of another place: it is none itself, as where variables share an
    /// anchor.
    std::optional<std::uint64_t> use(unsigned number) {
        const auto& known = registers_[number];
        if (!known) return std::nullopt;
        if (known->place) places_[*known->place].is_base = true;
        return known->address;
    }
    void copy(unsigned to, unsigned from) { registers_[to] = registers_[from]; }
    void forget(unsigned number) { registers_[number].reset(); }
    void forget_all() { registers_.fill(std::nullopt); }

    std::vector<std::uint64_t> places() const {
        std::vector<std::uint64_t> found;
        for (const Place& place : places_)
            if (!place.is_base) found.push_back(place.address);
        return found;
    }

  private:
    struct Known {
        std::uint64_t address = 0;
        std::optional<std::size_t> place;
    };
    struct Place {
        std::uint64_t address = 0;
        bool is_base = false;
    };
    std::array<std::optional<Known>, 32> registers_{};
    std::vector<Place> places_;
};

}  // namespace postmortem::arm64
