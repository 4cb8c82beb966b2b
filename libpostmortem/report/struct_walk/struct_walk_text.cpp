#include <fmt/format.h>

#include <postmortem/struct_walk.h>

#include "report/struct_view/struct_view_text.h"

namespace postmortem {

std::string to_text(const WalkedStructs& walked, const WalkStyle& style) {
    std::string out;
    for (const WalkedStruct& entry : walked.entries) {
        out += style.decimal_addresses ? fmt::format("{}\n", entry.address) : fmt::format("{:x}\n", entry.address);
        const bool hexadecimal = entry.first && style.structs.hexadecimal;
        if (style.positions && entry.index)
            out += hexadecimal ? fmt::format("  index: {:x}  position: {}\n", *entry.index, entry.position)
                               : fmt::format("  index: {}  position: {}\n", *entry.index, entry.position);
        else if (style.positions)
            out += fmt::format("  position: {}\n", entry.position);
        if (entry.instance) out += instance_text(*entry.instance, walked.type, style.structs);
    }
    return out;
}

}  // namespace postmortem
