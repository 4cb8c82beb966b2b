// How crash calls what sockets are of.
#pragma once

#include <cstdint>
#include <string>

namespace postmortem {

/// "INET", "NETLINK/ROUTE"; the number where crash has no name.
std::string socket_family_name(std::uint64_t family);

}  // namespace postmortem
