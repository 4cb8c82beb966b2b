#include "kernel/idr.h"

#include <bit>

#include <fmt/format.h>

#include "kernel/xarray.h"

namespace postmortem {
namespace {

constexpr std::uint64_t most_layers = 7, most_slots = 1024;
constexpr std::uint64_t most_layers_read = 1u << 16;

class LayerWalk {
  public:
    LayerWalk(const Object& idr, const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
              const std::function<void(Error)>& broken)
        : idr_(idr), visit_(visit), broken_(broken) {}

    void run() {
        const auto depth = idr_["layers"].u64(), top = idr_["top"].u64();
        if (!depth || !top) return broken_(!depth ? depth.error() : top.error());
        if (*top == 0 || *depth == 0) return;
        if (*depth > most_layers)
            return broken_({ErrorCode::Corrupt, fmt::format("a table of ids claims {} layers", *depth)});
        walk(idr_["top"].deref(), *depth - 1, 0);
    }

  private:
    // The pointers of the lowest layer are the entries.
    bool walk(const Object& layer, std::uint64_t level, std::uint64_t first) {
        const Object slots = layer["ary"];
        const std::uint64_t count = slots.ok() ? slots.type().count : 0;
        if (count < 2 || count > most_slots || !std::has_single_bit(count) ||
            ++layers_read_ > most_layers_read) {
            broken_(slots.ok() ? Error(ErrorCode::Corrupt, "a table of ids has an impossible layer")
                               : *slots.error());
            return true;
        }
        const auto shift = static_cast<std::uint64_t>(std::countr_zero(count)) * level;
        for (std::uint64_t i = 0; i < count; ++i) {
            const auto pointer = slots.at(i).u64();
            if (!pointer) {
                broken_(pointer.error());
                return true;
            }
            if (*pointer == 0) continue;
            const std::uint64_t id = first | i << shift;
            if (!(level == 0 ? visit_(id, *pointer) : walk(slots.at(i).deref(), level - 1, id))) return false;
        }
        return true;
    }

    const Object& idr_;
    const std::function<bool(std::uint64_t, std::uint64_t)>& visit_;
    const std::function<void(Error)>& broken_;
    std::uint64_t layers_read_ = 0;
};

}  // namespace

void for_each_idr_entry(const Object& idr, const std::function<bool(std::uint64_t, std::uint64_t)>& visit,
                        const std::function<void(Error)>& broken) {
    if (idr.ok() && idr.has("top") && !idr.has("idr_rt")) return LayerWalk(idr, visit, broken).run();
    for_each_xarray_entry(idr["idr_rt"], visit, broken);
}

}  // namespace postmortem
