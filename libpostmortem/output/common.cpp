// What every printer needs: errors as sentences.
#include <fmt/format.h>

#include <postmortem/render.h>

#include "base/text.h"

namespace postmortem {

std::string describe(const Error& error) {
    if (!error.address) return error.message;
    const std::string address = fmt::format("{:#x}", *error.address);
    if (error.message.find(address) != std::string::npos) return error.message;
    return fmt::format("{} (at {})", error.message, address);
}

std::string escape_for_terminal(std::string_view text) {
    return escaped(text);
}

}  // namespace postmortem
