// Members of members: "se.load.weight", "pid_links[1].next", "thread.tls_array[0]".
#pragma once

#include <string_view>

#include "types/type_finder.h"

namespace postmortem {

struct MemberPathPlace {
    TypeId type = 0;  ///< as declared
    std::uint64_t offset = 0;
    std::uint32_t bit_offset = 0, bit_size = 0;  ///< of a bit-field, from the byte at `offset`
    std::uint32_t nesting = 0;                   ///< anonymous structs and unions around the last member
    bool last = false;                           ///< no member follows it in the struct that it lies in
};

/// Where it lies from the start of `type`. NotFound names the member that is not there; InvalidArgument.
Result<MemberPathPlace> find_member_path(const TypeFinder& types, TypeId type, std::string_view path);

}  // namespace postmortem
